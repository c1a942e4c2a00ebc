import { describe, expect, it } from 'vitest';
import { parseCommandLine } from '../src/parse/command.ts';
import { suggest } from '../src/parse/suggest.ts';
import { UsageError } from '../src/parse/usage-error.ts';
import { parseBytes, parseDuration } from '../src/parse/values.ts';
import { parse, words } from './helpers.ts';

/** Command lines as people type them at docker, and what they mean. */
const corpus: [line: string, path: string, flags: object, args: string[]][] = [
  ['run img', 'run', {}, ['img']],
  ['run -it --rm img sh -c ls', 'run', { interactive: true, tty: true, rm: true }, ['img', 'sh', '-c', 'ls']],
  ['run -ti img -it --rm', 'run', { tty: true, interactive: true }, ['img', '-it', '--rm']],
  ['run --tty=false -i=true img', 'run', { tty: false, interactive: true }, ['img']],
  ['run -itd --name=web img', 'run', { interactive: true, tty: true, detach: true, name: 'web' }, ['img']],
  ['run -eA=b -e C=d=e -e=F=g --env H img', 'run', { env: ['A=b', 'C=d=e', 'F=g', 'H'] }, ['img']],
  ['run -itv/a:/b img', 'run', { interactive: true, tty: true, volume: ['/a:/b'] }, ['img']],
  ['run -m512m --cpus 1.5 img', 'run', { memory: 512 * 2 ** 20, cpus: 1.5 }, ['img']],
  ['run --memory-swap -1 --pids-limit=-1 img', 'run', { 'memory-swap': -1, 'pids-limit': -1 }, ['img']],
  ['run -- img -x', 'run', {}, ['img', '-x']],
  ['run img -- -x', 'run', {}, ['img', '--', '-x']],
  ['run -h host img', 'run', { hostname: 'host' }, ['img']],
  ["run --entrypoint '' img", 'run', { entrypoint: '' }, ['img']],
  ['run --sig-proxy=false img', 'run', { 'sig-proxy': false }, ['img']],
  ['container run -d img', 'run', { detach: true }, ['img']],
  ['exec -it c sh -c x', 'exec', { interactive: true, tty: true }, ['c', 'sh', '-c', 'x']],
  ['exec -u 0:0 -w / c id', 'exec', { user: '0:0', workdir: '/' }, ['c', 'id']],
  ['create --name x img true', 'create', { name: 'x' }, ['img', 'true']],
  ['ps -aq', 'ps', { all: true, quiet: true }, []],
  ['ps -a -f status=exited --filter name=x', 'ps', { all: true, filter: ['status=exited', 'name=x'] }, []],
  ['ps -n 3', 'ps', { last: 3 }, []],
  ['ps -n=-1 -l', 'ps', { last: -1, latest: true }, []],
  ['container ls --no-trunc', 'ps', { 'no-trunc': true }, []],
  ['container list', 'ps', {}, []],
  ['rm -f a b -v', 'rm', { force: true, volumes: true }, ['a', 'b']],
  ['container rm a', 'rm', {}, ['a']],
  ['stop -t 3 a', 'stop', { timeout: 3 }, ['a']],
  ['stop a --time=0', 'stop', { time: 0 }, ['a']],
  ['kill -s HUP a', 'kill', { signal: 'HUP' }, ['a']],
  ['kill -sHUP a b', 'kill', { signal: 'HUP' }, ['a', 'b']],
  ['logs -f --tail 10 a', 'logs', { follow: true, tail: '10' }, ['a']],
  ['logs a -n5 -t', 'logs', { tail: '5', timestamps: true }, ['a']],
  ['top a -o pid,cmd', 'top', {}, ['a', '-o', 'pid,cmd']],
  ['cp - c:/x', 'cp', {}, ['-', 'c:/x']],
  ['cp -aL c:/x .', 'cp', { archive: true, 'follow-link': true }, ['c:/x', '.']],
  [
    'commit -p=false -c A -c B -m x c r:t',
    'commit',
    { pause: false, change: ['A', 'B'], message: 'x' },
    ['c', 'r:t'],
  ],
  ["inspect -f '{{.Id}}' a b", 'inspect', { format: '{{.Id}}' }, ['a', 'b']],
  ['images --digests -q repo', 'images', { digests: true, quiet: true }, ['repo']],
  ['image ls', 'images', {}, []],
  ['rmi -f a', 'rmi', { force: true }, ['a']],
  ['image rm a', 'rmi', {}, ['a']],
  ['pull -q --platform linux/arm64 x', 'pull', { quiet: true, platform: 'linux/arm64' }, ['x']],
  ['save -o f a b', 'save', { output: 'f' }, ['a', 'b']],
  ['load -i f', 'load', { input: 'f' }, []],
  ['history -H=false --no-trunc x', 'history', { human: false, 'no-trunc': true }, ['x']],
  ['system prune -af', 'system prune', { all: true, force: true }, []],
  ['storage init btrfs --size 20G', 'storage init', { size: 20 * 2 ** 30 }, ['btrfs']],
  ['events --since 10m', 'events', { since: '10m' }, []],
];

