import { defineConfig } from 'vitest/config';

const source = { conditions: ['source', 'node', 'import', 'default'] };

export default defineConfig({
  test: {
    // Tests wait for disks and processes half of the time; by default vitest leaves one core of two to itself.
    maxWorkers: 2,
    // Processes that outlive their command would be leaks to most tests. test/e2e/standby.test.ts is about them.
    env: { STRATA_STANDBY: 'off' },
    projects: [
      {
        resolve: source,
        ssr: { resolve: source },
        test: {
          name: 'unit',
          include: [
            'packages/*/test/**/*.test.ts',
            'drivers/*/test/**/*.test.ts',
            'plugins/*/test/**/*.test.ts',
          ],
          pool: 'forks',
          testTimeout: 180_000,
          // A command takes seconds when another test file keeps both processors busy.
          expect: { poll: { timeout: 30_000 } },
          hookTimeout: 300_000,
        },
      },
      {
        resolve: source,
        ssr: { resolve: source },
        test: {
          name: 'system',
          include: ['test/*/**/*.test.ts'],
          pool: 'forks',
          testTimeout: 300_000,
          expect: { poll: { timeout: 30_000 } },
          hookTimeout: 600_000,
        },
      },
    ],
  },
});
