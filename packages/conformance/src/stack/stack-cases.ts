import { changeCases } from './change-cases.ts';
import { depthCases } from './depth-cases.ts';
import { inodeCases } from './inode-cases.ts';
import type { StackCase } from './layer-stack.ts';
import { renameCases } from './rename-cases.ts';

/** Cases about trees that hold for a driver alone as for a snapshotter over it. */
export const stackCases: readonly StackCase[] = [
  ...changeCases,
  ...renameCases,
  ...inodeCases,
  ...depthCases,
];
