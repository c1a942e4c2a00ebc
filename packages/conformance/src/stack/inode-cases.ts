/** What running programs hold on to: open files, directories, sockets. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { closeSync, fstatSync, openSync, readlinkSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import type { StackCase } from './layer-stack.ts';

export const inodeCases: readonly StackCase[] = [
  {
    name: 'moby/UnixDomainSockets (moby#12080)',
    async run(stack) {
      const base = await stack.commit(undefined, (edit) => edit.dir('run'));
      const active = await stack.prepare(base);
      await stack.edit(active, async (edit) => {
        for (const name of ['run/new', 'run/other']) await echoThrough(edit.at(name).toString());
      });
    },
  },
  {
    name: 'strata/InheritedSockets',
    excludedBy: ({ inheritedSockets = true }) =>
      inheritedSockets
        ? undefined
        : 'inheritedSockets is false: a socket of a parent layer cannot be replaced',
    async run(stack) {
      const base = await stack.commit(undefined, (edit) => {
        edit.dir('run');
        edit.node('run/stale', 'socket');
      });
      const active = await stack.prepare(base);
      await stack.edit(active, async (edit) => {
        edit.unlink('run/stale');
        await echoThrough(edit.at('run/stale').toString());
      });
    },
  },
  {
    name: 'moby/DirectoryInodeStability (moby#19647)',
    async run(stack) {
      const base = await stack.commit(undefined, (edit) => {
        edit.dir('dir');
        edit.file('dir/file', 'x');
      });
      const active = await stack.prepare(base);
      await stack.edit(active, (edit) => {
        const before = edit.lstat('dir').ino;
        edit.file('dir/new', 'x');
        edit.chmod('dir', 0o700);
        edit.append('dir/file', 'y');
        assert.equal(
          edit.lstat('dir').ino,
          before,
          'the directory became another one under a running program',
        );
      });
    },
  },
  {
    name: 'moby/OpenFileInodeStability (moby#12327)',
    excludedBy: ({ stableInodes }) =>
      stableInodes
        ? undefined
        : 'stableInodes is false: an open file keeps the old content once it is copied up',
    async run(stack) {
      const base = await stack.commit(undefined, (edit) => edit.file('file', 'old'));
      const active = await stack.prepare(base);
      await stack.edit(active, (edit) => {
        const fd = openSync(edit.at('file'), 'r');
        try {
          edit.append('file', ' and new');
          assert.equal(fstatSync(fd, { bigint: true }).ino, edit.lstat('file').ino);
          assert.equal(
            fstatSync(fd).size,
            'old and new'.length,
            'the open file does not see what was appended',
          );
        } finally {
          closeSync(fd);
        }
      });
    },
  },
  {
    name: 'strata/OpenFileStaysReadable',
    excludedBy: ({ stableInodes }) => (stableInodes ? 'stableInodes is true' : undefined),
    async run(stack) {
      const base = await stack.commit(undefined, (edit) => edit.file('file', 'old'));
      const active = await stack.prepare(base);
      await stack.edit(active, (edit) => {
        const fd = openSync(edit.at('file'), 'r');
        try {
          edit.append('file', ' and new');
          assert.equal(edit.read('file'), 'old and new', 'a new open sees the new content');
          assert.ok(fstatSync(fd).size >= 'old'.length, 'the open file lost its content');
        } finally {
          closeSync(fd);
        }
      });
    },
  },
  {
    name: 'moby/GetCWD (moby#19082)',
    async run(stack) {
      const base = await stack.commit(undefined, (edit) => {
        edit.dir('work/dir');
        edit.file('work/dir/file', 'x');
      });
      const active = await stack.prepare(base);
      await stack.edit(active, (edit) => {
        // The working directory of a process is such a held directory: getcwd(2) and this link take the same d_path.
        const held = openSync(edit.at('work/dir'), 'r');
        try {
          edit.append('work/dir/file', 'y');
          edit.chmod('work/dir', 0o700);
          edit.file('work/dir/new', 'x');
          assert.equal(readlinkSync(`/proc/self/fd/${held}`), edit.at('work/dir').toString());
          assert.equal(fstatSync(held, { bigint: true }).ino, edit.lstat('work/dir').ino);
        } finally {
          closeSync(held);
        }
      });
    },
  },
];

async function echoThrough(path: string): Promise<void> {
  const server = createServer((socket) => socket.pipe(socket));
  server.listen(path);
  await once(server, 'listening');
  try {
    const client = connect(path);
    client.end('ping');
    const [answer] = (await once(client, 'data')) as [Buffer];
    assert.equal(answer.toString(), 'ping');
    client.destroy();
  } finally {
    server.close();
    await once(server, 'close');
  }
}
