import { type AnyDriverDefinition, StrataError } from '@strata/core';

/** The driver's own schema decides; every complaint in one error. @throws invalid-argument `DRIVER_OPTIONS` */
export async function validateOptions(definition: AnyDriverDefinition, given: unknown): Promise<unknown> {
  const result = await definition.options['~standard'].validate(given ?? {});
  if (result.issues === undefined) return result.value;
  const issues = result.issues.map((issue) => {
    const path = (issue.path ?? [])
      .map((part) => String(typeof part === 'object' ? part.key : part))
      .join('.');
    return path === '' ? issue.message : `${path}: ${issue.message}`;
  });
  throw new StrataError(
    'invalid-argument',
    'DRIVER_OPTIONS',
    `Bad options for the ${definition.kind} driver ${definition.id}: ${issues.join('; ')}`,
  );
}
