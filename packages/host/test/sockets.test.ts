import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createHost } from '@strata/host';
import { afterEach, describe, expect, it } from 'vitest';
import { bytes, rejection, scratch } from './fixtures/scratch.ts';

const { sockets } = createHost();

/** A SOCK_SEQPACKET server in perl (in every Debian): says hello, echoes, obeys `flood`, `bye`, and `stall` (pause, then swallow). */
const SERVER = `
use Socket; $| = 1; $SIG{CHLD} = 'IGNORE';
socket(my $s, PF_UNIX, SOCK_SEQPACKET, 0) or die; chdir $ARGV[0] or die;
bind($s, sockaddr_un('s')) or die; listen($s, 64) or die; print "ready\\n";
while (accept(my $c, $s)) {
  next if fork;
  send($c, 'hello', 0);
  while (defined recv($c, my $p, 65536, 0)) {
    last if $p eq '' or $p eq 'bye';
    if ($p eq 'stall') { sleep 1; $sink = 1 }
    elsif ($sink) { next }
    elsif ($p eq 'flood') { send($c, sprintf('%08d', $_), 0) for (1..20000) }
    else { send($c, $p, 0) }
  }
  exit;
}`;

const servers: ChildProcess[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.kill('SIGKILL');
});

async function serve(): Promise<string> {
  const folder = `${scratch()}/${'a-path-that-is-longer-than-sun_path-'.repeat(4)}`;
  mkdirSync(folder);
  const server = spawn('perl', ['-e', SERVER, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  servers.push(server);
  await once(server.stdout!, 'data');
  return `${folder}/s`;
}

describe('Sockets', () => {
  it('keeps packets whole both ways, over a long path', async () => {
    await using socket = await sockets.connectPackets(await serve());
    const packets = socket.packets()[Symbol.asyncIterator]();
    expect(String((await packets.next()).value)).toBe('hello');
    for (const size of [1, 8193, 60_000]) {
      await socket.send(Buffer.alloc(size, size));
      expect((await packets.next()).value).toEqual(Buffer.alloc(size, size));
    }
    await socket.send(bytes('bye'));
    expect((await packets.next()).done).toBe(true);
  });

  it('takes a flood in order, and ends by half-close', async () => {
    await using socket = await sockets.connectPackets(await serve());
    await socket.send(bytes('flood'));
    const seen: string[] = [];
    for await (const packet of socket.packets()) {
      seen.push(packet.toString());
      if (seen.length === 20_001) socket.end();
    }
    expect(seen).toEqual([
      'hello',
      ...Array.from({ length: 20_000 }, (_, n) => String(n + 1).padStart(8, '0')),
    ]);
  });

  it('waits for slow peers without holding up files, and close wakes a reader', async () => {
    const path = await serve();
    const silent = await Promise.all(Array.from({ length: 32 }, () => sockets.connectPackets(path)));
    const readers = silent.map(async (socket) => {
      let count = 0;
      for await (const _ of socket.packets()) count++;
      return count;
    });
    await readFile('/proc/self/stat');
    const slow = await sockets.connectPackets(path);
    await slow.send(bytes('stall'));
    for (let n = 0; n < 100; n++) await slow.send(Buffer.alloc(30_000));
    await Promise.all([...silent, slow].map((socket) => socket.close()));
    expect(await Promise.all(readers)).toEqual(silent.map(() => 1));
    expect((await rejection(slow.send(bytes('x')))).code).toBe('EBADF');
  });

  it('says why it cannot connect', async () => {
    expect((await rejection(sockets.connectPackets('/no/such/socket'))).code).toBe('ENOENT');
    expect((await rejection(sockets.connectPackets('/etc/passwd'))).code).toBe('ECONNREFUSED');
  });
});
