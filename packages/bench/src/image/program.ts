/** A static program of a few bytes that ends with status 0: the shortest life a container can have, in any image. */
import { StrataError } from '@strata/core';

const CODE: Readonly<Partial<Record<string, { readonly machine: number; readonly code: string }>>> = {
  // xor edi, edi; mov eax, 60 (exit); syscall
  x64: { machine: 62, code: '31ffb83c0000000f05' },
  // mov x0, #0; mov x8, #93 (exit); svc #0
  arm64: { machine: 183, code: '000080d2a80b80d2010000d4' },
};

const ADDRESS = 0x40_0000n;
const HEADERS = 64 + 56;

/** An ELF executable (elf(5)): one header, one loadable segment, the code. */
export function exitProgram(architecture: string = process.arch): Buffer {
  const known = CODE[architecture];
  if (known === undefined)
    throw new StrataError(
      'unsupported',
      'BENCH_ARCHITECTURE',
      `There is no test program for ${architecture}`,
    );
  const code = Buffer.from(known.code, 'hex');
  const size = BigInt(HEADERS + code.length);
  const elf = Buffer.alloc(HEADERS);
  elf.write('\x7fELF\x02\x01\x01', 0, 'latin1');
  elf.writeUInt16LE(2, 16); // ET_EXEC
  elf.writeUInt16LE(known.machine, 18);
  elf.writeUInt32LE(1, 20);
  elf.writeBigUInt64LE(ADDRESS + BigInt(HEADERS), 24); // entry
  elf.writeBigUInt64LE(64n, 32); // program headers
  elf.writeUInt16LE(64, 52);
  elf.writeUInt16LE(56, 54);
  elf.writeUInt16LE(1, 56);
  elf.writeUInt32LE(1, 64); // PT_LOAD
  elf.writeUInt32LE(5, 68); // read, execute
  elf.writeBigUInt64LE(ADDRESS, 80);
  elf.writeBigUInt64LE(ADDRESS, 88);
  elf.writeBigUInt64LE(size, 96);
  elf.writeBigUInt64LE(size, 104);
  elf.writeBigUInt64LE(4096n, 112);
  return Buffer.concat([elf, code]);
}
