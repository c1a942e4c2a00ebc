/** The driver over Debian's plugins, whatever list the host has. */
import type { DriverDefinition } from '@strata/core';
import type { CniOptions } from '../src/cni-options.ts';
import suite from '../src/suite.ts';

const { options } = suite;
const definition: DriverDefinition<'network', CniOptions> = {
  ...suite,
  options: {
    '~standard': {
      ...options['~standard'],
      validate: (value) => options['~standard'].validate({ directory: '/nowhere', ...(value as object) }),
    },
  },
};

export default definition;
