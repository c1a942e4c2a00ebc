import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readCreateRequest } from '../src/options/create-request.ts';
import { splitCsv } from '../src/options/mounts.ts';
import { readPruneFilter, readVolumePruneFilter } from '../src/options/prune.ts';
import { contextOf } from './helpers.ts';

const folder = mkdtempSync(join(tmpdir(), 'strata-options-'));
afterAll(() => rmSync(folder, { recursive: true }));
const request = (line: string, env: NodeJS.ProcessEnv = {}) =>
  readCreateRequest(contextOf(`run ${line}`, env));

describe('the request of run', () => {
  it('says nothing that was not asked for', () => {
    expect(request('img')).toEqual({ image: 'img', pull: 'missing' });
  });

  it.each([
    ['img a -b', { command: ['a', '-b'] }],
    ["--entrypoint '' img", { entrypoint: [] }],
    ['--entrypoint sh img', { entrypoint: ['sh'] }],
    [
      '-v /a:/b img',
      { mounts: [{ type: 'bind', source: '/a', target: '/b', createSource: true, readOnly: false }] },
    ],
    [
      '-v ./x:/b:ro img',
      {
        mounts: [
          {
            type: 'bind',
            source: join(process.cwd(), 'x'),
            target: '/b',
            createSource: true,
            readOnly: true,
          },
        ],
      },
    ],
    [
      '-v /a:/b:ro,rslave,z img',
      {
        mounts: [
          {
            type: 'bind',
            source: '/a',
            target: '/b',
            createSource: true,
            readOnly: true,
            propagation: 'rslave',
          },
        ],
      },
    ],
    [
      '--mount type=bind,src=/a,dst=/b,readonly img',
      { mounts: [{ type: 'bind', source: '/a', target: '/b', readOnly: true }] },
    ],
    [
      '--mount type=bind,source=/a,target=/b,ro=false,bind-propagation=shared,bind-nonrecursive img',
      {
        mounts: [
          {
            type: 'bind',
            source: '/a',
            target: '/b',
            readOnly: false,
            propagation: 'shared',
            recursive: false,
          },
        ],
      },
    ],
    [
      '--mount type=tmpfs,dst=/t,tmpfs-size=64m,tmpfs-mode=1770 img',
      { mounts: [{ type: 'tmpfs', target: '/t', size: 64 * 2 ** 20, mode: 0o1770 }] },
    ],
    ['--tmpfs /t img', { mounts: [{ type: 'tmpfs', target: '/t' }] }],
    [
      '--tmpfs /t:size=1g,mode=755,noexec,ro img',
      {
        mounts: [
          { type: 'tmpfs', target: '/t', size: 2 ** 30, mode: 0o755, readOnly: true, options: ['noexec'] },
        ],
      },
    ],
    [
      '--ulimit nofile=1024:2048 --ulimit core=0 --ulimit memlock=-1:-1 img',
      {
        ulimits: [
          { name: 'nofile', soft: 1024, hard: 2048 },
          { name: 'core', soft: 0, hard: 0 },
          { name: 'memlock', soft: -1, hard: -1 },
        ],
      },
    ],
    [
      '-m 512m --cpus 1.5 --pids-limit 100 -c 512 img',
      { resources: { memory: 2 ** 29, nanoCpus: 1.5e9, pids: 100, cpuShares: 512 } },
    ],
    [
      '--device /dev/fuse img',
      { devices: [{ source: '/dev/fuse', target: '/dev/fuse', permissions: 'rwm' }] },
    ],
    [
      '--device /dev/fuse:r img',
      { devices: [{ source: '/dev/fuse', target: '/dev/fuse', permissions: 'r' }] },
    ],
    [
      '--device /dev/a:/dev/b:rw img',
      { devices: [{ source: '/dev/a', target: '/dev/b', permissions: 'rw' }] },
    ],
    [
      '--add-host a:1.2.3.4 --add-host b=::1 --add-host c:[::1] img',
      { extraHosts: ['a:1.2.3.4', 'b:::1', 'c:::1'] },
    ],
    ['-l a -l b=c=d img', { labels: { a: '', b: 'c=d' } }],
    ['--sysctl net.ipv4.ip_forward=1 img', { sysctls: { 'net.ipv4.ip_forward': '1' } }],
    [
      '--log-driver none --log-opt max-size=1m --log-opt max-file=3 img',
      { log: { driver: 'none', maxBytes: 2 ** 20, maxFiles: 3 } },
    ],
    [
      '--network container:x --pid host --ipc none --uts host img',
      { network: 'container:x', pid: 'host', ipc: 'none', uts: 'host' },
    ],
    [
      '--rm -it --read-only --privileged --init img',
      { autoRemove: true, tty: true, stdin: true, readOnly: true, privileged: true, init: true },
    ],
  ])('%s', (line, expected) => {
    expect(request(line)).toEqual({ image: 'img', pull: 'missing', ...expected });
  });

  it('takes the storage driver of the flag, the environment, or the global option', () => {
    expect(request('--storage vfs img', { STRATA_STORAGE: 'btrfs' }).storage).toBe('vfs');
    expect(request('img', { STRATA_STORAGE: 'btrfs' }).storage).toBe('btrfs');
  });

  it('reads env files before flags, and our environment for bare names', () => {
    const file = join(folder, 'env');
    writeFileSync(file, '\ufeff# comment\n\nA=1\n  B= x \nHERE\nGONE\nQ="x"\r\n');
    const env = request(`--env-file ${file} -e A=2 -e HERE -e GONE -e EMPTY= img`, { HERE: 'h' }).env;
    expect(env).toEqual(['A=1', 'B= x ', 'HERE=h', 'Q="x"', 'A=2', 'HERE=h', 'GONE', 'EMPTY=']);
  });

  it.each([
    ['-e =x img', 'invalid environment variable: =x'],
    ['-v a img', "invalid mount path: 'a' must be absolute"],
    ['-v :/b img', 'expected [source:]container[:options]'],
    ['-v /a:b img', "invalid mount path: 'b' must be absolute"],
    ['-v /a:/b:zz img', 'invalid mode: zz'],
    ['-v /a:/b:ro:rw img', 'expected [source:]container[:options]'],
    ['-v /a:/b -v /c:/b/ img', 'duplicate mount point: /b/'],
    ['--mount type=npipe,src=/a,dst=/b img', 'mount type "npipe" is not supported'],
    ['--mount type=bind,src=/a img', 'target is required'],
    ['--mount type=bind,dst=/a img', 'source is required'],
    ['--mount type=bind,src=/a,dst=/b,foo=1 img', "unexpected key 'foo'"],
    ['--tmpfs /t:foo img', 'invalid tmpfs option "foo"'],
    ['--ulimit x img', 'invalid ulimit argument: x'],
    ['--ulimit foo=1 img', 'invalid ulimit type: foo'],
    ['--ulimit nofile=3:2 img', 'soft limit must be less than or equal'],
    ['--device relative img', 'invalid device specification'],
    ['--device /dev/a:/dev/b:x img', 'invalid device specification'],
    ['--add-host a img', 'bad format for add-host'],
    ['--pull zz img', 'invalid pull option'],
    ['--cpus 1 --cpu-quota 5 img', '--cpus and --cpu-quota cannot both be set'],
    ['--device-read-bps /dev/null:1m img', '/dev/null is not a block device'],
    ['--log-driver syslog img', 'the log drivers are'],
  ])('%s is refused', (line, message) => {
    expect(() => request(line)).toThrow(message);
    try {
      request(line);
    } catch (error) {
      expect(error).toMatchObject({ exitCode: 125 });
    }
  });

  it('splits CSV with quotes', () => {
    expect(splitCsv('type=bind,"source=/a,b","x=""q"""')).toEqual(['type=bind', 'source=/a,b', 'x="q"']);
  });
});

