import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hostOf, isLinkLocal, isLoopback } from '../src/registry/address.ts';
import { parseChallenges } from '../src/registry/challenge.ts';
import { proxyFor } from '../src/registry/proxy.ts';

const read = (header: string) =>
  parseChallenges(header).map(({ scheme, params }) => [scheme, Object.fromEntries(params)]);

test.each<[string, unknown]>([
  [
    'Bearer realm="https://a/t",service="s",scope="repository:a/b:pull,push"',
    [['bearer', { realm: 'https://a/t', service: 's', scope: 'repository:a/b:pull,push' }]],
  ],
  ['Basic realm="a \\"b\\""', [['basic', { realm: 'a "b"' }]]],
  [
    'Negotiate, Basic realm=x',
    [
      ['negotiate', {}],
      ['basic', { realm: 'x' }],
    ],
  ],
  [
    'Negotiate dG9rZW4=, Bearer realm="r"',
    [
      ['negotiate', {}],
      ['bearer', { realm: 'r' }],
    ],
  ],
  ['BEARER REALM = "r" , Service=s', [['bearer', { realm: 'r', service: 's' }]]],
  ['Bearer realm="r",realm="evil"', [['bearer', { realm: 'r' }]]],
  ['Bearer realm="unclosed', [['bearer', {}]]],
  ['Bearer __proto__="x"', [['bearer', JSON.parse('{"__proto__":"x"}')]]],
  ['=,=', []],
  ['', []],
])('%s', (header, expected) => {
  expect(JSON.stringify(read(header))).toBe(JSON.stringify(expected));
});

test('a thousand challenges, endless headers and noise neither throw nor hang', () => {
  expect(parseChallenges('Basic realm="x", '.repeat(400)).length).toBeLessThanOrEqual(16);
  expect(parseChallenges(`Bearer realm="${'x'.repeat(100_000)}"`)).toEqual([]);
  fc.assert(fc.property(fc.string(), (text) => parseChallenges(text).length <= 16));
});

test.each([
  ['127.0.0.1', true, false],
  ['127.9.9.9', true, false],
  ['localhost', true, false],
  ['a.localhost', true, false],
  ['::1', true, false],
  ['::ffff:7f00:1', true, false],
  ['0.0.0.0', true, false],
  ['169.254.169.254', false, true],
  ['::ffff:169.254.1.1', false, true],
  ['fe80::1', false, true],
  ['10.0.0.1', false, false],
  ['localhost.evil.org', false, false],
  ['127.0.0.1.evil.org', false, false],
])('%s', (host, loopback, linkLocal) => {
  expect([isLoopback(host), isLinkLocal(host)]).toEqual([loopback, linkLocal]);
});

test('hosts are read out of registry names and URLs', () => {
  expect(['a.io:5000', '[::1]:80', 'A.io'].map(hostOf)).toEqual(['a.io', '::1', 'a.io']);
});

test('proxies follow the environment and its exceptions', () => {
  const env = {
    HTTPS_PROXY: 'http://p:1',
    http_proxy: 'p:2',
    NO_PROXY: '.corp, 10.0.0.0/8,b.io:444,exact.io, fd00::/8',
  };
  const proxy = (url: string) => proxyFor(new URL(url), env);
  expect(proxy('https://a.io')).toBe('http://p:1');
  expect(proxy('http://a.io')).toBe('http://p:2');
  for (const url of [
    'https://x.corp',
    'https://10.1.2.3',
    'https://b.io:444',
    'https://sub.exact.io',
    'https://127.0.0.1',
    'https://[fd00::1]',
  ]) {
    expect(proxy(url), url).toBeUndefined();
  }
  for (const url of ['https://corp', 'https://11.1.2.3', 'https://b.io', 'https://notexact.io'])
    expect(proxy(url), url).toBe('http://p:1');
  expect(proxyFor(new URL('https://a.io'), { HTTPS_PROXY: 'p', NO_PROXY: '*' })).toBeUndefined();
});
