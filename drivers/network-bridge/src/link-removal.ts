/**
 * Links that go together. The kernel waits for its readers (RCU) once per request to delete, 10 to 20 ms in which
 * nobody else changes links; `link delete group` is one request, whatever is in the group. What is asked for while one
 * request is under way makes the next: nothing is delayed to collect more.
 */
import { randomInt } from 'node:crypto';

export interface Waiting<Link> {
  readonly link: Link;
  readonly resolve: () => void;
  readonly reject: (cause: unknown) => void;
}

export class LinkRemoval<Link> {
  /** Resolves when all of them were tried; throws what holds for all. */
  readonly #removeAll: (links: readonly Link[]) => Promise<void>;
  #waiting: Waiting<Link>[] = [];
  #busy = false;

  constructor(removeAll: (links: readonly Link[]) => Promise<void>) {
    this.#removeAll = removeAll;
  }

  remove(link: Link): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#waiting.push({ link, resolve, reject });
    if (!this.#busy) void this.#work();
    return promise;
  }

  async #work(): Promise<void> {
    this.#busy = true;
    while (this.#waiting.length > 0) {
      const batch = this.#waiting;
      this.#waiting = [];
      try {
        await this.#removeAll(batch.map(({ link }) => link));
        for (const { resolve } of batch) resolve();
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#busy = false;
  }
}

/**
 * ip-link(8): lines that delete devices of the present namespace. The group is a number nobody uses by chance: those of
 * iproute2 and of administrators are small.
 */
export function deleteLines(names: readonly string[]): string[] {
  if (names.length < 2) return names.map((name) => `link delete dev ${name}`);
  const group = randomInt(2 ** 30, 2 ** 31 - 1);
  return [...names.map((name) => `link set dev ${name} group ${group}`), `link delete group ${group}`];
}
