import { describe, expect, test } from 'vitest';
import { parseFilters } from '../src/filters.ts';
import type { SnapshotInfo } from '../src/index.ts';

const info: SnapshotInfo = {
  kind: 'active',
  name: 'default/3/extract-1 sha256:ab',
  parent: 'default/2/sha256:cd',
  labels: { plain: 'yes', 'a.b/c': 'ä"\\', empty: '', constructor: 'own' },
  created: new Date(0),
  updated: new Date(0),
};

const cases: readonly (readonly [matches: boolean, ...filters: readonly string[]])[] = [
  [true],
  [true, ''],
  [true, 'kind==active'],
  [false, 'kind==committed'],
  [true, 'kind!=committed'],
  [true, 'kind == active , parent==default/2/sha256:cd'],
  [true, 'name=="default/3/extract-1 sha256:ab"'],
  [false, 'name==default/3/extract-1'],
  [true, 'kind==view', 'kind==active'],
  [false, 'kind==active,parent==""'],
  [true, 'labels.plain'],
  [true, 'labels.plain==yes'],
  [false, 'labels.plain==ye'],
  [true, 'labels."plain"==yes'],
  [true, 'labels."a.b/c"=="\\u00e4\\"\\\\"'],
  [true, 'labels."a.b/c"=="\\303\\xa4\\x22\\134"'],
  [true, 'labels.a."b/c"'],
  [true, 'labels.empty'],
  [true, 'labels.empty==""'],
  [false, 'labels.missing'],
  [true, 'labels.missing!=x'],
  [true, 'labels.missing!=x,labels.plain~=^y'],
  [true, 'labels.constructor==own'],
  [false, 'labels.toString'],
  [true, 'name~="^default/[0-9]+/"'],
  [true, 'name~=/^default\\/\\d+\\/extract-/'],
  [true, 'name~=|^default/\\d+/extract-|'],
  [true, 'kind~=(?i)ACTIVE'],
  [false, 'kind~=ACTIVE'],
  [false, 'nonsense'],
  [false, 'nonsense==x'],
  [true, 'nonsense!=x'],
];

test.for(cases)('matches %s: %s', ([expected, ...filters]) => {
  expect(parseFilters(filters)(info)).toBe(expected);
});

describe('is refused, with its text', () => {
  test.for([
    'name==',
    'name=',
    'name===x',
    'name==x,',
    ',',
    'name x',
    'name.',
    '==x',
    'name=="x',
    'name=="\\q"',
    'name=="\\x4"',
    'name=="\\777"',
    'name=="\\U00110000"',
    'name==/x/',
    '|name|==x',
    'name~=(',
    'labels."x\ny"',
  ])('%s', (filter) => {
    expect(() => parseFilters([filter])).toThrow(
      expect.objectContaining({ kind: 'invalid-argument', code: 'FILTER_INVALID' }),
    );
    expect(() => parseFilters(['kind==active', filter])).toThrow(JSON.stringify(filter));
  });
});
