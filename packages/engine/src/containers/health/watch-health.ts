/** The health checks of all containers that run, each at its own pace; in the keeper. */
import type { EngineServices } from '../../services.ts';
import type { ContainerRecord } from '../state/container-record.ts';
import { type HealthPlan, healthPlan } from './health-config.ts';
import { sameRun } from './probe-exec.ts';
import { watchContainer } from './watch-container.ts';

interface Watched {
  readonly record: ContainerRecord;
  readonly ending: AbortController;
  readonly ended: Promise<void>;
}

export class HealthWatch implements AsyncDisposable {
  readonly #services: EngineServices;
  readonly #watched = new Map<string, Watched>();

  constructor(services: EngineServices) {
    this.#services = services;
  }

  /** Those that run now; the checks of all others end. */
  follow(records: readonly ContainerRecord[]): void {
    const current = new Map(records.map((record) => [record.id, record]));
    for (const [id, { record, ending }] of this.#watched) {
      const now = current.get(id);
      if (now !== undefined && sameRun(now, record)) current.delete(id);
      else ending.abort();
    }
    for (const [id, record] of current) {
      const plan = healthPlan(record.config);
      // The last run's check is waited for: both use one directory.
      if (plan !== undefined && !this.#watched.has(id)) this.#begin(record, plan);
    }
  }

  #begin(record: ContainerRecord, plan: HealthPlan): void {
    const ending = new AbortController();
    const ended = watchContainer(this.#services, record, { plan, signal: ending.signal })
      .catch((error: unknown) => {
        if (!ending.signal.aborted)
          this.#services.host.log.warn('a health check failed', { id: record.id, error: String(error) });
      })
      .finally(() => this.#watched.delete(record.id));
    this.#watched.set(record.id, { record, ending, ended });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { ending } of this.#watched.values()) ending.abort();
    await Promise.all([...this.#watched.values()].map(({ ended }) => ended));
  }
}
