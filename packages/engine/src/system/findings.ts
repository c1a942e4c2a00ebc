import type { Finding } from '../api/system.ts';

export interface Disagreement {
  readonly code: string;
  readonly message: string;
  readonly subject: string;
  /** What repairing does, as a verb phrase; without it a person must decide. */
  readonly repair?: string;
  readonly fix?: () => Promise<unknown>;
}

/** Collects what a check finds, and repairs it on the spot when asked to. */
export class Findings {
  readonly list: Finding[] = [];
  readonly #repair: boolean;

  constructor(repair: boolean) {
    this.#repair = repair;
  }

  async add({ code, message, subject, repair, fix }: Disagreement): Promise<void> {
    let repaired = false;
    let told = message;
    if (this.#repair && fix !== undefined) {
      try {
        await fix();
        repaired = true;
      } catch (error) {
        told = `${message} (repairing it failed: ${error instanceof Error ? error.message : String(error)})`;
      }
    }
    this.list.push({ code, message: told, subject, repair, repaired });
  }
}
