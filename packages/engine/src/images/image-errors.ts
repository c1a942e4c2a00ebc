import { StrataError } from '@strata/core';

export const imageErrors = {
  notFound: (name: string) =>
    new StrataError('not-found', 'IMAGE_NOT_FOUND', `No such image: ${name}`, {
      hint: `Get it with \`strata pull ${name}\`, or see \`strata images\``,
    }),
  ambiguous: (prefix: string) =>
    new StrataError(
      'failed-precondition',
      'IMAGE_AMBIGUOUS',
      `Several images have an id that starts with ${prefix}`,
      {
        hint: 'Give more characters of the id',
      },
    ),
  inUse: (name: string, container: string, running: boolean) =>
    new StrataError(
      'failed-precondition',
      'IMAGE_IN_USE',
      `Image ${name} is used by ${running ? 'running ' : ''}container ${container}`,
      {
        hint: running
          ? 'Stop and remove the container first'
          : 'Remove the container first, or force with -f',
      },
    ),
  severalNames: (id: string) =>
    new StrataError('failed-precondition', 'IMAGE_HAS_NAMES', `Image ${id} has several names`, {
      hint: 'Remove it by each name, or force with -f',
    }),
  blobMissing: (digest: string) =>
    new StrataError('data-loss', 'BLOB_MISSING', `Blob ${digest} of the image is missing from the store`, {
      hint: 'Pull the image again',
    }),
  diffIdMismatch: (digest: string, expected: string, actual: string) =>
    new StrataError(
      'data-loss',
      'DIFF_ID_MISMATCH',
      `Layer ${digest} unpacks to ${actual}, the image config says ${expected}`,
      { hint: 'Manifest and config do not belong together; nothing was kept' },
    ),
  platformMismatch: (name: string, has: string, wanted: string) =>
    new StrataError(
      'not-found',
      'IMAGE_PLATFORM_MISMATCH',
      `Image ${name} is for ${has}, not for ${wanted}`,
      {
        hint: 'Allow a pull, or leave --platform out',
      },
    ),
} as const;
