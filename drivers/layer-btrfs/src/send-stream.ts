/** The stream of btrfs-send(8), version 1: the names in it, of which Strata wants no more. */
import { StrataError } from '@strata/core';

const MAGIC = Buffer.from('btrfs-stream\0', 'latin1');
const FILE_HEADER = MAGIC.length + 4;
const COMMAND_HEADER = 10;
/** A command without data holds two names at most, and an attribute of an inode of at most 64 KiB. */
const LONGEST = 256 * 1024;

const RENAME = 9;
const PATH = 15;
const PATH_TO = 16;
const PATH_LINK = 17;

export interface SentNames {
  /** Relative, raw bytes; also those that existed only in between. */
  readonly names: readonly Buffer[];
  readonly renamedTo: Buffer | undefined;
}

/** One item for each command. @throws internal `BTRFS_FAILED` for anything that is no such stream */
export async function* sentNames(stream: AsyncIterable<Uint8Array>): AsyncGenerator<SentNames> {
  let rest: Buffer = Buffer.alloc(0);
  let begun = false;
  for await (const chunk of stream) {
    rest = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
    let at = 0;
    if (!begun) {
      if (rest.length < FILE_HEADER) continue;
      if (!rest.subarray(0, MAGIC.length).equals(MAGIC)) throw broken('it does not begin as one');
      begun = true;
      at = FILE_HEADER;
    }
    while (rest.length - at >= COMMAND_HEADER) {
      const length = rest.readUInt32LE(at);
      if (length > LONGEST) throw broken(`a command of ${length} bytes`);
      if (rest.length - at < COMMAND_HEADER + length) break;
      const command = rest.readUInt16LE(at + 4);
      yield namesOf(command, rest.subarray(at + COMMAND_HEADER, at + COMMAND_HEADER + length));
      at += COMMAND_HEADER + length;
    }
    rest = rest.subarray(at);
  }
  if (rest.length > 0) throw broken('it ends early');
}

function namesOf(command: number, attributes: Buffer): SentNames {
  const names: Buffer[] = [];
  let renamedTo: Buffer | undefined;
  for (let at = 0; at + 4 <= attributes.length; ) {
    const type = attributes.readUInt16LE(at);
    const end = at + 4 + attributes.readUInt16LE(at + 2);
    if (end > attributes.length) throw broken('an attribute is cut off');
    const value = Buffer.from(attributes.subarray(at + 4, end));
    if (type === PATH || type === PATH_TO || type === PATH_LINK) names.push(value);
    if (type === PATH_TO && command === RENAME) renamedTo = value;
    at = end;
  }
  return { names, renamedTo };
}

function broken(what: string): StrataError {
  return new StrataError('internal', 'BTRFS_FAILED', `btrfs send wrote something that is no stream: ${what}`);
}