describe('parseCommandLine', () => {
  it.each(corpus)('%s', (line, path, flags, args) => {
    expect(parse(line)).toMatchObject({ path, flags, args });
    expect(Object.keys(parse(line).flags).sort()).toEqual(Object.keys(flags).sort());
  });

  it('takes global flags before and after the command, unless the command has its own', () => {
    expect(parse('--root /r --debug ps --run=/x').globals).toEqual({ root: '/r', debug: true, run: '/x' });
    expect(parse('--storage vfs run --storage=btrfs img')).toMatchObject({
      globals: { storage: 'vfs' },
      flags: { storage: 'btrfs' },
    });
    expect(parse('run img --root /r').args).toEqual(['img', '--root', '/r']);
  });

  it.each([
    ['', undefined],
    ['--help', undefined],
    ['help', undefined],
    ['help run', 'run'],
    ['run --help', 'run'],
    ['run --help --nonsense', undefined],
    ['ps -h', 'ps'],
    ['help container', 'container'],
    ['container', 'container'],
    ['image ls --help', 'images'],
  ])('help: %s', (line, topic) => {
    if (line.includes('nonsense')) {
      expect(() => parseCommandLine(words(line))).toThrow('unknown flag: --nonsense');
      return;
    }
    const invocation = parseCommandLine(words(line));
    if (invocation.kind !== 'help') throw new Error('not help');
    const found = typeof invocation.topic === 'object' ? invocation.topic.paths[0] : invocation.topic;
    expect(found).toBe(topic);
  });

  const mistakes: [line: string, message: string, exit: number, hint?: string][] = [
    ['rnu img', 'unknown command: strata rnu', 1, "did you mean 'strata run'?"],
    [
      'container inspct x',
      'unknown command: strata container inspct',
      1,
      "did you mean 'strata container inspect'?",
    ],
    ['run --detatch img', 'unknown flag: --detatch', 125, 'did you mean --detach?'],
    ['ps --foo', 'unknown flag: --foo', 125],
    ['exec -x c ls', "unknown shorthand flag: 'x' in -x", 125],
    ['-z ps', "unknown shorthand flag: 'z' in -z", 125],
    ['run -x 80:80 img', "unknown shorthand flag: 'x' in -x", 125],
    ['run', "'strata run' requires at least 1 argument", 1],
    ['exec c', "'strata exec' requires at least 2 arguments", 1],
    ['ps x', "'strata ps' accepts no arguments", 1],
    ['rename a', "'strata rename' requires 2 arguments", 1],
    ['logs a b', "'strata logs' requires 1 argument", 1],
    ['run --memory=zz img', 'invalid argument "zz" for "-m, --memory" flag: invalid size: \'zz\'', 125],
    ['ps --last=x', 'invalid argument "x" for "-n, --last" flag: "x" is not a whole number', 125],
    ['run --tty=x img', 'invalid argument "x" for "-t, --tty" flag: "x" is neither true nor false', 125],
    ['run --name', 'flag needs an argument: --name', 125],
    ['run -it -e', "flag needs an argument: 'e' in -e", 125],
    ['help nonsense', 'unknown help topic: nonsense', 1],
  ];
  it.each(mistakes)('%s → %s', (line, message, exitCode, hint) => {
    try {
      parseCommandLine(words(line));
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(UsageError);
      expect(error).toMatchObject({ message, exitCode, ...(hint === undefined ? {} : { hint }) });
    }
  });
});

describe('values', () => {
  it.each([
    ['0', 0],
    ['512', 512],
    ['512b', 512],
    ['1k', 1024],
    ['1K', 1024],
    ['1kb', 1024],
    ['1KiB', 1024],
    ['1.5m', 1572864],
    ['20G', 20 * 2 ** 30],
    ['1 g', 2 ** 30],
    ['1t', 2 ** 40],
    ['', undefined],
    ['m', undefined],
    ['-1', undefined],
    ['1x', undefined],
    ['1e3', undefined],
    ['0x10', undefined],
    ['99999999p', undefined],
  ])('bytes %s', (text, value) => expect(parseBytes(text)).toBe(value));

  it.each([
    ['10s', 10_000],
    ['1m30s', 90_000],
    ['1.5h', 5_400_000],
    ['250ms', 250],
    ['-10m', -600_000],
    ['0', 0],
    ['10', undefined],
    ['s', undefined],
    ['1d', undefined],
    ['', undefined],
  ])('duration %s', (text, value) => expect(parseDuration(text)).toBe(value));

  it.each([
    ['rnu', 'run'],
    ['pul', 'pull'],
    ['iamges', 'images'],
    ['xyzzy', undefined],
    ['insp', 'inspect'],
    ['x', undefined],
  ])('suggests for %s', (typed, word) => {
    expect(suggest(typed, ['run', 'pull', 'images', 'inspect', 'ps'])).toBe(word);
  });
});
