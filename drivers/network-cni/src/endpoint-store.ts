/** What the chain was told and answered, per endpoint: DEL needs it, and no port is published twice. */

import type { Attachment } from '@strata/core';
import { type Database, type Databases, type PublishedPort, StrataError } from '@strata/core';
import type { CniEndpoint, CniResult } from './cni-chain.ts';

export interface StoredEndpoint {
  readonly attachment: Attachment;
  readonly endpoint: CniEndpoint;
  /** Of ADD; `undefined` before it, and after one that was interrupted. */
  readonly result: CniResult | undefined;
}

const migrations = [
  `CREATE TABLE endpoints (
     id TEXT PRIMARY KEY, attachment TEXT NOT NULL, endpoint TEXT NOT NULL, result TEXT
   ) STRICT;
   CREATE TABLE ports (
     protocol TEXT NOT NULL, port INTEGER NOT NULL, host_ip TEXT NOT NULL,
     endpoint TEXT NOT NULL REFERENCES endpoints ON DELETE CASCADE,
     PRIMARY KEY (protocol, port, host_ip)
   ) STRICT;`,
];

export class EndpointStore {
  readonly #open: () => Database;
  #database: Database | undefined;

  constructor(databases: Databases, root: string) {
    this.#open = () => databases.open(`${root}/cni.db`, { migrations });
  }

  get #db(): Database {
    this.#database ??= this.#open();
    return this.#database;
  }

  ids(): string[] {
    return this.#db.all('SELECT id FROM endpoints ORDER BY id').map(({ id }) => String(id));
  }

  get(id: string): StoredEndpoint | undefined {
    const row = this.#db.get('SELECT attachment, endpoint, result FROM endpoints WHERE id = ?', id);
    if (row === undefined) return undefined;
    return {
      attachment: JSON.parse(String(row.attachment)) as Attachment,
      endpoint: JSON.parse(String(row.endpoint)) as CniEndpoint,
      result: row.result === null ? undefined : (JSON.parse(String(row.result)) as CniResult),
    };
  }

  /** With its ports. Returns what is stored, if another process was first. @throws already-exists PORT_IN_USE */
  add(attachment: Attachment, endpoint: CniEndpoint): Attachment {
    return this.#db.transaction(() => {
      const known = this.get(attachment.endpointId);
      if (known !== undefined) return known.attachment;
      for (const port of attachment.ports) this.#refuseTaken(port);
      this.#db.run(
        'INSERT INTO endpoints (id, attachment, endpoint) VALUES (?, ?, ?)',
        attachment.endpointId,
        JSON.stringify(attachment),
        JSON.stringify(endpoint),
      );
      for (const port of attachment.ports) this.#lease(port, attachment.endpointId);
      return attachment;
    });
  }

  setResult(attachment: Attachment, result: CniResult | undefined): void {
    this.#db.run(
      'UPDATE endpoints SET attachment = ?, result = ? WHERE id = ?',
      JSON.stringify(attachment),
      result === undefined ? null : JSON.stringify(result),
      attachment.endpointId,
    );
  }

  remove(id: string): void {
    this.#db.run('DELETE FROM endpoints WHERE id = ?', id);
  }

  #lease({ protocol, hostPort, hostIp }: PublishedPort, endpoint: string): void {
    const { changes } = this.#db.run(
      'INSERT INTO ports (protocol, port, host_ip, endpoint) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
      protocol,
      hostPort,
      hostIp,
      endpoint,
    );
    if (changes === 0) throw portInUse({ protocol, hostPort, hostIp });
  }

  /** The wildcard address and a single one exclude each other, as with bind(2). */
  #refuseTaken({ protocol, hostPort, hostIp }: PublishedPort): void {
    const holders = this.#db.all(
      'SELECT host_ip FROM ports WHERE protocol = ? AND port = ?',
      protocol,
      hostPort,
    );
    const wildcard = hostIp.includes(':') ? '::' : '0.0.0.0';
    const taken = holders
      .map(({ host_ip }) => String(host_ip))
      .some((other) => {
        if (other.includes(':') !== hostIp.includes(':')) return false;
        return other === hostIp || other === wildcard || hostIp === wildcard;
      });
    if (taken) throw portInUse({ protocol, hostPort, hostIp });
  }
}

export function portInUse(
  { hostIp, hostPort, protocol }: Pick<PublishedPort, 'hostIp' | 'hostPort' | 'protocol'>,
  cause?: unknown,
): StrataError {
  const host = hostIp.includes(':') ? `[${hostIp}]` : hostIp;
  return new StrataError(
    'already-exists',
    'PORT_IN_USE',
    `The host's port ${host}:${hostPort}/${protocol} is in use`,
    {
      cause,
      hint: 'Publish another port, or leave out the host port and Strata chooses a free one',
      context: { hostIp, hostPort, protocol },
    },
  );
}
