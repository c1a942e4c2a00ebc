import { type Attachment, type Database, type Databases, StrataError } from '@strata/core';
import { type Network, networkOf } from './network-record.ts';

/** Linux allows 1024 ports on a bridge and numbers them from 1 (BR_PORT_BITS, net/bridge/br_private.h). */
export const BRIDGE_PORTS = 1023;

const migrations = [
  `CREATE TABLE networks (
     id TEXT PRIMARY KEY, spec TEXT NOT NULL, mtu INTEGER NOT NULL, removing INTEGER NOT NULL DEFAULT 0,
     admitted TEXT NOT NULL DEFAULT '[]'
   ) STRICT;
   CREATE TABLE cursors (
     network TEXT NOT NULL REFERENCES networks ON DELETE CASCADE, family INTEGER NOT NULL, address TEXT NOT NULL,
     PRIMARY KEY (network, family)
   ) STRICT;
   CREATE TABLE endpoints (
     id TEXT PRIMARY KEY, network TEXT NOT NULL REFERENCES networks, mac TEXT NOT NULL, attachment TEXT NOT NULL,
     UNIQUE (network, mac)
   ) STRICT;
   CREATE TABLE addresses (
     network TEXT NOT NULL, address TEXT NOT NULL, endpoint TEXT NOT NULL REFERENCES endpoints ON DELETE CASCADE,
     PRIMARY KEY (network, address)
   ) STRICT;
   CREATE INDEX addresses_of ON addresses (endpoint);
   CREATE TABLE ports (
     protocol TEXT NOT NULL, port INTEGER NOT NULL, host_ip TEXT NOT NULL,
     endpoint TEXT NOT NULL REFERENCES endpoints ON DELETE CASCADE,
     PRIMARY KEY (protocol, port, host_ip)
   ) STRICT;
   CREATE INDEX ports_of ON ports (endpoint);`,
];

/** Networks and leases of one store, shared by all its processes. Methods that change something are transactions. */
export class LeaseStore {
  readonly #open: () => Database;
  #database: Database | undefined;

