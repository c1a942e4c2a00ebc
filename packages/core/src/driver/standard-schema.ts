/** The part of Standard Schema v1 (standardschema.dev) that Strata calls: valibot, zod, arktype and others have it. */
export interface OptionsSchema<Output = unknown> {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined;
  };
}

export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** For drivers without options: accepts an empty object and names what it refuses. */
export const noOptions: OptionsSchema<Record<string, never>> = {
  '~standard': {
    version: 1,
    vendor: 'strata',
    validate: (value) => {
      const names = Object.keys((value ?? {}) as object);
      if (names.length === 0) return { value: {} };
      return { issues: names.map((name) => ({ message: 'this driver has no such option', path: [name] })) };
    },
  },
};
