/** Tar archives built byte by byte, apart from the code under test, so that they can be as wrong as we like. */
export interface Member {
  readonly name?: string | Buffer;
  readonly type?: string;
  readonly link?: string | Buffer;
  readonly mode?: number;
  readonly uid?: number;
  readonly gid?: number;
  readonly mtime?: number;
  readonly content?: string | Buffer;
  /** Header size field, when it should lie. */
  readonly size?: number;
  readonly major?: number;
  readonly minor?: number;
  /** A PAX header before this member. */
  readonly pax?: Readonly<Record<string, string | Buffer>> | readonly (readonly [string, string | Buffer])[];
  readonly xattrs?: Readonly<Record<string, string | Buffer>>;
  readonly magic?: string;
  readonly prefix?: string;
  /** Raw bytes by offset, written before the checksum. */
  readonly patch?: Readonly<Record<number, Buffer>>;
  readonly badChecksum?: boolean;
}

export const file = (name: string | Buffer, content: string | Buffer = '', more: Member = {}): Member => ({
  name,
  content,
  ...more,
});
export const dir = (name: string | Buffer, mode = 0o755, more: Member = {}): Member => ({
  name,
  type: '5',
  mode,
  ...more,
});
export const symlink = (link: string | Buffer, name: string | Buffer, more: Member = {}): Member => ({
  name,
  type: '2',
  link,
  ...more,
});
export const hardlink = (link: string | Buffer, name: string | Buffer, more: Member = {}): Member => ({
  name,
  type: '1',
  link,
  ...more,
});
export const device = (name: string, numbers: readonly [number, number], more: Member = {}): Member => ({
  name,
  type: '3',
  major: numbers[0],
  minor: numbers[1],
  ...more,
});

const bytes = (value: string | Buffer): Buffer => (typeof value === 'string' ? Buffer.from(value) : value);

export function paxRecord(key: string, value: string | Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(` ${key}=`), bytes(value), Buffer.from('\n')]);
  let length = body.length + 1;
  while (String(length).length + body.length !== length) length = String(length).length + body.length;
  return Buffer.concat([Buffer.from(String(length)), body]);
}

export function padded(content: Buffer): Buffer {
  return Buffer.concat([content, Buffer.alloc((512 - (content.length % 512)) % 512)]);
}

function numeric(value: number, width: number): Buffer {
  const field = Buffer.alloc(width);
  if (value >= 0 && value < 8 ** (width - 1))
    field.write(value.toString(8).padStart(width - 1, '0'), 'latin1');
  else {
    let rest = BigInt.asUintN(8 * width, BigInt(value));
    for (let i = width - 1; i >= 0; i--, rest >>= 8n) field[i] = Number(rest & 0xffn);
    field[0] = field[0]! | 0x80;
  }
  return field;
}

export function header(m: Member): Buffer {
  const block = Buffer.alloc(512);
  const content = bytes(m.content ?? '');
  bytes(m.name ?? '')
    .subarray(0, 100)
    .copy(block, 0);
  numeric(m.mode ?? 0o644, 8).copy(block, 100);
  numeric(m.uid ?? 0, 8).copy(block, 108);
  numeric(m.gid ?? 0, 8).copy(block, 116);
  numeric(m.size ?? content.length, 12).copy(block, 124);
  numeric(m.mtime ?? 1_600_000_000, 12).copy(block, 136);
  block.fill(' ', 148, 156);
  block.write(m.type ?? '0', 156, 'latin1');
  bytes(m.link ?? '')
    .subarray(0, 100)
    .copy(block, 157);
  block.write(m.magic ?? 'ustar\x0000', 257, 'latin1');
  numeric(m.major ?? 0, 8).copy(block, 329);
  numeric(m.minor ?? 0, 8).copy(block, 337);
  block.write(m.prefix ?? '', 345, 'latin1');
  for (const [at, patch] of Object.entries(m.patch ?? {})) patch.copy(block, Number(at));
  const sum = block.reduce((a, b) => a + b, 0) + (m.badChecksum === true ? 1 : 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

export function member(m: Member): Buffer {
  const content = bytes(m.content ?? '');
  const records = Array.isArray(m.pax) ? [...m.pax] : Object.entries(m.pax ?? {});
  for (const [name, value] of Object.entries(m.xattrs ?? {})) records.push([`SCHILY.xattr.${name}`, value]);
  for (const [key, value] of [['path', m.name] as const, ['linkpath', m.link] as const]) {
    if (value !== undefined && bytes(value).length > 100) records.push([key, value]);
  }
  const parts = [header(m), padded(content)];
  if (records.length > 0) {
    const body = Buffer.concat(records.map(([key, value]) => paxRecord(key, value)));
    parts.unshift(header({ name: 'PaxHeaders/x', type: 'x', content: body }), padded(body));
  }
  return Buffer.concat(parts);
}

export const END = Buffer.alloc(1024);

export function tar(...members: readonly (Member | Buffer)[]): Buffer {
  return Buffer.concat([...members.map((m) => (Buffer.isBuffer(m) ? m : member(m))), END]);
}

export async function* inChunks(bytes: Buffer, size = 2 ** 20): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
