import { describe, expect, it } from 'vitest';
import { parsePublish } from '../src/options/network.ts';
import { hostAddress, portsText } from '../src/views/port-view.ts';

const fail = (problem: string) => new Error(problem);
const port = (hostIp: string, hostPort: number, containerPort: number, protocol = 'tcp') => ({
  hostIp,
  hostPort,
  containerPort,
  protocol: protocol as 'tcp' | 'udp' | 'sctp',
});

describe('-p', () => {
  it.each([
    ['80', [port('', 0, 80)]],
    ['8080:80', [port('', 8080, 80)]],
    ['8080:80/udp', [port('', 8080, 80, 'udp')]],
    ['127.0.0.1:8080:80', [port('127.0.0.1', 8080, 80)]],
    ['127.0.0.1::80', [port('127.0.0.1', 0, 80)]],
    ['[::1]:8080:80', [port('::1', 8080, 80)]],
    ['8000-8001:80-81', [port('', 8000, 80), port('', 8001, 81)]],
    ['8000-8010:80', [{ ...port('', 8000, 80), hostPortEnd: 8010 }]],
    ['80-81', [port('', 0, 80), port('', 0, 81)]],
  ])('%s', (text, expected) => {
    expect(parsePublish(text, fail)).toEqual(expected);
  });

  it.each([
    ['', 'invalid port'],
    ['0', 'invalid port or range: 0'],
    ['x:80', 'invalid port or range: x'],
    ['70000:80', 'invalid port or range: 70000'],
    ['80/icmp', 'invalid protocol: icmp'],
    ['8000-8001:80-82', 'invalid ranges'],
    ['1.2.3:80:80', 'invalid IP address: 1.2.3'],
    ['a:b:c:d', 'invalid port specification'],
    ['90-80:80', 'invalid port or range: 90-80'],
  ])('refuses %s', (text, problem) => {
    expect(() => parsePublish(text, fail)).toThrow(problem);
  });
});

describe('ports as docker shows them', () => {
  it('groups neighbours and puts exposed ones first', () => {
    const ports = [
      port('0.0.0.0', 8001, 81),
      port('0.0.0.0', 8000, 80),
      port('::', 8000, 80),
      port('127.0.0.1', 53, 53, 'udp'),
    ];
    expect(portsText(ports, ['443/tcp', '80/tcp'])).toBe(
      '443/tcp, 0.0.0.0:8000-8001->80-81/tcp, [::]:8000->80/tcp, 127.0.0.1:53->53/udp',
    );
    expect(portsText([], [])).toBe('');
    expect(hostAddress({ hostIp: '::', hostPort: 8000 })).toBe('[::]:8000');
  });
});
