import {
  createLoopFilesystem,
  type LoopFilesystem,
  layeredImage,
  pushLayout,
  StrataHome,
  type Traces,
} from '@strata/test-fixtures';
import { startRegistry, type TestRegistry } from '@strata/test-fixtures/registry';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Density, killAt, points, type Step, steps } from './kill.ts';

/**
 * kill -9 inside pull, run and rm at every change of names and mounts and at database writes; then the same command
 * succeeds and the host shows no trace. `STRATA_FAULTS=all` takes every point of every step.
 */
export function sweepKills(storage: string): void {
  describe(`kill -9 on ${storage}`, () =>
    sweep(storage, process.env['STRATA_FAULTS'] === 'all' ? 'all' : 'few'));
}

function sweep(storage: string, density: Density): void {
  let registry: TestRegistry;
  let filesystem: LoopFilesystem;
  let home: StrataHome;
  let image: string;
  let clean: Traces;

  beforeAll(async () => {
    registry = await startRegistry();
    image = `${registry.address}/layered:1`;
    pushLayout(layeredImage(), image);
    filesystem = await createLoopFilesystem({
      type: storage === 'btrfs' ? 'btrfs' : 'ext4',
      size: 2 * 1024 ** 3,
    });
    home = new StrataHome(filesystem.directory);
    await home.ok('pull', image);
    await home.ok('run', '--rm', `--storage=${storage}`, image, 'true');
    await home.ok('rmi', image);
    await home.ok('storage', 'prune');
    clean = home.traces();
  });
  afterAll(async () => {
    await home?.[Symbol.asyncDispose]();
    await filesystem?.dispose();
    await registry?.stop();
  });

  interface Scene {
    readonly before: () => Promise<unknown>;
    readonly command: readonly string[];
    readonly again: () => Promise<unknown>;
    readonly after: () => Promise<unknown>;
  }
  const run = () => [
    'run',
    '--rm',
    `--storage=${storage}`,
    '--network=none',
    image,
    'cat',
    '/data/changed',
    '/data/replaced/new',
  ];
  const forget = async () => {
    await home.strata(['rmi', '-f', image]);
    await home.ok('storage', 'prune');
  };
  const scenes = (): Record<string, Scene> => ({
    pull: {
      before: forget,
      command: ['pull', `--storage=${storage}`, image],
      again: () => home.ok('pull', `--storage=${storage}`, image),
      after: async () => expect(await home.ok(...run())).toBe('changed 2\nnew 3'),
    },
    run: {
      before: () => home.ok('pull', `--storage=${storage}`, image),
      command: run(),
      again: async () => expect(await home.ok(...run())).toBe('changed 2\nnew 3'),
      after: async () => {},
    },
    rm: {
      before: () => home.ok('create', `--storage=${storage}`, '--name', 'victim', image, 'true'),
      command: ['rm', '-f', 'victim'],
      again: async () => {
        const { stderr, code } = await home.strata(['rm', '-f', 'victim']);
        expect(code === 0 || stderr.includes('No such container'), stderr).toBe(true);
      },
      after: async () => {},
    },
  });

  /** False when the command ended before the kill came. */
  async function survive(scene: Scene, step: Step, nth: number): Promise<boolean> {
    await scene.before();
    const { code, stdout, stderr } = await killAt(home, step, nth, scene.command);
    if (code === 0) return false;
    expect.soft({ step, nth, code, stdout, stderr }).toMatchObject({ code: expect.toBeOneOf([1, 125, 137]) });
    await scene.again();
    await scene.after();
    const where = `${scene.command[0]} killed at ${step} ${nth}`;
    const repaired = await home.strata(['check', '--repair']);
    expect.soft(repaired, where).toMatchObject({ code: 0 });
    const problem = /\b[A-Z]+_[A-Z_]+\b/;
    if (problem.test(repaired.stdout)) expect.soft(await home.ok('check'), where).not.toMatch(problem);
    const { layers: _, ...expected } = clean;
    const found = () => {
      const { layers: __, ...traces } = home.traces();
      return traces;
    };
    // The monitor's exit command may still be on its way.
    await expect
      .poll(found)
      .toEqual(expected)
      .catch(() => expect.soft(found(), where).toEqual(expected));
    return true;
  }

  const timeout = density === 'all' ? 7_200_000 : 1_200_000;
  it.each(['pull', 'run', 'rm'])('%s', { timeout }, async (name) => {
    const scene = scenes()[name]!;
    const kills: Partial<Record<Step, number>> = {};
    for (const step of steps)
      for (const nth of points(density)) {
        if (!(await survive(scene, step, nth))) break;
        kills[step] = (kills[step] ?? 0) + 1;
      }
    console.log(`${storage} ${name}: killed ${JSON.stringify(kills)}`);
    expect(kills.rename ?? kills.unlink ?? 0).toBeGreaterThan(0);
    expect(kills['write-db']).toBeGreaterThan(2);
    await forget();
    await home.ok('check', '--repair');
    await expect.poll(() => home.traces()).toEqual(clean);
  });
}
