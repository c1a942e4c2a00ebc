/** What a user gets wrong about networks, ports, limits, devices and mounts: one sentence, a hint, a code, and nothing done. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type NetworkPlace, networkPlace } from './network-place.ts';

let place: NetworkPlace;
const ok = (...args: string[]) => place.home.ok(...args);

beforeAll(async () => {
  place = await networkPlace();
  await ok('network', 'create', '--subnet', '10.99.1.0/24', '--subnet', 'fd99:1::/64', 'own');
  await ok('network', 'create', 'other');
  // The bridge is made by the first container and stays.
  await ok('run', '--rm', 'busybox', 'true');
  await ok('run', '-d', '--name', 'busy', '--network', 'own', '-p', '8123:80', 'busybox', 'sleep', '600');
});
afterAll(async () => {
  await place?.[Symbol.asyncDispose]();
});

const refused: readonly [code: string, ...commands: string[]][] = [
  ['NETWORK_EXISTS', 'network create own'],
  ['NETWORK_REQUEST_INVALID', 'network create --subnet 10.1.2/24 x', 'network create --gateway x x'],
  ['SUBNET_INVALID', 'network create --subnet 10.9.0.0/33 x', 'network create --subnet 127.0.0.0/24 x'],
  ['SUBNET_INVALID', 'network create --subnet 10.9.0.0/24 --subnet 10.10.0.0/24 x'],
  ['SUBNET_IN_USE', 'network create --subnet 10.99.1.0/25 x'],
  ['GATEWAY_INVALID', 'network create --subnet 10.9.0.0/24 --gateway 10.8.0.1 x'],
  ['IP_RANGE_INVALID', 'network create --subnet 10.9.0.0/24 --ip-range 10.8.0.0/28 x'],
  ['MTU_INVALID', 'network create --opt mtu=12 x'],
  ['NETWORK_OPTION_UNKNOWN', 'network create --opt foo=1 x'],
  ['NETWORK_NAME_RESERVED', 'network create host'],
  ['NETWORK_NOT_FOUND', 'network rm x', 'network inspect x', 'run --network x busybox'],
  ['NETWORK_PREDEFINED', 'network rm bridge'],
  ['NETWORK_IN_USE', 'network rm own'],
  ['NETWORK_CONNECTED', 'network connect own busy'],
  ['NETWORK_NOT_CONNECTED', 'network disconnect other busy'],
  ['NETWORK_NOT_CONNECTABLE', 'network connect host busy'],
  ['NETWORK_REQUEST_INVALID', 'run --mac-address zz busybox', 'run --network host --ip 10.0.0.1 busybox'],
  ['NETWORK_ALIAS_UNSUPPORTED', 'run --network-alias web busybox'],
  ['MAC_INVALID', 'run --mac-address 01:00:5e:00:00:01 busybox'],
  ['ADDRESS_INVALID', 'run --network own --ip 10.98.0.1 busybox', 'run --network own --ip 10.99.1.1 busybox'],
  ['PORT_IN_USE', 'run -p 8123:80 busybox', 'run -p 127.0.0.1:8123:80 busybox'],
  ['PORT_NEEDS_IPV6', 'run -p [::]:8124:80 busybox'],
  ['PORT_ON_LOOPBACK6', 'run --network own -p [::1]:8124:80 busybox', 'run -p [::1]:8124:80 busybox'],
  ['PORT_NOT_PUBLISHED', 'port busy 81'],
  ['HOST_IP_UNKNOWN', 'run -p 192.0.2.1:80:80 busybox'],
  ['PUBLISH_UNSUPPORTED', 'run --network host -p 80:80 busybox', 'run --network none -p 80:80 busybox'],
  ['CONTAINER_REQUEST_INVALID', 'run --dns x busybox', 'run --add-host x:y busybox'],
  ['CONTAINER_REQUEST_INVALID', 'run --sysctl kernel.panic=1 busybox', 'run --hostname a_b@ busybox'],
  ['SYSCTL_UNKNOWN', 'run --sysctl net.nope=1 busybox'],
  ['LIMIT_INVALID', 'run -m 1k busybox', 'update -m 1k busy', 'run -m 64m --memory-swap 32m busybox'],
  ['LIMIT_INVALID', 'run --cpus 99999 busybox', 'update --cpus 99999 busy', 'run --cpu-quota 5 busybox'],
  [
    'LIMIT_INVALID',
    'run --pids-limit -5 busybox',
    'run --cpu-shares 1 busybox',
    'run --cpuset-cpus x busybox',
  ],
  ['LIMIT_REFUSED', 'run --cpuset-cpus 4000 busybox', 'update --cpuset-cpus 4000 busy'],
  ['DEVICE_INVALID', 'run --device /dev/nope busybox'],
  ['BIND_SOURCE_MISSING', 'run --mount type=bind,src=/nope,dst=/x busybox'],
  ['ENV_FILE_UNREADABLE', 'run --env-file /nope busybox', 'run --label-file /nope busybox'],
  ['VOLUME_NOT_FOUND', 'volume rm x', 'volume inspect x'],
  ['CONTAINER_NOT_PAUSED', 'unpause busy'],
];

it('is refused in one sentence with a hint, a code and Docker’s exit status, and leaves nothing', async () => {
  const before = await place.picture();
  for (const [code, ...commands] of refused)
    for (const command of commands) {
      const outcome = await place.home.strata(command.split(' '));
      expect
        .soft({ command, code: outcome.code })
        .toEqual({ command, code: command.startsWith('run') ? 125 : 1 });
      expect
        .soft(outcome.stderr, command)
        .toMatch(new RegExp(`^strata: [^\\n]+ \\(${code}\\)\\nhint: [^\\n]+\\n$`));
    }
  expect(await place.picture()).toBe(before);
  expect(await ok('ps', '-a', '--format', '{{.Names}}')).toBe('busy');
  expect(await ok('network', 'ls', '-q', '--filter', 'name=x')).toBe('');
  expect(await ok('check')).toBe('The store is clean');
});

it('takes --env-file for the container alone, not for the program that runs it', async () => {
  const file = join(place.home.root, '../variables');
  writeFileSync(file, 'NODE_OPTIONS=--no-such-option\nHERE=file\n');
  const seen = await ok('run', '--rm', '--env-file', file, '-e', 'GONE', 'busybox', 'env');
  expect(seen).toMatch(/^NODE_OPTIONS=--no-such-option$/m);
  expect(seen).toMatch(/^HERE=file$/m);
  writeFileSync(file, 'GONE=file\n');
  expect(await ok('run', '--rm', '--label-file', file, '-e', 'GONE', 'busybox', 'env')).not.toMatch(/GONE/);
});
