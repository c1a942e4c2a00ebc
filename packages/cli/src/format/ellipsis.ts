/** At most `size` characters, the last one `…` when some are missing. */
export function ellipsis(text: string, size: number): string {
  // Never more characters than units.
  if (text.length <= size) return text;
  const characters = [...text];
  return characters.length > size ? `${characters.slice(0, size - 1).join('')}…` : text;
}