describe('what prune goes by', () => {
  const filter = (line: string) => readPruneFilter(contextOf(`system prune ${line}`).flags);

  it("takes docker's filters", () => {
    expect(filter('-f')).toEqual({});
    expect(filter('--filter label=a=b --filter label!=keep')).toEqual({ labels: ['a=b', '!keep'] });
    expect(filter('--filter until=2026-01-02T03:04:05Z')).toEqual({
      until: new Date('2026-01-02T03:04:05Z'),
    });
    const { until } = filter('--filter until=24h');
    expect(Date.now() - until!.getTime()).toBeGreaterThanOrEqual(24 * 3600 * 1000);
  });

  it('refuses what it does not know, and the age of volumes', () => {
    expect(() => filter('--filter until=soon')).toThrow('expected a time or a duration');
    expect(() => filter('--filter dangling=true')).toThrow("invalid filter 'dangling'");
    const { flags } = contextOf('volume prune --filter until=24h');
    expect(() => readVolumePruneFilter(flags)).toThrow('not supported with volumes');
  });
});

it("docker's drivers that write a file are the one that does", () => {
  for (const driver of ['json-file', 'local', 'k8s-file'])
    expect(request(`--log-driver ${driver} --log-opt max-size=10m img`).log).toEqual({
      driver: 'k8s-file',
      maxBytes: 10 * 2 ** 20,
    });
});
