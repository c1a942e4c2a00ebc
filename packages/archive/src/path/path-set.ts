import { randomInt } from 'node:crypto';
import type { RawPath } from './raw-path.ts';

/**
 * Which paths a layer has touched, in 8 bytes each (a path in a `Set` costs about a hundred): the 64-bit hash of
 * each, seeded per set so that nobody can prepare collisions. A chance collision (2⁻⁶⁴ per pair) would leave one
 * whited-out file of a parent in place.
 */
export class PathSet {
  readonly #seedA = randomInt(2 ** 32);
  readonly #seedB = randomInt(2 ** 32);
  #slots = new Uint32Array(2 * 1024);
  #size = 0;

  has(path: RawPath): boolean {
    return this.#slots[this.#find(this.#slots, ...this.#hash(path))] !== 0;
  }

  /** False when it was already there. */
  add(path: RawPath): boolean {
    if (this.#size * 4 > this.#slots.length) this.#grow();
    const [a, b] = this.#hash(path);
    const at = this.#find(this.#slots, a, b);
    if (this.#slots[at] !== 0) return false;
    this.#slots[at] = a;
    this.#slots[at + 1] = b;
    this.#size++;
    return true;
  }

  #grow(): void {
    const old = this.#slots;
    const slots = new Uint32Array(old.length * 2);
    for (let i = 0; i < old.length; i += 2) {
      if (old[i] === 0) continue;
      const at = this.#find(slots, old[i]!, old[i + 1]!);
      slots[at] = old[i]!;
      slots[at + 1] = old[i + 1]!;
    }
    this.#slots = slots;
  }

  #find(slots: Uint32Array, a: number, b: number): number {
    const mask = slots.length - 1;
    let at = (b * 2) & mask;
    while (slots[at] !== 0 && !(slots[at] === a && slots[at + 1] === b)) at = (at + 2) & mask;
    return at;
  }

  #hash(path: RawPath): [number, number] {
    let a = this.#seedA;
    let b = this.#seedB;
    for (let i = 0; i < path.length; i++) {
      const code = path.charCodeAt(i);
      a = Math.imul(a ^ code, 0x85ebca6b);
      a ^= a >>> 13;
      b = Math.imul(b ^ code, 0xc2b2ae35);
      b ^= b >>> 15;
    }
    return [a >>> 0 || 1, b >>> 0];
  }
}
