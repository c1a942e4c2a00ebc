import { setTimeout as sleep } from 'node:timers/promises';
import { type Endpoint, type Host, StrataError } from '@strata/core';
import { clock, seconds, WARM, type Workload } from '../workloads/workload.ts';
import type { KindSubject } from './contestants.ts';
import { Sandboxes } from './sandboxes.ts';

type NetworkWorkload = Workload<KindSubject<'network'>>;

const MANY = 5;

const attach: NetworkWorkload = {
  id: 'attach',
  title: 'Join a network and leave it',
  tells:
    'What the network adds to the start and to the end of a container; the namespace itself is not part of it.',
  metrics: [seconds('attach', 'attach'), seconds('detach', 'detach')],
  cache: 'not part of it',
  needsImage: false,
  async open(subject) {
    const sandboxes = await Sandboxes.open(subject);
    return {
      async run() {
        const endpoints: Endpoint[] = [];
        for (let n = 0; n < MANY; n++) endpoints.push(await sandboxes.endpoint());
        const attaching = clock();
        const attached = [];
        for (const endpoint of endpoints) attached.push(await sandboxes.attach(endpoint));
        const joined = attaching() / MANY;
        const detaching = clock();
        for (const attachment of attached) await sandboxes.detach(attachment);
        const left = detaching() / MANY;
        await sandboxes.closeEndpoints();
        return { attach: joined, detach: left };
      },
      close: () => sandboxes.close(),
    };
  },
};

const SECONDS = 2;

const throughput: NetworkWorkload = {
  id: 'throughput',
  title: 'Throughput between two containers',
  tells:
    'How fast containers of one network can talk to each other: one TCP stream for two seconds, by iperf3.',
  metrics: [{ id: 'tcp', title: 'TCP', unit: 'B/s', better: 'higher' }],
  cache: WARM,
  needsImage: false,
  async open(subject) {
    const { host, driver } = subject;
    if (driver.capabilities.sandbox && !driver.capabilities.connects)
      return { skip: 'containers of this network do not reach each other' };
    if ((await host.exec.find('iperf3')) === undefined)
      return { skip: 'iperf3 is not installed; apt-get install iperf3' };
    const sandboxes = await Sandboxes.open(subject);
    try {
      const server = await sandboxes.endpoint();
      const client = await sandboxes.endpoint();
      const { addresses } = await sandboxes.attach(server);
      await sandboxes.attach(client);
      const address = addresses[0]?.split('/')[0] ?? '127.0.0.1';
      return {
        run: async () => ({ tcp: await stream(host, sandboxes, { server, client, address }) }),
        close: () => sandboxes.close(),
      };
    } catch (error) {
      await sandboxes.close();
      throw error;
    }
  },
};

interface Ends {
  readonly server: Endpoint;
  readonly client: Endpoint;
  readonly address: string;
}

async function stream(host: Host, sandboxes: Sandboxes, { server, client, address }: Ends): Promise<number> {
  const port = String(20_000 + (process.pid % 20_000));
  const [program, ...words] = sandboxes.within(server, 'iperf3', [
    '--server',
    '--one-off',
    '--bind',
    address,
    '--port',
    port,
  ]);
  const listening = await host.exec.spawn(program, words, { stdio: ['ignore', 'ignore', 'ignore'] });
  try {
    const [ask, ...args] = sandboxes.within(client, 'iperf3', [
      '--client',
      address,
      '--port',
      port,
      '--time',
      String(SECONDS),
      '--json',
    ]);
    return await answered(host, ask, args);
  } finally {
    const process = host.processes.identify(listening.pid);
    if (process !== undefined) host.processes.kill(process, 15);
    await listening.exited;
  }
}

/** The server may not listen yet. */
async function answered(host: Host, program: string, args: readonly string[]): Promise<number> {
  const TRIES = 40;
  for (let attempt = 1; ; attempt++) {
    const { exitCode, stdout } = await host.exec.run(program, args, { okCodes: [0, 1] });
    const rate = received(stdout);
    if (exitCode === 0 && rate !== undefined) return rate;
    if (attempt === TRIES)
      throw new StrataError('internal', 'BENCH_IPERF3', 'iperf3 could not reach the other container', {
        context: { output: stdout.slice(0, 500) },
      });
    await sleep(50);
  }
}

/** Bytes per second in iperf3's JSON. */
export function received(output: string): number | undefined {
  try {
    const { end } = JSON.parse(output) as { end?: { sum_received?: { bits_per_second?: unknown } } };
    const bits = end?.sum_received?.bits_per_second;
    return typeof bits === 'number' && bits > 0 ? bits / 8 : undefined;
  } catch {
    return undefined;
  }
}

export const networkWorkloads: readonly NetworkWorkload[] = [attach, throughput];
