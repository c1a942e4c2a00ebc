import { blobCases } from './blob-cases.ts';
import type { ImageCase } from './image-context.ts';
import { ingestCases } from './ingest-cases.ts';
import { referenceCases } from './reference-cases.ts';

/** Every case of the ImageStore contract. */
export const imageStoreCases: readonly ImageCase[] = [...blobCases, ...ingestCases, ...referenceCases];
