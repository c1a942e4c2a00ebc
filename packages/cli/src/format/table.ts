import { json } from './functions.ts';
import { compileTemplate, TemplateError, unescapeText } from './template.ts';

/** How a kind of row is shown: docker's field names, their headers, and the default columns. */
export interface TableView {
  /** Field → header: `ID` → `CONTAINER ID`. */
  readonly headers: Readonly<Record<string, string>>;
  /** Template of the default table, without `table `. */
  readonly columns: string;
  /** Template of `--quiet`. */
  readonly quiet?: string;
}

/** Values by field; a function is a method such as `.Label "key"`. Only strings are part of `json`. */
export type TableRow = Readonly<Record<string, unknown>>;

export interface TableOptions {
  readonly format: string | undefined;
  readonly quiet: boolean;
}

/** Columns as Go's tabwriter makes them with docker's settings: at least 10 wide, 3 apart, the last not padded. */
export function tabulate(lines: readonly (readonly string[])[], least = 10): string[] {
  const widths: number[] = [];
  for (const cells of lines) {
    cells.slice(0, -1).forEach((cell, at) => {
      widths[at] = Math.max(widths[at] ?? least, [...cell].length + 3);
    });
  }
  return lines.map((cells) =>
    cells
      .map((cell, at) => (at === cells.length - 1 ? cell : cell + ' '.repeat(widths[at]! - [...cell].length)))
      .join(''),
  );
}

function headerRow(view: TableView): TableRow {
  const upper = (name: string): string => name.replace(/([a-z])([A-Z])/g, '$1 $2').toUpperCase();
  return { ...view.headers, Label: (name: string) => upper(name.split('.').at(-1) ?? name) };
}

function render(template: string, row: TableRow): string {
  try {
    return compileTemplate(template)(row);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    const fields = Object.keys(row).join(', ');
    throw new TemplateError(`${error.message.replace(/^template: /, '')}; the fields are ${fields}`);
  }
}

/** Lines of `--format`, `--quiet` or the default table. Rows without a header line when `quiet`. @throws TemplateError */
export function formatTable(rows: readonly TableRow[], view: TableView, options: TableOptions): string[] {
  const format = options.format?.trim() ?? '';
  if (options.quiet && view.quiet !== undefined && (format === '' || format === 'table')) {
    const quiet = compileTemplate(view.quiet);
    return rows.map((row) => quiet(row));
  }
  if (format === 'json') return rows.map((row) => json(sorted(row)));
  if (format !== '' && !/^table(?:\s|$)/.test(format)) {
    return rows.map((row) => render(unescapeText(format), sorted(row)));
  }
  const columns = format.slice('table'.length).trim();
  const template = columns === '' ? view.columns : unescapeText(columns);
  const lines = [headerRow(view), ...rows].map((row) => render(template, row).split('\t'));
  return tabulate(lines);
}

/** Fields in Go's map order; JSON leaves methods out. */
function sorted(row: TableRow): TableRow {
  return Object.fromEntries(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)));
}
