import { setTimeout as sleep } from 'node:timers/promises';
import type { LifecycleEvent } from '@strata/core';
import type { SystemApi } from '../api/system.ts';
import { noteOom } from '../containers/keeper/note-oom.ts';
import type { InternalServices } from '../internal-services.ts';
import { eventsBefore, lastEvent, readEvents } from '../state/event-log.ts';

/** Between looks for new events, in milliseconds; one indexed query each. */
const INTERVAL = 100;
/** Between looks at the cgroups of what runs: out-of-memory kills are written down by who looks. */
const OOM_INTERVAL = 1000;
const PAGE = 500;

/** Stored events from `since` (else only new ones), then live ones until `until` or `signal`. */
export async function* streamEvents(
  services: InternalServices,
  options: Parameters<SystemApi['events']>[0] = {},
): AsyncGenerator<LifecycleEvent> {
  const { since, until, filters = {} } = options;
  const follow = options.follow ?? (until === undefined || until.getTime() > Date.now());
  const signal = AbortSignal.any([
    services.signal,
    ...(options.signal === undefined ? [] : [options.signal]),
  ]);
  let after = since === undefined ? startOf(services, follow) : eventsBefore(services.database, since);
  let looked = 0;
  while (!signal.aborted) {
    if (follow && Date.now() - looked >= OOM_INTERVAL) {
      looked = Date.now();
      await noteOom(services);
    }
    const page = readEvents(services.database, after, PAGE);
    for (const { seq, event } of page) {
      after = seq;
      if (until !== undefined && event.at > until) return;
      if (matches(event, filters)) yield event;
    }
    if (page.length === PAGE) continue;
    if (!follow || (until !== undefined && Date.now() > until.getTime())) return;
    await sleep(INTERVAL, undefined, { signal }).catch(() => undefined);
  }
}

function startOf({ database }: InternalServices, follow: boolean): number {
  return follow ? lastEvent(database) : 0;
}

type Filters = Readonly<Record<string, readonly string[]>>;

/** Values of one filter are alternatives, different filters must all match (docker events). */
function matches(event: LifecycleEvent, filters: Filters): boolean {
  return Object.entries(filters).every(([name, values]) => values.some((value) => fits(event, name, value)));
}

function fits(event: LifecycleEvent, name: string, value: string): boolean {
  const { type, action, id, attributes } = event;
  const named = id === value || id.startsWith(value) || attributes.name === value;
  switch (name) {
    case 'type':
      return type === value;
    case 'event':
      return action === value || action.startsWith(`${value}:`);
    case 'container':
      return type === 'container' && named;
    case 'image':
      return type === 'image'
        ? named || imageMatches(attributes.name, value)
        : imageMatches(attributes.image, value);
    case 'label': {
      const [key = '', ...rest] = value.split('=');
      return Object.hasOwn(attributes, key) && (rest.length === 0 || attributes[key] === rest.join('='));
    }
    default:
      return attributes[name] === value;
  }
}

function imageMatches(name: string | undefined, value: string): boolean {
  if (name === undefined) return false;
  return [name, name.replace(/^docker\.io\/(library\/)?/, '')].some(
    (shown) => shown === value || shown.replace(/:[^/:]+$/, '') === value,
  );
}
