import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RuntimeDriver } from '@strata/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import runtimeOci from '../src/index.ts';
import { base, context, create, host, makeRootfs, removeAll } from './place.ts';

let crun: RuntimeDriver;
let runc: RuntimeDriver;
beforeAll(async () => {
  makeRootfs();
  crun = await runtimeOci.create(context({ command: 'crun' }));
  runc = await runtimeOci.create(context({ command: 'runc' }));
});
afterAll(removeAll);

const status = (pid: number) => readFileSync(`/proc/${pid}/status`, 'utf8');
const seccomp = {
  defaultAction: 'SCMP_ACT_ALLOW',
  architectures: ['SCMP_ARCH_X86_64'],
  syscalls: [{ names: ['mkdir', 'mkdirat'], action: 'SCMP_ACT_ERRNO', errnoRet: 95 }],
};
const tryMkdir = ['sh', '-c', 'busybox mkdir /tmp/x 2>/tmp/why; sleep 60'];

describe('a container of another program', () => {
  it.each(['runc', 'crun'])('made by %s goes on under the other', async (name) => {
    const [maker, other] = name === 'runc' ? [runc, crun] : [crun, runc];
    const created = await create({ args: ['sleep', '60'], by: maker });
    expect(await other.state(created.containerId)).toMatchObject({ status: 'created' });
    await other.start(created);
    const execId = 'b'.repeat(16);
    const process = await other.exec({
      execId,
      containerId: created.containerId,
      runDirectory: join(created.runDirectory, 'exec', execId),
      process: {
        terminal: false,
        user: { uid: 0, gid: 0 },
        args: ['sh', '-c', 'exit 4'],
        env: ['PATH=/bin'],
        cwd: '/',
      },
      monitor: { terminal: false, stdin: false, leaveStdinOpen: false, logPath: undefined },
    });
    expect(await other.wait(process)).toMatchObject({ code: 4 });
    await other.kill(created.containerId, 9);
    expect(await maker.wait(created)).toMatchObject({ code: 137 });
    await other.delete(created.containerId);
    expect(await maker.list()).toEqual([]);
  });
});

describe('the filter of a profile', () => {
  const annotation = (bundle: string) =>
    (JSON.parse(readFileSync(join(bundle, 'config.json'), 'utf8')) as { annotations?: object }).annotations;
  const why = () => readFileSync(join(base, 'rootfs/tmp/why'), 'utf8');

  it('is made once and holds for the next container, and for what is executed there', async () => {
    const first = await create({
      args: tryMkdir,
      by: crun,
      linux: { namespaces: [{ type: 'mount' }], seccomp },
    });
    expect(annotation(first.runDirectory)).toBeUndefined();
    await crun.delete(first.containerId, { force: true });
    const second = await create({
      args: tryMkdir,
      by: crun,
      linux: { namespaces: [{ type: 'mount' }], seccomp },
    });
    expect(annotation(second.runDirectory)).toHaveProperty('run.oci.seccomp_bpf_data');
    await crun.start(second);
    await expect.poll(why).toContain('not supported');
    expect(status(second.process.pid)).toMatch(/^Seccomp:\t2$/m);
    await crun.delete(second.containerId, { force: true });
  });

  it('of another profile is another one', async () => {
    const linux = { namespaces: [{ type: 'mount' }], seccomp: { ...seccomp, syscalls: [] } };
    const created = await create({ args: ['sleep', '60'], by: crun, linux });
    expect(annotation(created.runDirectory)).toBeUndefined();
    await crun.delete(created.containerId, { force: true });
  });

  it('that is damaged stops the container, and one of another program is not used', async () => {
    const run = join(base, 'run');
    for (const name of readdirSync(run).filter((file) => file.startsWith('seccomp-'))) {
      const kept = JSON.parse(readFileSync(join(run, name), 'utf8')) as object;
      writeFileSync(join(run, name), JSON.stringify({ ...kept, filter: 'AAAA' }));
    }
    const linux = { namespaces: [{ type: 'mount' }], seccomp };
    await expect(create({ args: ['true'], by: crun, linux })).rejects.toMatchObject({
      code: 'RUNTIME_FAILED',
    });
    expect(await crun.list()).toEqual([]);
    for (const name of readdirSync(run).filter((file) => file.startsWith('seccomp-'))) {
      const kept = JSON.parse(readFileSync(join(run, name), 'utf8')) as object;
      writeFileSync(join(run, name), JSON.stringify({ ...kept, runtime: 'of old' }));
    }
    const created = await create({ args: ['true'], by: crun, linux });
    expect(annotation(created.runDirectory)).toBeUndefined();
    await crun.delete(created.containerId, { force: true });
  });
});

describe('the namespace that hides a hybrid layout', () => {
  it('hides nothing of the host, and mounts are shared as they were', async () => {
    const mounts = () => readFileSync('/proc/self/mountinfo', 'utf8');
    // Other tests mount at the same time.
    const ours = () =>
      mounts()
        .split('\n')
        .filter((line) => line.includes(base)).length;
    const before = ours();
    const shared = join(base, 'shared');
    mkdirSync(shared);
    await host.mounter.mount([{ type: 'tmpfs', source: 'tmpfs', options: [] }], shared);
    await host.exec.run('mount', ['--make-rshared', shared]);
    mkdirSync(join(shared, 'in'));
    const created = await create({
      args: ['sh', '-c', 'busybox mount -t tmpfs inside /mnt/in; sleep 60'],
      by: crun,
      capabilities: ['CAP_SYS_ADMIN'],
      linux: { namespaces: [{ type: 'mount' }], rootfsPropagation: 'rshared' },
      mounts: [{ destination: '/mnt', type: 'bind', source: shared, options: ['rbind', 'rshared'] }],
    });
    await crun.start(created);
    await expect.poll(() => mounts().includes(`${shared}/in `)).toBe(true);
    await crun.delete(created.containerId, { force: true });
    await host.mounter.unmount(join(shared, 'in'));
    await host.mounter.unmount(shared);
    expect(ours()).toBe(before);
  });
});
