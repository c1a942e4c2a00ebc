// biome-ignore-all lint/suspicious/noTemplateCurlyInString: Dockerfile substitutions, not JavaScript's
import {
  appendLayer,
  applyChanges,
  configDocument,
  digestOf,
  encodeDocument,
  newImageConfig,
  parseImageConfig,
} from '@strata/oci';
import fc from 'fast-check';
import { expect, test } from 'vitest';

test.each<[string[], object]>([
  [['CMD ["a","b"]'], { Cmd: ['a', 'b'] }],
  [['cmd echo  hi'], { Cmd: ['/bin/sh', '-c', 'echo  hi'] }],
  [['ENV A=1 B="x y" C=$A-${A}', 'ENV D ${NO:-old  form}'], { Env: ['A=1', 'B=x y', 'C=-', 'D=old  form'] }],
  [['ENV A=1', "ENV B=$A '$A'=q", 'ENV A=2'], { Env: ['A=2', 'B=1', '$A=q'] }],
  [['LABEL a=b "c d"="e f"', 'LABEL a=x'], { Labels: { a: 'x', 'c d': 'e f' } }],
  [
    ['EXPOSE 80 53/UDP 8000-8002'],
    { ExposedPorts: { '80/tcp': {}, '53/udp': {}, '8000/tcp': {}, '8001/tcp': {}, '8002/tcp': {} } },
  ],
  [['VOLUME ["/a b"]', 'VOLUME /c /d'], { Volumes: { '/a b': {}, '/c': {}, '/d': {} } }],
  [
    ['WORKDIR /a', 'WORKDIR b/../c', 'USER 1000:1000', 'STOPSIGNAL SIGQUIT'],
    { WorkingDir: '/a/c', User: '1000:1000', StopSignal: 'SIGQUIT' },
  ],
  [
    ['HEALTHCHECK --interval=1m30s --retries=3 CMD ["x"]'],
    { Healthcheck: { Interval: 90e9, Retries: 3, Test: ['CMD', 'x'] } },
  ],
  [['HEALTHCHECK NONE'], { Healthcheck: { Test: ['NONE'] } }],
  [['ONBUILD RUN make'], { OnBuild: ['RUN make'] }],
  [['ENTRYPOINT ["e"]\nCMD ["c"]'], { Entrypoint: ['e'], Cmd: ['c'] }],
])('%j', (changes, expected) => {
  expect(applyChanges({}, changes)).toEqual(expected);
});

test('a new entrypoint forgets the inherited command only', () => {
  expect(applyChanges({ Cmd: ['old'] }, ['ENTRYPOINT ["e"]'])).toEqual({ Entrypoint: ['e'] });
  expect(applyChanges({ Cmd: ['old'] }, ['CMD ["new"]', 'ENTRYPOINT ["e"]'])).toEqual({
    Entrypoint: ['e'],
    Cmd: ['new'],
  });
});

test.each([
  'RUN x',
  'CMD',
  'ENV',
  'ENV a',
  'ENV =x',
  'EXPOSE 0',
  'EXPOSE 70000',
  'EXPOSE x',
  'LABEL "a',
  'USER a b',
  'HEALTHCHECK x',
  'HEALTHCHECK --interval=5 CMD x',
  'ONBUILD FROM x',
  'ENV A=${',
  'CMD a\0b',
])('%j is refused', (change) => {
  expect(() => applyChanges({}, [change])).toThrow(expect.objectContaining({ code: 'CHANGE_INVALID' }));
});

test('any text is applied or refused', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('CMD', 'ENV', 'LABEL', 'EXPOSE', 'VOLUME', 'HEALTHCHECK'),
      fc.string(),
      (name, text) => {
        try {
          applyChanges({}, [`${name} ${text}`]);
        } catch (error) {
          expect((error as { code: string }).code).toBe('CHANGE_INVALID');
        }
      },
    ),
  );
});

test('an image built upon another keeps what it does not know', async () => {
  const base = {
    architecture: 'amd64',
    os: 'linux',
    config: { Env: ['A=1'], Cmd: null },
    rootfs: { type: 'layers', diff_ids: [digestOf('1')] },
    'os.features': ['x'],
    container: 'gone',
  };
  const document = configDocument(await parseImageConfig(Buffer.from(JSON.stringify(base))));
  const next = appendLayer(document, { diffId: digestOf('2'), created: new Date(0), createdBy: 'commit' });
  const written = JSON.parse(
    encodeDocument({ ...next, config: applyChanges(next.config, ['USER u']) }).toString(),
  );
  expect(written).toEqual({
    architecture: 'amd64',
    os: 'linux',
    created: '1970-01-01T00:00:00.000Z',
    config: { Env: ['A=1'], User: 'u' },
    rootfs: { type: 'layers', diff_ids: [digestOf('1'), digestOf('2')] },
    history: [{ created: '1970-01-01T00:00:00.000Z', created_by: 'commit' }],
    'os.features': ['x'],
  });
  expect(
    encodeDocument(newImageConfig({ os: 'linux', architecture: 'arm64' }, new Date(0))).toString(),
  ).toContain('"architecture":"arm64"');
});
