import type { OptionsSchema, SchemaIssue } from '@strata/core';

const COMPRESSIONS = ['lz4', 'lz4hc', 'none'] as const;

export interface ErofsOptions {
  /** `lz4hc` makes images some per cent smaller than `lz4` and takes several times as long; both are read at the same speed. */
  readonly compression: (typeof COMPRESSIONS)[number];
}

export const erofsOptions: OptionsSchema<ErofsOptions> = {
  '~standard': {
    version: 1,
    vendor: 'strata-driver-erofs',
    validate(value) {
      const { compression = 'lz4hc', ...rest } = (value ?? {}) as Record<string, unknown>;
      const known = COMPRESSIONS.find((each) => each === compression);
      const issues: SchemaIssue[] = Object.keys(rest).map((name) => ({
        message: 'this driver has no such option',
        path: [name],
      }));
      if (known === undefined)
        issues.push({ message: `is one of ${COMPRESSIONS.join(', ')}`, path: ['compression'] });
      return issues.length > 0 || known === undefined ? { issues } : { value: { compression: known } };
    },
  },
};
