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

const isAscii = (text: string): boolean => !/[^\x20-\x7e]/.test(text);

/** Columns as Go's tabwriter makes them with docker's settings: at least 10 wide, 3 apart, the last not padded. */
export function tabulate(lines: readonly (readonly string[])[], least = 10): string[] {
  // Nearly always; then a cell is as wide as it is long.
  const plain = lines.every((cells) => isAscii(cells.join('')));
  const widthOf = (cell: string): number => (plain ? cell.length : [...cell].length);
  const widths: number[] = [];
  for (const cells of lines)
    for (let at = 0; at < cells.length - 1; at++)
      widths[at] = Math.max(widths[at] ?? least, widthOf(cells[at]!) + 3);
  return lines.map((cells) => {
    let line = '';
    for (let at = 0; at < cells.length - 1; at++) {
      const cell = cells[at]!;
      line += plain ? cell.padEnd(widths[at]!) : cell + ' '.repeat(widths[at]! - widthOf(cell));
    }
    return line + (cells.at(-1) ?? '');
  });
}

function headerRow(view: TableView): TableRow {
  const upper = (name: string): string => name.replace(/([a-z])([A-Z])/g, '$1 $2').toUpperCase();
  return { ...view.headers, Label: (name: string) => upper(name.split('.').at(-1) ?? name) };
}

/** One for all rows. */
function renderer(template: string): (row: TableRow) => string {
  const compiled: (row: TableRow) => string = compileTemplate(template);
  return (row) => {
    try {
      return compiled(row);
    } catch (error) {
      if (!(error instanceof TemplateError)) throw error;
      const fields = Object.keys(row).join(', ');
      throw new TemplateError(`${error.problem}; the fields are ${fields}`);
    }
  };
}

/** `{{.ID}}\t{{.Names}}`: the fields of a template that is nothing else. */
function plainFields(template: string): readonly string[] | undefined {
  if (!/^\{\{\.\w+\}\}(?:\t\{\{\.\w+\}\})*$/.test(template)) return undefined;
  return template.split('\t').map((text) => text.slice(3, -2));
}

/** What a view shows when nobody says otherwise: rows need no other fields. Undefined: they may need all. */
export function shownFields(view: TableView, options: TableOptions): readonly string[] | undefined {
  const format = options.format?.trim() ?? '';
  if (format !== '' && format !== 'table') return undefined;
  return plainFields(options.quiet && view.quiet !== undefined ? view.quiet : view.columns);
}

/** Cells of each row: looked up where the template is plain fields, which most are, else rendered. */
function cellsOf(template: string, rows: readonly TableRow[]): string[][] {
  const plain = plainCells(template, rows);
  if (plain !== undefined) return plain;
  const render = renderer(template);
  return rows.map((row) => render(row).split('\t'));
}

/** Undefined when one of them is not plain text. */
function plainCells(template: string, rows: readonly TableRow[]): string[][] | undefined {
  const fields = plainFields(template);
  if (fields === undefined) return undefined;
  const all: string[][] = [];
  for (const row of rows) {
    const cells: string[] = [];
    for (const field of fields) {
      const text = row[field];
      if (typeof text !== 'string' || text.includes('\t')) return undefined;
      cells.push(text);
    }
    all.push(cells);
  }
  return all;
}

/** Lines of `--format`, `--quiet` or the default table. Rows without a header line when `quiet`. @throws TemplateError */
export function formatTable(rows: readonly TableRow[], view: TableView, options: TableOptions): string[] {
  const format = options.format?.trim() ?? '';
  if (options.quiet && view.quiet !== undefined && (format === '' || format === 'table')) {
    return cellsOf(view.quiet, rows).map((cells) => cells.join('\t'));
  }
  if (format === 'json') return rows.map((row) => json(sorted(row)));
  if (format !== '' && !/^table(?:\s|$)/.test(format)) {
    const render = renderer(unescapeText(format));
    return rows.map((row) => render(sorted(row)));
  }
  const columns = format.slice('table'.length).trim();
  const template = columns === '' ? view.columns : unescapeText(columns);
  return tabulate(cellsOf(template, [headerRow(view), ...rows]));
}

/** Fields in Go's map order; JSON leaves methods out. */
function sorted(row: TableRow): TableRow {
  return Object.fromEntries(Object.entries(row).sort(([a], [b]) => (a < b ? -1 : 1)));
}
