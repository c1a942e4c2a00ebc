/** Debian's containerd with its data in a directory of the test, and ctr; `strata snapshotter` beside it. */
import { type ChildProcess, spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeFileSync,
} from 'node:fs';
import { connect as connectHttp2, type IncomingHttpHeaders } from 'node:http2';
import { connect } from 'node:net';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { invoke, type Outcome, type StrataHome } from '@strata/test-fixtures';

const strata = resolve(import.meta.dirname, '../../packages/cli/bin/strata');

/** A process that is restarted on purpose; its output goes to a file. */
class Daemon {
  readonly #logFile: string;
  #child: ChildProcess | undefined;

  constructor(logFile: string) {
    this.#logFile = logFile;
  }

  get log(): string {
    return readFileSync(this.#logFile, 'utf8');
  }

  spawn(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): void {
    const log = openSync(this.#logFile, 'a');
    // A test run that is killed takes it along.
    this.#child = spawn('setpriv', ['--pdeathsig', 'TERM', '--', program, ...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', log, log],
    });
    closeSync(log);
  }

  /** Its exit status once it is gone; undefined after SIGKILL. */
  async stop(signal: NodeJS.Signals): Promise<number | undefined> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return undefined;
    const gone = new Promise<number | undefined>((done) =>
      child.once('exit', (code) => done(code ?? undefined)),
    );
    child.kill(signal);
    return gone;
  }

  async ready(probe: () => Promise<boolean>): Promise<void> {
    for (let tries = 0; tries < 200; tries++) {
      if (await probe()) return;
      if (this.#child?.exitCode !== null) break;
      await sleep(50);
    }
    throw new Error(`did not start: ${this.log}`);
  }
}

export class Containerd {
  readonly directory: string;
  readonly #daemon: Daemon;

  /** `snapshotters`: socket by name. `cri`: the snapshotter of Kubernetes' interface, which is off otherwise. */
  constructor(
    directory: string,
    snapshotters: Readonly<Record<string, string>>,
    options: { readonly cri?: string } = {},
  ) {
    mkdirSync(directory, { recursive: true });
    this.directory = directory;
    this.#daemon = new Daemon(`${directory}/log`);
    const proxies = Object.entries(snapshotters).map(
      ([name, address]) => `[proxy_plugins.${name}]\n  type = "snapshot"\n  address = "${address}"\n`,
    );
    const config = [
      'version = 2',
      `root = "${directory}/root"`,
      `state = "${directory}/state"`,
      ...(options.cri === undefined ? ['disabled_plugins = ["io.containerd.grpc.v1.cri"]'] : []),
      `[grpc]\n  address = "${directory}/containerd.sock"`,
      // By default a collection that took 0.2 s keeps the next one back for 10 s.
      '[plugins."io.containerd.gc.v1.scheduler"]\n  pause_threshold = 0.5',
      ...proxies,
      ...(options.cri === undefined
        ? []
        : [`[plugins."io.containerd.grpc.v1.cri".containerd]\n  snapshotter = "${options.cri}"`]),
    ];
    writeFileSync(`${directory}/config.toml`, config.join('\n'));
  }

  get log(): string {
    return this.#daemon.log;
  }

  async start(): Promise<void> {
    this.#daemon.spawn('containerd', ['--config', `${this.directory}/config.toml`]);
    await this.#daemon.ready(async () => (await this.ctr('version')).code === 0);
  }

  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | undefined> {
    return this.#daemon.stop(signal);
  }

  ctr(...args: readonly string[]): Promise<Outcome> {
    return invoke('ctr', ['--address', `${this.directory}/containerd.sock`, ...args]);
  }

  /** Demand success; returns stdout. */
  async ok(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.ctr(...args);
    if (code !== 0) throw new Error(`ctr ${args.join(' ')} exited ${code}: ${stderr || stdout}`);
    return stdout;
  }

  /** containerd tries a lost connection again after 1 to 3 seconds, and fails calls until then. */
  async connected(snapshotter: string): Promise<void> {
    const prepare = () => this.ctr('snapshots', '--snapshotter', snapshotter, 'prepare', 'connected');
    await this.#daemon.ready(async () => (await prepare()).code === 0);
    await this.ok('snapshots', '--snapshotter', snapshotter, 'rm', 'connected');
  }

  /** `PullImage` of the CRI's image service, as the kubelet calls it. */
  criPull(image: string): Promise<void> {
    const bytes = (text: Buffer) => Buffer.concat([Buffer.of(0x0a, text.length), text]); // field 1
    const request = bytes(bytes(Buffer.from(image))); // PullImageRequest { ImageSpec { image } }
    const frame = Buffer.alloc(5);
    frame.writeUInt32BE(request.length, 1);
    const session = connectHttp2('http://localhost', {
      createConnection: () => connect(`${this.directory}/containerd.sock`),
    });
    return new Promise<void>((done, failed) => {
      const call = session.request({
        ':method': 'POST',
        ':path': '/runtime.v1.ImageService/PullImage',
        'content-type': 'application/grpc',
        te: 'trailers',
      });
      const judge = (headers: IncomingHttpHeaders) => {
        if (headers['grpc-status'] === '0') done();
        else if (headers['grpc-status'] !== undefined) failed(new Error(String(headers['grpc-message'])));
      };
      call.on('response', judge).on('trailers', judge).on('error', failed).resume();
      call.end(Buffer.concat([frame, request]));
    }).finally(() => session.close());
  }

  /** Mount a snapshot as `ctr snapshots mounts` says. */
  async mounted(snapshotter: string, key: string, work: (directory: string) => void): Promise<void> {
    const target = mkdtempSync(`${this.directory}/mnt-`);
    const line = await this.ok('snapshots', '--snapshotter', snapshotter, 'mounts', target, key);
    const [program, ...args] = line.trim().split(' ');
    const { code, stderr } = await invoke(program!, args);
    if (code !== 0) throw new Error(`${line}: ${stderr}`);
    try {
      work(target);
    } finally {
      await invoke('umount', [target]);
      rmdirSync(target);
    }
  }
}

/** `strata snapshotter` for one driver of a store. */
export class SnapshotterServer {
  readonly address: string;
  readonly #home: StrataHome;
  readonly #driver: string;
  readonly #daemon: Daemon;

  constructor(home: StrataHome, driver: string, address = `${home.run}/snapshotter/${driver}.sock`) {
    this.#home = home;
    this.#driver = driver;
    this.address = address;
    mkdirSync(home.root, { recursive: true, mode: 0o700 });
    this.#daemon = new Daemon(`${home.root}/../snapshotter-${driver}.log`);
  }

  async start(): Promise<void> {
    const before = this.#said();
    const args = [`--storage=${this.#driver}`, 'snapshotter', '--address', this.address];
    this.#daemon.spawn(strata, args, this.#home.env);
    await this.#daemon.ready(async () => this.#said() > before);
  }

  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | undefined> {
    return this.#daemon.stop(signal);
  }

  /** Layers of the driver's directory, without trash. */
  layers(): number {
    const path = `${this.#home.root}/layers/${this.#driver}`;
    return existsSync(path) ? readdirSync(path).filter((name) => !name.startsWith('.')).length : 0;
  }

  /** How often a server said that it serves. */
  #said(): number {
    try {
      return this.#daemon.log.split('Serving ').length;
    } catch {
      return 1;
    }
  }
}
