import type { Job } from '@strata/core';
import { cooperate } from './cooperate.ts';
import { copyTreeSteps } from './copy-tree.ts';

/** {@link Files.copyTree} in a worker thread. */
const copyTree: Job<{ readonly source: string; readonly target: string }, never, void> = (
  input,
  { signal },
) => cooperate(copyTreeSteps(input.source, input.target), signal);

export default copyTree;
