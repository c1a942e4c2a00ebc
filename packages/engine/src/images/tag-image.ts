import { StrataError } from '@strata/core';
import type { InternalServices } from '../internal-services.ts';
import { findImage } from './find-image.ts';
import { nameImage } from './record-image.ts';

export async function tagImage(services: InternalServices, source: string, target: string): Promise<void> {
  const { record } = await findImage(services, source);
  await nameImage(services, await newName(target), record, { action: 'tag' });
}

/** The canonical form of a name to give: a repository and a tag, never a digest. @throws invalid-argument */
export async function newName(text: string): Promise<string> {
  const { canonicalName, parseReference, withDefaultTag } = await import('@strata/oci');
  const reference = parseReference(text);
  if (reference.digest !== undefined)
    throw new StrataError('invalid-argument', 'REFERENCE_HAS_DIGEST', `${text} names a digest, not a tag`, {
      hint: 'Give a name like repository:tag',
    });
  return canonicalName(withDefaultTag(reference));
}
