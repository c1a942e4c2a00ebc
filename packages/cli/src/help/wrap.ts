/** Break text at spaces so that no line is longer than `width`; its own line breaks stay. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    let line = '';
    for (const word of paragraph.split(' ')) {
      if (line !== '' && line.length + 1 + word.length > width) {
        lines.push(line);
        line = word;
      } else line = line === '' ? word : `${line} ${word}`;
    }
    lines.push(line);
  }
  return lines;
}

/** Two columns: names, and their explanation wrapped beside them. */
export function twoColumns(
  rows: readonly (readonly [string, string])[],
  columns: number,
  indent: string,
): string[] {
  const left = Math.max(...rows.map(([name]) => name.length)) + 3;
  const width = Math.max(20, columns - indent.length - left - 1);
  return rows.flatMap(([name, text]) => {
    const [first = '', ...more] = wrap(text, width);
    return [
      `${indent}${name.padEnd(left)}${first}`.trimEnd(),
      ...more.map((line) => `${indent}${' '.repeat(left)}${line}`),
    ];
  });
}