  constructor(databases: Databases, root: string) {
    this.#open = () => {
      const database = databases.open(`${root}/network.db`, { migrations });
      // Leases survive the death of every process, and need not survive a power cut: what they were for is gone then, and
      // networks come back from the engine. Each commit is spared a sync of the disk.
      database.run('PRAGMA synchronous = NORMAL');
      return database;
    };
  }

  get #db(): Database {
    this.#database ??= this.#open();
    return this.#database;
  }

  transaction<T>(body: () => T): T {
    return this.#db.transaction(body);
  }

  networks(): Network[] {
    return this.#db
      .all('SELECT spec, mtu FROM networks WHERE removing = 0 ORDER BY id')
      .map(({ spec, mtu }) => networkOf(JSON.parse(String(spec)), Number(mtu)));
  }

  network(id: string): Network | undefined {
    const row = this.#db.get('SELECT spec, mtu FROM networks WHERE id = ? AND removing = 0', id);
    return row === undefined ? undefined : networkOf(JSON.parse(String(row.spec)), Number(row.mtu));
  }

  addNetwork({ spec, mtu }: Network): void {
    this.#db.run(
      `INSERT INTO networks (id, spec, mtu) VALUES (?, ?, ?)
       ON CONFLICT (id) DO UPDATE SET spec = excluded.spec, mtu = excluded.mtu, removing = 0`,
      spec.id,
      JSON.stringify(spec),
      mtu,
    );
  }

  /** Firewall chains that let this network through, as far as we know. */
  admitted(id: string): readonly string[] {
    const row = this.#db.get('SELECT admitted FROM networks WHERE id = ?', id);
    return row === undefined ? [] : JSON.parse(String(row.admitted));
  }

  setAdmitted(ids: readonly string[], chains: readonly string[]): void {
    this.#db.transaction(() => {
      for (const id of ids)
        this.#db.run('UPDATE networks SET admitted = ? WHERE id = ?', JSON.stringify(chains), id);
    });
  }

  /** No endpoint can join from here on. @throws failed-precondition while one is joined */
  beginRemoval(id: string): void {
    this.#db.transaction(() => {
      const endpoint = this.#db.get('SELECT id FROM endpoints WHERE network = ? LIMIT 1', id);
      if (endpoint !== undefined)
        throw new StrataError('failed-precondition', 'NETWORK_IN_USE', 'The network still has containers', {
          hint: 'Remove or disconnect them first; `strata network inspect` lists them',
          context: { network: id, endpoint: String(endpoint.id) },
        });
      this.#db.run('UPDATE networks SET removing = 1 WHERE id = ?', id);
    });
  }

  forgetNetwork(id: string): void {
    this.#db.run('DELETE FROM networks WHERE id = ?', id);
  }

  attachment(endpointId: string): Attachment | undefined {
    const row = this.#db.get('SELECT attachment FROM endpoints WHERE id = ?', endpointId);
    return row === undefined ? undefined : JSON.parse(String(row.attachment));
  }

  setAttachment(attachment: Attachment): void {
    const text = JSON.stringify(attachment);
    this.#db.run('UPDATE endpoints SET attachment = ? WHERE id = ?', text, attachment.endpointId);
  }

  attachments(): Attachment[] {
    return this.#db
      .all('SELECT attachment FROM endpoints ORDER BY id')
      .map(({ attachment }) => JSON.parse(String(attachment)));
  }

  attachmentsOf(network: string): Attachment[] {
    return this.#db
      .all('SELECT attachment FROM endpoints WHERE network = ? ORDER BY id', network)
      .map(({ attachment }) => JSON.parse(String(attachment)));
  }

  endpointIds(): string[] {
    return this.#db.all('SELECT id FROM endpoints ORDER BY id').map(({ id }) => String(id));
  }

  /** Of one network: who holds which address. */
  leased(network: string): Map<string, string> {
    const rows = this.#db.all('SELECT address, endpoint FROM addresses WHERE network = ?', network);
    return new Map(rows.map(({ address, endpoint }) => [String(address), String(endpoint)]));
  }

  macHolder(network: string, mac: string): string | undefined {
    const row = this.#db.get('SELECT id FROM endpoints WHERE network = ? AND mac = ?', network, mac);
    return row === undefined ? undefined : String(row.id);
  }

  endpointCount(network: string): number {
    return Number(this.#db.get('SELECT count(*) AS n FROM endpoints WHERE network = ?', network)?.n ?? 0);
  }

  /** The address given out last: the search goes on behind it, so that an address rests before it is used again. */
  cursor(network: string, family: number): string | undefined {
    const row = this.#db.get('SELECT address FROM cursors WHERE network = ? AND family = ?', network, family);
    return row === undefined ? undefined : String(row.address);
  }

  moveCursor(network: string, family: number, address: string): void {
    this.#db.run('INSERT OR REPLACE INTO cursors VALUES (?, ?, ?)', network, family, address);
  }

  /** Host addresses and endpoints of the leases on one port. */
  portHolders(protocol: string, port: number): { hostIp: string; endpoint: string }[] {
    return this.#db
      .all('SELECT host_ip, endpoint FROM ports WHERE protocol = ? AND port = ?', protocol, port)
      .map((row) => ({ hostIp: String(row.host_ip), endpoint: String(row.endpoint) }));
  }

  /** Within a transaction of the caller. */
  addEndpoint(attachment: Attachment, mac: string): void {
    const { endpointId, networkId } = attachment;
    const text = JSON.stringify(attachment);
    this.#db.run('INSERT INTO endpoints VALUES (?, ?, ?, ?)', endpointId, networkId, mac, text);
    for (const address of attachment.addresses)
      this.#db.run('INSERT INTO addresses VALUES (?, ?, ?)', networkId, address.split('/')[0]!, endpointId);
    for (const { protocol, hostPort, hostIp } of attachment.ports)
      this.#db.run('INSERT INTO ports VALUES (?, ?, ?, ?)', protocol, hostPort, hostIp, endpointId);
  }

  removeEndpoint(endpointId: string): void {
    this.#db.run('DELETE FROM endpoints WHERE id = ?', endpointId);
  }
}
