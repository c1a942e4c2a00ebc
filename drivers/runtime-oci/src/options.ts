import type { OptionsSchema, SchemaIssue } from '@strata/core';

export interface RuntimeOptions {
  /** Name or absolute path of the OCI runtime; default: the first of runc and crun that works here. */
  readonly command?: string;
  /** Name or absolute path of conmon. */
  readonly monitor?: string;
}

const known = ['command', 'monitor'] as const;

export const runtimeOptions: OptionsSchema<RuntimeOptions> = {
  '~standard': {
    version: 1,
    vendor: 'strata',
    validate: (value) => {
      if (typeof (value ?? {}) !== 'object') return { issues: [{ message: 'must be an object' }] };
      const given = Object.entries((value ?? {}) as object);
      const issues: SchemaIssue[] = [];
      for (const [name, text] of given) {
        if (!known.some((option) => option === name))
          issues.push({ message: 'this driver has no such option', path: [name] });
        else if (typeof text !== 'string' || !/^[A-Za-z0-9_./+-]{1,4096}$/.test(text))
          issues.push({ message: 'must be the name or path of a program', path: [name] });
      }
      return issues.length > 0 ? { issues } : { value: Object.fromEntries(given) };
    },
  },
};
