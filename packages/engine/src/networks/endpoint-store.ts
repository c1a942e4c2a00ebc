/**
 * All SQL over `endpoints`. A row is a container's wish to be in a network; it lives as long as the container, or
 * until `network disconnect`. Its attachment is there while the container runs.
 */
import type { Attachment, Database, SqlRow } from '@strata/core';

/** What the user asked for, of one container in one network. */
export interface NewEndpoint {
  readonly id: string;
  /** Network id. */
  readonly network: string;
  readonly interfaceName: string;
  readonly ip?: string | undefined;
  readonly ip6?: string | undefined;
  readonly macAddress?: string | undefined;
  readonly aliases: readonly string[];
}

export interface EndpointRecord extends NewEndpoint {
  readonly container: string;
  readonly attachment: Attachment | undefined;
}

type EndpointRow = SqlRow & {
  id: string;
  container: string;
  network: string;
  wishes: string;
  attachment: string | null;
};

const order = 'ORDER BY seq';

export function insertEndpoints(
  database: Database,
  container: string,
  endpoints: readonly NewEndpoint[],
): void {
  for (const { id, network, ...wishes } of endpoints)
    database.run(
      'INSERT INTO endpoints (id, container, network, wishes) VALUES (?, ?, ?, ?)',
      id,
      container,
      network,
      JSON.stringify(wishes),
    );
}

/** `null`: nothing is attached any more. */
export function setAttachment(database: Database, id: string, attachment: Attachment | null): void {
  const value = attachment === null ? null : JSON.stringify(attachment);
  database.run('UPDATE endpoints SET attachment = ? WHERE id = ?', value, id);
}

/** After all of them were detached. */
export function clearAttachments(database: Database, container: string): void {
  database.run(
    'UPDATE endpoints SET attachment = NULL WHERE container = ? AND attachment IS NOT NULL',
    container,
  );
}

export function deleteEndpoint(database: Database, id: string): void {
  database.run('DELETE FROM endpoints WHERE id = ?', id);
}

/** In the order of their interfaces. */
export function endpointsOf(database: Database, container: string): EndpointRecord[] {
  return select(database, 'container = ?', container);
}

export function endpointsIn(database: Database, network: string): EndpointRecord[] {
  return select(database, 'network = ?', network);
}

export function allEndpoints(database: Database): EndpointRecord[] {
  return select(database, '1');
}

function select(database: Database, where: string, ...values: string[]): EndpointRecord[] {
  const rows = database.all<EndpointRow>(`SELECT * FROM endpoints WHERE ${where} ${order}`, ...values);
  return rows.map((row) => ({
    ...(JSON.parse(row.wishes) as Omit<NewEndpoint, 'id' | 'network'>),
    id: row.id,
    container: row.container,
    network: row.network,
    attachment: row.attachment === null ? undefined : (JSON.parse(row.attachment) as Attachment),
  }));
}
