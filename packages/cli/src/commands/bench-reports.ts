/** Where the reports of a bench go. */
import { open, stat, unlink, writeFile } from 'node:fs/promises';
import type { BenchReport } from '@strata/bench';
import { errnoOf } from '@strata/core';
import type { CommandContext } from '../context.ts';

type Bench = typeof import('../bench-bundle.ts');
const FORMS = ['json', 'markdown', 'html'] as const;
type Form = (typeof FORMS)[number];

/** A report that cannot be written should not be found out after ten minutes. */
export async function checkTargets({ flags }: CommandContext): Promise<void> {
  const targets = FORMS.map((form) => [form, flags.string(form)] as const);
  if (targets.filter(([, file]) => file === '-').length > 1)
    throw flags.conflict('standard output can take one report only');
  for (const [form, file] of targets) {
    if (file === undefined || file === '-') continue;
    if (file === '') throw flags.invalid(form, file, 'the name of a file is needed');
    const found = await stat(file).catch(() => undefined);
    if (found?.isDirectory()) throw flags.invalid(form, file, 'it is a directory');
    // Opening a pipe would wait for its reader.
    if (found !== undefined && !found.isFile()) continue;
    await (await open(file, 'a')).close();
    if (found === undefined) await unlink(file);
  }
}

const render = (bench: Bench, form: Form, report: BenchReport): string =>
  ({ json: bench.renderJson, markdown: bench.renderMarkdown, html: bench.renderHtml })[form](report);

/** Write what was asked for, and say where it is. What cannot be written is returned: the rest is worth having. */
export async function writeReports(
  { flags, io }: CommandContext,
  bench: Bench,
  report: BenchReport,
): Promise<Error[]> {
  const failures: Error[] = [];
  for (const form of FORMS) {
    const file = flags.string(form);
    if (file === undefined || file === '-') continue;
    try {
      await writeFile(file, render(bench, form, report));
      io.err(`${file} written\n`);
    } catch (error) {
      if (errnoOf(error) === undefined) throw error;
      failures.push(error as Error);
    }
  }
  return failures;
}

/** For standard output: the form that was asked to go there, else a table. */
export function printed(
  { flags, io, settings }: CommandContext,
  bench: Bench,
  report: BenchReport,
): string[] {
  const form = FORMS.find((one) => flags.string(one) === '-') ?? (settings.json ? 'json' : undefined);
  return form === undefined
    ? bench.renderTable(report, io.windowSize(1)?.columns)
    : render(bench, form, report).trimEnd().split('\n');
}
