/** What `ps` shows of networks: one query each, nothing else is loaded. */
import type { Attachment, Database, PublishedPort } from '@strata/core';

export interface NetworkSummaries {
  /** By container. */
  readonly names: ReadonlyMap<string, readonly string[]>;
  readonly ports: ReadonlyMap<string, readonly PublishedPort[]>;
}

interface Row extends Record<string, string | null> {
  container: string;
  name: string | null;
  ports: string | null;
}

export function networkSummaries(database: Database): NetworkSummaries {
  const names = new Map<string, string[]>();
  const ports = new Map<string, PublishedPort[]>();
  const rows = database.all<Row>(
    `SELECT e.container, n.name, json_extract(e.attachment, '$.ports') AS ports
       FROM endpoints e LEFT JOIN networks n ON n.id = e.network ORDER BY e.seq`,
  );
  for (const row of rows) {
    if (row.name !== null) names.set(row.container, [...(names.get(row.container) ?? []), row.name]);
    const published = JSON.parse(row.ports ?? '[]') as Attachment['ports'];
    if (published.length > 0) ports.set(row.container, [...(ports.get(row.container) ?? []), ...published]);
  }
  return { names, ports };
}
