/**
 * containerd's filters (containerd `pkg/filters`), over snapshots:
 *
 *     filter    := selector ("," selector)*            all must match
 *     selector  := fieldpath [operator value]          without: is it there?
 *     fieldpath := field ("." field)*                  kind, name, parent, labels.<name>
 *     field     := quoted | [A-Za-z0-9_]+
 *     operator  := "==" | "!=" | "~="
 *     value     := quoted | [^\s,]+                    after ~= a regular expression, also quoted by / or |
 *
 * Several filters: any of them. None, or an empty one: everything.
 */

import { snapshotterErrors } from './errors.ts';
import { FilterScanner, type Token } from './filter-scanner.ts';
import type { SnapshotInfo } from './snapshotter.ts';

export type Matcher = (info: SnapshotInfo) => boolean;

const everything: Matcher = () => true;

/** @throws invalid-argument `FILTER_INVALID` */
export function parseFilters(filters: readonly string[]): Matcher {
  if (filters.length === 0) return everything;
  const any = filters.map(parseFilter);
  return (info) => any.some((matches) => matches(info));
}

function parseFilter(filter: string): Matcher {
  if (filter === '') return everything;
  try {
    const scanner = new FilterScanner(filter);
    const all = [selector(scanner)];
    for (let token = scanner.next(); token.kind !== 'end'; token = scanner.next()) {
      if (token.text !== ',' || token.kind !== 'separator') throw new SyntaxError(`unexpected ${token.text}`);
      all.push(selector(scanner));
    }
    return (info) => all.every((matches) => matches(info));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw snapshotterErrors.filter(filter, error.message);
  }
}

function selector(scanner: FilterScanner): Matcher {
  const path = [field(scanner.next())];
  while (scanner.peek() === '.') {
    scanner.next();
    path.push(field(scanner.next()));
  }
  if (scanner.peek() === ',' || scanner.peek() === undefined)
    return (info) => lookUp(info, path) !== undefined;
  const operator = scanner.next();
  if (operator.kind !== 'operator') throw new SyntaxError(`an operator is missing before ${operator.text}`);
  const value = scanner.value();
  if (operator.text === '~=') {
    const expression = goExpression(value.text);
    return (info) => expression.test(lookUp(info, path) ?? '');
  }
  const text = plain(value);
  if (operator.text === '==') return (info) => lookUp(info, path) === text;
  if (operator.text === '!=') return (info) => (lookUp(info, path) ?? '') !== text;
  throw new SyntaxError(`unknown operator ${operator.text}`);
}

function field(token: Token): string {
  if (token.kind === 'field' || (token.kind === 'quoted' && token.quote === '"')) return token.text;
  throw new SyntaxError(token.kind === 'end' ? 'a field is missing at the end' : `${token.text} is no field`);
}

function plain(value: Token): string {
  if (value.kind === 'quoted' && value.quote !== '"')
    throw new SyntaxError(`only regular expressions may be quoted by ${value.quote}`);
  return value.text;
}

/** Go's syntax is ours, but for leading flags. */
function goExpression(text: string): RegExp {
  const [, flags = '', expression = ''] = /^(?:\(\?([ims]+)\))?(.*)$/s.exec(text) ?? [];
  return new RegExp(expression, flags);
}

function lookUp(info: SnapshotInfo, [first, ...rest]: readonly string[]): string | undefined {
  switch (first) {
    case 'kind':
      return info.kind;
    case 'name':
      return info.name;
    case 'parent':
      return info.parent ?? '';
    case 'labels': {
      const name = rest.join('.');
      return Object.hasOwn(info.labels, name) ? info.labels[name] : undefined;
    }
    default:
      return undefined;
  }
}
