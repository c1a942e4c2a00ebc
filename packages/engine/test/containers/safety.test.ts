import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { constants } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Fixture, openFixture } from './fixture.ts';

let fixture: Fixture;
let canary: string;

beforeAll(async () => {
  fixture = await openFixture();
});
afterAll(async () => {
  await fixture[Symbol.asyncDispose]();
});
afterEach(async () => {
  await expect.poll(() => fixture.leaks()).toEqual([]);
});

const script = (text: string) => ['sh', '-c', text];

describe('a container is confined by default', () => {
  it('has Docker’s capabilities and none inheritable, seccomp, and no more with no-new-privileges', async () => {
    const { stdout } = await fixture.run({
      securityOptions: ['no-new-privileges'],
      command: ['grep', '-E', '^(Cap|NoNewPrivs|Seccomp:)', '/proc/self/status'],
    });
    const status = Object.fromEntries(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.split(':\t')),
    );
    expect(status).toEqual({
      CapInh: '0000000000000000',
      CapPrm: '00000000a80425fb',
      CapEff: '00000000a80425fb',
      CapBnd: '00000000a80425fb',
      CapAmb: '0000000000000000',
      NoNewPrivs: '1',
      Seccomp: '2',
    });
  });

  it('gives a user who is not root no capability in force, also in an exec', async () => {
    const grep = ['grep', '-E', '^Cap(Eff|Prm|Inh)', '/proc/self/status'];
    const none = 'CapInh:\t0000000000000000\nCapPrm:\t0000000000000000\nCapEff:\t0000000000000000\n';
    expect((await fixture.run({ user: '1000:1000', command: grep })).stdout).toBe(none);
  });

  it('cap-drop ALL leaves nothing; an unknown name is refused', async () => {
    const { stdout } = await fixture.run({
      capDrop: ['ALL'],
      command: ['grep', 'CapBnd', '/proc/self/status'],
    });
    expect(stdout).toBe('CapBnd:\t0000000000000000\n');
    await expect(fixture.run({ capAdd: ['NONSENSE'], command: ['true'] })).rejects.toMatchObject({
      code: 'CAPABILITY_UNKNOWN',
    });
  });

  it('masks and protects /proc and /sys, and denies devices', async () => {
    const { stdout } = await fixture.run({
      command: script(
        'wc -c < /proc/kcore 2>/dev/null || echo 0; wc -c < /proc/timer_list; ls /sys/firmware | wc -l; ' +
          '(echo 1 > /proc/sys/kernel/panic) 2>/dev/null || echo ro; mknod /tmp/sda b 8 0 2>/dev/null; ' +
          'dd if=/tmp/sda of=/dev/null count=1 2>&1 | grep -c "not permitted"; mount -t tmpfs x /tmp 2>/dev/null || echo no mount',
      ),
    });
    expect(stdout).toBe('0\n0\n0\nro\n1\nno mount\n');
  });

  it('refuses the socket families AF_ALG and AF_VSOCK and namespaces for the unprivileged', async () => {
    const probe = join(mkdtempSync('/dev/shm/containers-probe-'), 'probe');
    const source = `
      #include <sys/socket.h>
      #include <sched.h>
      #include <stdio.h>
      int main(void) {
        printf("%d %d %d %d\\n", socket(1, 1, 0) >= 0, socket(38, 5, 0) >= 0, socket(40, 1, 0) >= 0,
               unshare(CLONE_NEWUSER) == 0);
        return 0;
      }`;
    execFileSync('gcc', ['-static', '-x', 'c', '-o', probe, '-'], {
      input: source.replace('#include', '#define _GNU_SOURCE\n#include'),
    });
    await fixture.image('probe', (rootfs) => execFileSync('cp', [probe, join(rootfs, 'probe')]));
    expect((await fixture.run({ image: 'probe', command: ['/probe'] })).stdout).toBe('1 0 0 0\n');
    expect(
      (await fixture.run({ image: 'probe', securityOptions: ['seccomp=unconfined'], command: ['/probe'] }))
        .stdout,
    ).toMatch(/1$/m);
    rmSync(join(probe, '..'), { recursive: true });
  });

  it('has system calls it may not make, and none that are newer than the profile', async () => {
    const probe = join(mkdtempSync('/dev/shm/containers-probe-'), 'probe');
    const source = `
      #define _GNU_SOURCE
      #include <errno.h>
      #include <sched.h>
      #include <signal.h>
      #include <stdio.h>
      #include <sys/syscall.h>
      #include <unistd.h>
      static int tried(long answer) { return answer < 0 ? errno : 0; }
      int main(void) {
        int clone = tried(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0));
        printf("%d %d %d %d\\n", clone, tried(syscall(SYS_mount, 0, 0, 0, 0, 0)), tried(syscall(SYS_bpf, 0, 0, 0)),
               tried(syscall(600)));
        return 0;
      }`;
    execFileSync('gcc', ['-static', '-x', 'c', '-o', probe, '-'], { input: source });
    await fixture.image('calls', (rootfs) => execFileSync('cp', [probe, join(rootfs, 'probe')]));
    const { EPERM, EFAULT, EINVAL, ENOSYS } = constants.errno;
    for (const capAdd of [[], ['SYS_PTRACE', 'SYS_TIME', 'SYS_MODULE', 'SYS_BOOT', 'SYSLOG', 'SYS_NICE']])
      expect((await fixture.run({ image: 'calls', capAdd, command: ['/probe'] })).stdout).toBe(
        `${EPERM} ${EPERM} ${EPERM} ${ENOSYS}\n`,
      );
    const { stdout } = await fixture.run({ image: 'calls', capAdd: ['ALL'], command: ['/probe'] });
    expect(stdout).toContain(`0 ${EFAULT} ${EINVAL} ${ENOSYS}\n`);
    rmSync(join(probe, '..'), { recursive: true });
  });

  it.runIf(process.arch === 'x64')(
    'refuses the old way of 32-bit programs to make sockets of any family',
    async () => {
      const probe = join(mkdtempSync('/dev/shm/containers-probe-'), 'probe');
      const source = `
      static int call(int n, int a, int b, int c) {
        int answer;
        __asm__ volatile("int $0x80" : "=a"(answer) : "a"(n), "b"(a), "c"(b), "d"(c) : "memory");
        return answer;
      }
      void _start(void) {
        static int alg[3] = {38, 5, 0}, local[3] = {1, 1, 0};
        int socketcall = 102, socket = 359;
        int refused = call(socketcall, 1, (int)alg, 0) == -1 && call(socketcall, 1, (int)local, 0) == -1;
        call(1, refused && call(socket, 38, 5, 0) == -1 && call(socket, 1, 1, 0) >= 0 ? 7 : 1, 0, 0);
      }`;
      const flags = ['-m32', '-nostdlib', '-static', '-no-pie', '-fno-pie', '-fno-stack-protector'];
      execFileSync('gcc', [...flags, '-x', 'c', '-o', probe, '-'], { input: source });
      await fixture.image('old', (rootfs) => execFileSync('cp', [probe, join(rootfs, 'probe')]));
      expect(await fixture.run({ image: 'old', command: ['/probe'] })).toMatchObject({ code: 7 });
      rmSync(join(probe, '..'), { recursive: true });
    },
  );

  it('takes a seccomp profile in Docker’s form: rules for some capabilities, machines and kernels', async () => {
    const directory = mkdtempSync('/dev/shm/containers-seccomp-');
    const file = join(directory, 'docker.json');
    const errno = { action: 'SCMP_ACT_ERRNO', errnoRet: constants.errno.EDOM };
    const write = (...more: object[]) =>
      writeFileSync(
        file,
        JSON.stringify({
          defaultAction: 'SCMP_ACT_ALLOW',
          archMap: [
            { architecture: 'SCMP_ARCH_S390X', subArchitectures: ['SCMP_ARCH_S390'] },
            { architecture: 'SCMP_ARCH_X86_64', subArchitectures: ['SCMP_ARCH_X86', 'SCMP_ARCH_X32'] },
            { architecture: 'SCMP_ARCH_AARCH64', subArchitectures: ['SCMP_ARCH_ARM'] },
          ],
          syscalls: [
            { names: ['mkdir', 'mkdirat'], ...errno, args: null, excludes: { caps: ['CAP_SYS_ADMIN'] } },
            { names: ['chmod', 'fchmodat'], ...errno, comment: 'x', includes: { arches: ['s390x'] } },
            { names: ['symlink', 'symlinkat'], ...errno, includes: { minKernel: '99.0' }, excludes: {} },
            { name: 'sethostname', ...errno, includes: { minKernel: '4.8', caps: ['CAP_SYS_ADMIN'] } },
            ...more,
          ],
        }),
      );
    const run = async (capAdd: string[]) =>
      (
        await fixture.run({
          securityOptions: [`seccomp=${file}`],
          capAdd,
          command: script(
            'cd /tmp; mkdir a && echo mkdir; touch f; chmod 600 f && ln -s f l && echo rest; hostname x && echo name',
          ),
        })
      ).stdout;
    write();
    expect(await run([])).toBe('rest\n');
    expect(await run(['SYS_ADMIN'])).toBe('mkdir\nrest\n');
    write({ name: 'acct', names: ['bpf'], ...errno });
    await expect(run([])).rejects.toMatchObject({
      code: 'SECCOMP_PROFILE_INVALID',
      message: `The seccomp profile ${file} has a rule with both name and names`,
    });
    rmSync(directory, { recursive: true });
  });

  it('a seccomp profile that cannot be read stops the start', async () => {
    await expect(
      fixture.run({ securityOptions: ['seccomp=/nonexistent.json'], command: ['true'] }),
    ).rejects.toMatchObject({ code: 'SECCOMP_PROFILE_INVALID' });
  });

  it('privileged means all of it', async () => {
    const { stdout } = await fixture.run({
      privileged: true,
      command: script('grep Seccomp: /proc/self/status; mount -t tmpfs x /tmp && echo mounted'),
    });
    expect(stdout).toBe('Seccomp:\t0\nmounted\n');
  });
});

