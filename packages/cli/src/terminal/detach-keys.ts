/** Docker's grammar of detach keys (moby/term ascii.go): `ctrl-p,ctrl-q`, `ctrl-@`, `a,b`. */
const NAMED: Readonly<Partial<Record<string, number>>> = { DEL: 127, del: 127 };
const CONTROL = '@abcdefghijklmnopqrstuvwxyz[\\]^_';

export const DEFAULT_DETACH_KEYS = 'ctrl-p,ctrl-q';

function keyByte(key: string): number | undefined {
  const control = /^ctrl-(.)$/i.exec(key)?.[1]?.toLowerCase();
  if (control !== undefined) {
    const code = CONTROL.indexOf(control);
    return code < 0 ? undefined : code;
  }
  return key.length === 1 && key.charCodeAt(0) < 128 ? key.charCodeAt(0) : NAMED[key];
}

/** The bytes of a key sequence; `undefined` when it is not one. `''` is none at all. */
export function parseDetachKeys(text: string): readonly number[] | undefined {
  if (text === '') return [];
  const keys = text.split(/,(?=.)/).map(keyByte);
  return keys.includes(undefined) ? undefined : (keys as number[]);
}

/** Watches input for the sequence; bytes of a sequence that goes on otherwise are passed on. */
export class DetachMatcher {
  readonly #keys: readonly number[];
  #matched = 0;

  constructor(keys: readonly number[]) {
    this.#keys = keys;
  }

  /** What to pass on, and whether the sequence is complete (the rest is dropped). */
  feed(input: Uint8Array): { readonly data: Uint8Array; readonly detached: boolean } {
    if (this.#keys.length === 0) return { data: input, detached: false };
    if (this.#matched === 0 && !input.includes(this.#keys[0]!)) return { data: input, detached: false };
    const output: number[] = [];
    for (const byte of input) {
      if (byte === this.#keys[this.#matched]) {
        this.#matched++;
        if (this.#matched === this.#keys.length) return { data: Uint8Array.from(output), detached: true };
        continue;
      }
      output.push(...this.#keys.slice(0, this.#matched));
      this.#matched = byte === this.#keys[0] ? 1 : 0;
      if (this.#matched === 0) output.push(byte);
    }
    return { data: Uint8Array.from(output), detached: false };
  }
}
