import type { ByteSource } from '../stream/byte-source.ts';
import { badHeader, parseNumber } from './header-block.ts';
import { type PaxRecords, paxInteger } from './pax-records.ts';
import { BLOCK, MAX_EXTENSION, type SparseRegion } from './tar-entry.ts';

/** Regions, size when unpacked, and bytes that follow in the archive (all three GNU ways of saying so). */
export interface SparseMap {
  readonly regions: readonly SparseRegion[];
  readonly realSize: number;
  readonly dataSize: number;
}

/** GNU tar's own format (type `S`): four regions in the header, 21 in each block that follows. */
export async function readGnuSparse(
  source: ByteSource,
  header: Buffer,
  name: Buffer,
): Promise<Omit<SparseMap, 'dataSize'>> {
  const realSize = parseNumber(header, 483, 12, name);
  const regions: SparseRegion[] = [];
  readTable(header, { start: 386, count: 4, name }, regions);
  let more = header[482] !== 0;
  for (let read = 0; more; ) {
    read += BLOCK;
    if (read > MAX_EXTENSION) throw badHeader(name, 'has a sparse map of more than 1 MiB');
    const block = await source.take(BLOCK);
    if (block.length < BLOCK) throw badHeader(name, 'ends in the middle of its sparse map');
    readTable(block, { start: 0, count: 21, name }, regions);
    more = block[504] !== 0;
  }
  return { regions, realSize };
}

function readTable(
  block: Buffer,
  table: { start: number; count: number; name: Buffer },
  regions: SparseRegion[],
): void {
  for (let i = 0; i < table.count; i++) {
    const at = table.start + 24 * i;
    if (block[at] === 0) return;
    regions.push({
      offset: parseNumber(block, at, 12, table.name),
      length: parseNumber(block, at + 12, 12, table.name),
    });
  }
}

/** PAX 0.0 (a pair of records per region) and 0.1 (one list). `undefined`: these records describe no sparse file. */
export function paxSparse(records: PaxRecords, name: Buffer): readonly SparseRegion[] | undefined {
  const numbers: number[] = [];
  let found = false;
  for (const [key, value] of records) {
    if (key === 'GNU.sparse.offset' || key === 'GNU.sparse.numbytes') {
      const expected = numbers.length % 2 === 0 ? 'GNU.sparse.offset' : 'GNU.sparse.numbytes';
      if (key !== expected) throw badHeader(name, 'has a sparse map out of order');
      numbers.push(paxInteger(value, key));
      found = true;
    } else if (key === 'GNU.sparse.map') {
      numbers.length = 0;
      found = true;
      if (value.length > 0) {
        for (const part of value.toString('latin1').split(','))
          numbers.push(paxInteger(Buffer.from(part), key));
      }
    }
  }
  return found ? pair(numbers, name) : undefined;
}

/** PAX 1.0: the map, as decimal lines in whole blocks, precedes the data. Returns its size in the archive too. */
export async function readPaxSparse(
  source: ByteSource,
  physicalSize: number,
  name: Buffer,
): Promise<{ regions: readonly SparseRegion[]; mapSize: number }> {
  const numbers: number[] = [];
  let wanted = 1;
  let line = '';
  let mapSize = 0;
  while (numbers.length < wanted) {
    mapSize += BLOCK;
    if (mapSize > MAX_EXTENSION) throw badHeader(name, 'has a sparse map of more than 1 MiB');
    const block = mapSize > physicalSize ? Buffer.alloc(0) : await source.take(BLOCK);
    if (block.length < BLOCK) throw badHeader(name, 'ends in the middle of its sparse map');
    const lines = (line + block.toString('latin1')).split('\n');
    line = lines.pop()!;
    for (const text of lines) {
      if (numbers.length === wanted) break;
      numbers.push(paxInteger(Buffer.from(text), 'GNU.sparse.map'));
      if (numbers.length === 1) wanted = 1 + 2 * numbers[0]!;
      if (!(wanted >= 1 && wanted <= MAX_EXTENSION))
        throw badHeader(name, 'has a sparse map of more than 1 MiB');
    }
    if (line.length > 20 && numbers.length < wanted) throw badHeader(name, 'has a damaged sparse map');
  }
  return { regions: pair(numbers.slice(1), name), mapSize };
}

function pair(numbers: readonly number[], name: Buffer): SparseRegion[] {
  if (numbers.length % 2 !== 0) throw badHeader(name, 'has a damaged sparse map');
  const regions: SparseRegion[] = [];
  for (let i = 0; i < numbers.length; i += 2) regions.push({ offset: numbers[i]!, length: numbers[i + 1]! });
  return regions;
}

/** In order, apart from each other, inside the file, and together exactly the bytes that follow. */
export function checkSparse(map: SparseMap, name: Buffer): void {
  let end = 0;
  let sum = 0;
  for (const { offset, length } of map.regions) {
    if (offset < end || length < 0 || offset + length > map.realSize) {
      throw badHeader(name, 'has a sparse map that does not fit the file');
    }
    end = offset + length;
    sum += length;
  }
  if (sum !== map.dataSize) throw badHeader(name, 'has a sparse map that does not fit its data');
}
