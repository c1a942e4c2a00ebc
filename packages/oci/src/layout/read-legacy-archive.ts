import type { Digest, ImageStore } from '@strata/core';
import { isJsonObject, type JsonObject, parseJsonObject } from '../document/parse-json.ts';
import type { ArchiveContents } from './archive-contents.ts';
import { badArchive, missingMember } from './archive-error.ts';
import { canonicalNames, type LoadedImage } from './loaded-image.ts';
import { assembleImage } from './read-docker-archive.ts';
import { diffIdOf, layerType } from './stored-layer.ts';

const maxParents = 1024;
const ID = /^[0-9a-f]{64}$/;

/**
 * The images of `repositories` (Docker before 1.10): a directory per layer with `json` (its v1 config and its parent)
 * and `layer.tar`. The config they lack is made of the top layer's, with the history of all.
 */
export async function readRepositories(
  bytes: Buffer,
  contents: ArchiveContents,
  store: ImageStore,
): Promise<LoadedImage[]> {
  const byTop = new Map<string, string[]>();
  for (const [repository, tags] of Object.entries(parseJsonObject(bytes, { what: 'file repositories' }))) {
    for (const [tag, id] of Object.entries(isJsonObject(tags) ? tags : {})) {
      if (typeof id !== 'string' || !ID.test(id))
        throw badArchive(`repositories names '${repository}' without an ID`);
      byTop.set(id, [...(byTop.get(id) ?? []), `${repository}:${tag}`]);
    }
  }
  const images: LoadedImage[] = [];
  for (const [id, names] of byTop) images.push(await readChain(id, canonicalNames(names), contents, store));
  return images;
}

async function readChain(
  top: string,
  names: readonly string[],
  contents: ArchiveContents,
  store: ImageStore,
): Promise<LoadedImage> {
  const chain: { readonly id: string; readonly json: JsonObject }[] = [];
  for (let id: unknown = top; typeof id === 'string' && id !== ''; ) {
    if (!ID.test(id) || chain.length >= maxParents) throw badArchive('its layers do not form a chain');
    const bytes = contents.document(`${id}/json`);
    if (bytes === undefined) throw missingMember(`${id}/json`);
    const json = parseJsonObject(bytes, { what: `file ${id}/json` });
    chain.unshift({ id, json });
    id = json.parent;
  }
  const members = chain.map(({ id }) => `${id}/layer.tar`);
  const diffIds: Digest[] = [];
  for (const name of members) {
    const blob = contents.blob(name);
    if (blob === undefined) throw missingMember(name);
    diffIds.push(await diffIdOf(blob, store, await layerType(blob, store)));
  }
  const config = {
    ...chain.at(-1)!.json,
    rootfs: { type: 'layers', diff_ids: diffIds },
    history: chain.map(({ json }) => history(json)),
  };
  const { id: _, parent: __, Size: ___, ...kept } = config as Record<string, unknown>;
  return await assembleImage(
    { configBytes: Buffer.from(JSON.stringify(kept)), members, names },
    contents,
    store,
  );
}

function history(json: JsonObject) {
  const config = isJsonObject(json.container_config) ? json.container_config : {};
  const command = Array.isArray(config.Cmd) ? config.Cmd.join(' ') : undefined;
  return { created: json.created, created_by: command, author: json.author, comment: json.comment };
}
