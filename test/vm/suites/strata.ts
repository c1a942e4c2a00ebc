/** The program as built, over a store of its own. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Host, RunResult } from '@strata/core';

const program = resolve(import.meta.dirname, '../../../packages/cli/bin/strata');
const okCodes = Array.from({ length: 256 }, (_, code) => code);
const applets = ['sh', 'cat', 'chmod', 'dd', 'rm', 'sleep', 'stat', 'tail', 'mknod', 'true'];

export class Strata {
  readonly #host: Host;
  readonly #options: readonly string[];

  /** `options`: global ones, before the command. */
  constructor(host: Host, options: readonly string[] = []) {
    this.#host = host;
    this.#options = options;
  }

  attempt(...args: string[]): Promise<RunResult> {
    return this.#host.exec.run(program, [...this.#options, ...args], {
      timeout: 120_000,
      okCodes,
      // To start one takes seconds of an emulated processor.
      env: { STRATA_STANDBY: 'off' },
    });
  }

  /** Standard output, trimmed. */
  async ok(...args: string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.attempt(...args);
    assert.equal(exitCode, 0, `strata ${args.join(' ')} ended with ${exitCode}: ${stderr}${stdout}`);
    return stdout.trim();
  }

  /** busybox and a file of 8 MiB, `/big`. */
  async importBusybox(image: string): Promise<void> {
    const work = mkdtempSync('/tmp/busybox-');
    for (const name of ['bin', 'tmp', 'etc']) mkdirSync(join(work, name));
    copyFileSync('/bin/busybox', join(work, 'bin/busybox'));
    for (const applet of applets) symlinkSync('busybox', join(work, 'bin', applet));
    writeFileSync(join(work, 'big'), Buffer.alloc(8 * 2 ** 20, 1));
    await this.#host.exec.run('tar', ['-C', work, '-cf', `${work}.tar`, '.']);
    await this.ok('import', `${work}.tar`, image);
  }
}
