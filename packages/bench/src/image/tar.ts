/** Just enough of POSIX ustar to make images and changes whose bytes are the same everywhere. */
const BLOCK = 512;

export interface TarFile {
  /** At most 100 bytes, ASCII. */
  readonly path: string;
  readonly mode: number;
  /** Undefined: a directory. */
  readonly content?: Buffer;
}

export function tarEntry({ path, mode, content }: TarFile): Buffer {
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, at: number, length: number): void => {
    header.write(`${value.toString(8).padStart(length - 1, '0')}\0`, at, 'latin1');
  };
  header.write(content === undefined ? `${path}/` : path, 0, 'latin1');
  octal(mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(content?.length ?? 0, 124, 12);
  octal(1_700_000_000, 136, 12);
  header.write('        ', 148, 'latin1');
  header.write(content === undefined ? '5' : '0', 156, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  if (content === undefined || content.length === 0) return header;
  const padding = Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK);
  return Buffer.concat([header, content, padding]);
}

export const tarEnd = (): Buffer => Buffer.alloc(2 * BLOCK);

export async function* tarOf(files: Iterable<TarFile>): AsyncGenerator<Buffer> {
  for (const file of files) yield tarEntry(file);
  yield tarEnd();
}