describe('a hostile root filesystem', () => {
  beforeAll(() => {
    canary = mkdtempSync('/dev/shm/containers-canary-');
    for (const name of ['dev', 'proc', 'etc']) mkdirSync(join(canary, name));
    writeFileSync(join(canary, 'dev/ptmx'), 'mine');
    writeFileSync(join(canary, 'etc/hosts'), 'mine');
  });
  afterAll(() => rmSync(canary, { recursive: true }));

  it.each([['dev'], ['proc'], ['sys']])('/%s as an absolute link leaves the host alone', async (name) => {
    await fixture.image(`link-${name}`, (rootfs) => {
      rmSync(join(rootfs, name), { recursive: true });
      symlinkSync(join(canary, 'dev'), join(rootfs, name));
    });
    const { code } = await fixture.run({ image: `link-${name}`, command: ['true'] });
    expect(code).toBe(0);
    expect(readdirSync(join(canary, 'dev'))).toEqual(['ptmx']);
  });

  it('/etc/hosts, hostname and resolv.conf as links, FIFOs and directories', async () => {
    await fixture.image('etc-traps', (rootfs) => {
      symlinkSync(join(canary, 'etc/hosts'), join(rootfs, 'etc/hosts'));
      execFileSync('mkfifo', [join(rootfs, 'etc/hostname')]);
      mkdirSync(join(rootfs, 'etc/resolv.conf/deep'), { recursive: true });
    });
    const { stdout } = await fixture.run({
      image: 'etc-traps',
      command: script('grep -c localhost /etc/hosts; wc -l < /etc/hostname'),
    });
    expect(stdout).toBe('2\n1\n');
    expect(execFileSync('cat', [join(canary, 'etc/hosts')], { encoding: 'utf8' })).toBe('mine');
  });

  it('/etc as a link inside the root still works', async () => {
    await fixture.image('usr-etc', (rootfs) => {
      rmSync(join(rootfs, 'etc'), { recursive: true });
      mkdirSync(join(rootfs, 'usr/etc'), { recursive: true });
      writeFileSync(join(rootfs, 'usr/etc/passwd'), 'eve:x:77:78::/:/bin/sh\n');
      symlinkSync('usr/etc', join(rootfs, 'etc'));
    });
    expect((await fixture.run({ image: 'usr-etc', user: 'eve', command: ['id', '-u'] })).stdout).toBe('77\n');
  });

  it('bind targets through links stay inside the root', async () => {
    await fixture.image('link-out', (rootfs) => symlinkSync(canary, join(rootfs, 'out')));
    const source = mkdtempSync('/dev/shm/containers-bind-');
    await fixture.run({
      image: 'link-out',
      mounts: [{ type: 'bind', source, target: '/out/made/by/us' }],
      command: ['true'],
    });
    rmSync(source, { recursive: true });
    expect(readdirSync(canary).sort()).toEqual(['dev', 'etc', 'proc']);
  });

  it.each([
    ['a FIFO', (path: string) => execFileSync('mkfifo', [path])],
    ['a device', (path: string) => execFileSync('mknod', [path, 'c', '1', '5'])],
    [
      '11 MiB',
      (path: string) => {
        writeFileSync(path, '');
        truncateSync(path, 11 * 1024 * 1024);
      },
    ],
  ])('passwd that is %s is refused at once', async (what, make) => {
    const name = `passwd-${what.replace(/\W/g, '')}`;
    await fixture.image(name, (rootfs) => make(join(rootfs, 'etc/passwd')));
    await expect(fixture.run({ image: name, command: ['true'] })).rejects.toMatchObject({
      code: 'USER_FILE_INVALID',
    });
  });

  it('passwd that links to the host’s shadow shows the image’s own', async () => {
    await fixture.image('shadow', (rootfs) => symlinkSync('/etc/shadow', join(rootfs, 'etc/passwd')));
    await expect(fixture.run({ image: 'shadow', user: 'root', command: ['true'] })).rejects.toMatchObject({
      code: 'USER_UNKNOWN',
    });
  });

  it.each([['4294967296'], ['2147483648'], ['-1'], ['0x0'], ['1001abc'], ['root:999999999999']])(
    'USER %s is refused',
    async (user) => {
      const image = `user-${Buffer.from(user).toString('hex')}`;
      await fixture.image(
        image,
        (rootfs) => writeFileSync(join(rootfs, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\n'),
        { user },
      );
      await expect(fixture.run({ image, command: ['true'] })).rejects.toMatchObject({
        kind: 'invalid-argument',
      });
    },
  );

  it('a WORKDIR in another process is refused, one that is missing is made', async () => {
    for (const path of ['/proc/self/fd/9', '/proc/1/cwd', '/x/../proc/self/cwd']) {
      const image = `cwd-${Buffer.from(path).toString('hex').slice(-20)}`;
      await fixture.image(image, undefined, { workingDirectory: path });
      await expect(fixture.run({ image, command: ['pwd'] })).rejects.toMatchObject({
        kind: 'invalid-argument',
      });
    }
    expect((await fixture.run({ workingDirectory: '/new/place', command: ['pwd'] })).stdout).toBe(
      '/new/place\n',
    );
  });

  it('a process has no descriptor but its three', async () => {
    const { stdout } = await fixture.run({ command: script('ls /proc/self/fd | tr "\\n" " "') });
    // ls itself holds the directory it lists.
    expect(stdout.trim()).toBe('0 1 2 3');
  });
});
