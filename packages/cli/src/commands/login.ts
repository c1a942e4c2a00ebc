import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { StrataError } from '@strata/core';
import type { CommandContext, Handler } from '../context.ts';

const HUB = 'docker.io';
const MAXIMUM = 64 * 1024;

/** Ask on the terminal; the password is not echoed. */
async function ask({ io }: CommandContext, question: string, hidden: boolean): Promise<string> {
  if (!io.isTerminal(0)) {
    throw new StrataError(
      'invalid-argument',
      'LOGIN_NO_TERMINAL',
      'cannot ask for a login without a terminal',
      {
        hint: 'use --username and --password-stdin',
      },
    );
  }
  io.err(question);
  const output = new Writable({ write: (_chunk, _encoding, done) => done() });
  const prompt = createInterface({ input: process.stdin, output, terminal: hidden });
  try {
    return await prompt.question('');
  } finally {
    prompt.close();
    if (hidden) io.err('\n');
  }
}

async function readPassword(): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of process.stdin) {
    size += (chunk as Buffer).length;
    if (size > MAXIMUM)
      throw new StrataError(
        'invalid-argument',
        'PASSWORD_TOO_LONG',
        'the password on stdin is longer than 64 KiB',
      );
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks)
    .toString()
    .replace(/\r?\n$/, '');
}

export const login: Handler = async (context) => {
  const { flags, args, io } = context;
  const given = flags.string('password');
  if (flags.bool('password-stdin') && given !== undefined) {
    throw flags.conflict('conflicting options: cannot specify both --password and --password-stdin');
  }
  if (flags.bool('password-stdin') && flags.string('username') === undefined) {
    throw flags.conflict('the --password-stdin option requires --username to be set');
  }
  if (given !== undefined)
    io.err('WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n');
  const username = flags.string('username') ?? (await ask(context, 'Username: ', false));
  const password = flags.bool('password-stdin')
    ? await readPassword()
    : (given ?? (await ask(context, 'Password: ', true)));
  const { images } = await context.engine();
  const { stored } = await images.login(args[0] ?? HUB, { username, password });
  return { output: { kind: 'lines', lines: [`Login Succeeded (credentials stored in ${stored})`] } };
};

export const logout: Handler = async (context) => {
  const registry = context.args[0] ?? HUB;
  const { images } = await context.engine();
  const was = await images.logout(registry);
  const line = was ? `Removing login credentials for ${registry}` : `Not logged in to ${registry}`;
  return { output: { kind: 'lines', lines: [line] } };
};
