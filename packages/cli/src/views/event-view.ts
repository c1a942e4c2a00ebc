import type { LifecycleEvent } from '@strata/core';

/** Docker's event object (moby api/types/events.Message). */
export function eventValue({ type, action, id, attributes, at }: LifecycleEvent): Record<string, unknown> {
  const milliseconds = at.getTime();
  return {
    Type: type,
    Action: action,
    Actor: { ID: id, Attributes: attributes },
    status: action,
    id,
    from: attributes.image ?? '',
    scope: 'local',
    time: Math.trunc(milliseconds / 1000),
    timeNano: milliseconds * 1_000_000,
  };
}

/** `2026-11-22T00:19:43.123000000Z container start 3f2a… (image=debian, name=web)`. */
export function eventLine({ type, action, id, attributes, at }: LifecycleEvent): string {
  const names = Object.keys(attributes).sort();
  const list = names.map((name) => `${name}=${attributes[name]}`).join(', ');
  const time = at.toISOString().replace('Z', '000000Z');
  return `${time} ${type} ${action} ${id}${list === '' ? '' : ` (${list})`}`;
}
