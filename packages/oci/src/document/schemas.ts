/** Shapes of untrusted documents, as OCI image-spec manifest.md, image-index.md and config.md give them. */
import { isDigest } from '@strata/core';
import * as v from 'valibot';
import { isJsonObject } from './parse-json.ts';

/** More layers than any engine can stack; refuses documents made to exhaust us. */
const maxLayers = 1024;
const maxManifests = 4096;

const text = v.pipe(
  v.string('must be a string'),
  v.check((s) => !s.includes('\0'), 'contains a NUL character'),
);
const texts = v.array(text, 'must be an array of strings');
const optionalText = v.nullish(text);

/** A map of strings that keeps every key, `__proto__` and `constructor` included. */
const stringMap = v.custom<Readonly<Record<string, string>>>(
  (value) =>
    isJsonObject(value) && Object.values(value).every((s) => typeof s === 'string' && !s.includes('\0')),
  'must be an object of strings',
);

/** Go's set type: `{"80/tcp": {}}`. Only the keys mean something. */
const stringSet = v.custom<Readonly<Record<string, unknown>>>(
  (value) => isJsonObject(value) && Object.keys(value).every((key) => !key.includes('\0')),
  'must be an object',
);

const count = v.pipe(
  v.number('must be a number'),
  v.check((n) => Number.isSafeInteger(n) && n >= 0, 'must be a whole number from 0 to 2^53-1'),
);

const digest = v.custom<`sha256:${string}`>(isDigest, 'must be a sha256 or sha512 digest');

const platform = v.object({
  os: v.fallback(text, ''),
  architecture: v.fallback(text, ''),
  variant: v.nullish(text),
});

const descriptorSchema = v.object({
  mediaType: v.nullish(text, ''),
  digest,
  size: count,
  annotations: v.nullish(stringMap),
  platform: v.nullish(platform),
  urls: v.nullish(v.pipe(texts, v.maxLength(16, 'has more than 16 entries'))),
});

export const manifestSchema = v.object({
  schemaVersion: v.literal(2, 'must be 2'),
  mediaType: v.nullish(text),
  artifactType: v.nullish(text),
  config: descriptorSchema,
  layers: v.pipe(
    v.array(descriptorSchema, 'must be an array'),
    v.maxLength(maxLayers, `has more than ${maxLayers} entries`),
  ),
  subject: v.nullish(descriptorSchema),
  annotations: v.nullish(stringMap),
});

export const indexSchema = v.object({
  schemaVersion: v.literal(2, 'must be 2'),
  mediaType: v.nullish(text),
  manifests: v.pipe(
    v.array(descriptorSchema, 'must be an array'),
    v.maxLength(maxManifests, `has more than ${maxManifests} entries`),
  ),
  annotations: v.nullish(stringMap),
});

/** A command: Docker writes an array; null means none. */
const command = v.nullish(v.pipe(texts, v.maxLength(8192, 'has more than 8192 entries')));

const healthcheck = v.object({
  Test: v.nullish(texts),
  Interval: v.nullish(count),
  Timeout: v.nullish(count),
  StartPeriod: v.nullish(count),
  StartInterval: v.nullish(count),
  Retries: v.nullish(count),
});

const executionSchema = v.object({
  User: optionalText,
  ExposedPorts: v.nullish(stringSet),
  Env: command,
  Entrypoint: command,
  Cmd: command,
  Volumes: v.nullish(stringSet),
  WorkingDir: optionalText,
  Labels: v.nullish(stringMap),
  StopSignal: optionalText,
  StopTimeout: v.nullish(count),
  OnBuild: command,
  Shell: command,
  Healthcheck: v.nullish(healthcheck),
  ArgsEscaped: v.nullish(v.boolean('must be true or false')),
});

const historySchema = v.object({
  created: optionalText,
  created_by: optionalText,
  author: optionalText,
  comment: optionalText,
  empty_layer: v.nullish(v.boolean('must be true or false')),
});

export const configSchema = v.object({
  created: optionalText,
  author: optionalText,
  architecture: v.nullish(text, ''),
  os: v.nullish(text, ''),
  variant: optionalText,
  'os.version': optionalText,
  config: v.nullish(executionSchema),
  rootfs: v.object({
    type: v.nullish(v.literal('layers', "must be 'layers'")),
    diff_ids: v.nullish(
      v.pipe(v.array(digest, 'must be an array'), v.maxLength(maxLayers, 'is too long')),
      [],
    ),
  }),
  history: v.nullish(v.pipe(v.array(historySchema, 'must be an array'), v.maxLength(16384, 'is too long'))),
});

export type RawDescriptor = v.InferOutput<typeof descriptorSchema>;

/** How to run the image: OCI image-spec config.md `config`, with Docker's own fields. Absent and null are the same. */
export type ExecutionConfig = v.InferOutput<typeof executionSchema>;

/** The first complaint as `path message`; `undefined` when the value fits. */
export function check<Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
): { readonly output: v.InferOutput<Schema> } | { readonly problem: string } {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return { output: result.output };
  const [issue] = result.issues;
  const path = v.getDotPath(issue) ?? '';
  const why =
    issue.message.startsWith('Invalid key') || issue.received === 'undefined' ? 'is missing' : issue.message;
  return { problem: path === '' ? why : `${path} ${why}` };
}
