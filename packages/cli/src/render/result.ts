import type { CommandContext, CommandResult, Output } from '../context.ts';
import { json } from '../format/functions.ts';
import { formatTable } from '../format/table.ts';
import { compileTemplate, unescapeText } from '../format/template.ts';
import { renderError } from './error.ts';

type Style = Pick<CommandContext, 'io' | 'settings'>;

/** Objects as `docker inspect` prints them. */
function objectLines(output: Extract<Output, { kind: 'objects' }>, asJson: boolean): string[] {
  const format = output.format?.trim() ?? '';
  if (asJson || format === 'json') return output.values.map((value) => json(value));
  if (format !== '') {
    const template = compileTemplate(unescapeText(format));
    return output.values.map((value) => template(value));
  }
  if (output.text !== undefined) return [...output.text];
  return [JSON.stringify(output.single === true ? output.values[0] : output.values, undefined, 4)];
}

function linesOf(output: Exclude<Output, { kind: 'stream' }>, asJson: boolean): readonly string[] {
  if (output.kind === 'lines') return asJson ? output.lines.map((line) => json(line)) : output.lines;
  if (output.kind === 'objects') return objectLines(output, asJson);
  const format = output.format ?? (asJson ? 'json' : undefined);
  return formatTable(output.rows, output.view, { format, quiet: output.quiet === true && !asJson });
}

/** Print what a command returned and give its exit status. */
export async function renderResult(result: CommandResult, { io, settings }: Style): Promise<number> {
  const { output, failures = [] } = result;
  if (output?.kind === 'stream') {
    for await (const line of output.lines) io.out(`${line}\n`);
  } else if (output !== undefined) {
    const lines = linesOf(output, settings.json);
    if (lines.length > 0) io.out(`${lines.join('\n')}\n`);
  }
  for (const failure of failures) io.err(renderError(failure, settings));
  return result.exitCode ?? (failures.length > 0 && result.forgiven !== true ? 1 : 0);
}
