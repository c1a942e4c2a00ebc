/** What grows with a store, measured: commands over many objects, and what a running container keeps in memory. */
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Engine } from './engines.ts';
import { must, run } from './shell.ts';

const CONTAINERS = 10_000;
const IMAGES = 2_000;
const HELD = 10;

/** `images` and `ps` of a store whose rows are copies of one container and one image. */
export async function largeStore(own: Engine, image: string): Promise<string> {
  const [program = ''] = own.list!();
  const from = own.env['STRATA_ROOT']!;
  const root = `${from}-many`;
  await must(own.start!('seed', image), own.env);
  try {
    mkdirSync(root, { recursive: true });
    copyRows(join(from, 'strata.db'), join(root, 'strata.db'));
    const env = { ...own.env, STRATA_ROOT: root, STRATA_RUN: `${own.env['STRATA_RUN']}-many` };
    const median = async (words: string[], standby: string): Promise<string> => {
      const all: number[] = [];
      for (let n = 0; n < 9; n++)
        all.push(
          (await run([program, ...words], { env: { ...env, STRATA_STANDBY: standby } })).seconds * 1000,
        );
      return all.sort((a, b) => a - b)[4]!.toFixed(0);
    };
    const time = async (...words: string[]): Promise<string> =>
      `${await median(words, '60')} ms (${await median(words, 'off')} in a process of its own)`;
    const listed = (await must([program, 'ps', '-aq'], env)).trim().split('\n').length;
    if (listed !== CONTAINERS) throw new Error(`${listed} containers are listed`);
    return (
      `${CONTAINERS} containers and ${IMAGES} images, medians of 9, warm: \`strata ps\` ${await time('ps')}, ` +
      `\`strata ps -aq\` ${await time('ps', '-aq')}, \`strata ps -a\` ${await time('ps', '-a')}, ` +
      `\`strata images\` ${await time('images')} (goal: at most 150 ms)`
    );
  } finally {
    await must(own.removeAll!(['seed']), own.env);
    rmSync(root, { recursive: true, force: true });
  }
}

function copyRows(from: string, to: string): void {
  const source = new DatabaseSync(from);
  source.exec(`VACUUM INTO '${to.replaceAll("'", "''")}'`);
  source.close();
  const database = new DatabaseSync(to);
  database.exec('PRAGMA foreign_keys = OFF; BEGIN');
  const [seed] = database.prepare("SELECT * FROM containers WHERE name = 'seed'").all();
  database.exec('DELETE FROM containers; DELETE FROM endpoints');
  const ended = { status: 'exited', process: null, lease: null, finished: seed!['started']!, exit_code: 0 };
  for (let n = 0; n < CONTAINERS; n++)
    insert(database, 'containers', { ...seed!, ...ended, id: hex(n), name: `many-${n}` });
  const [picture] = database.prepare('SELECT * FROM images LIMIT 1').all();
  const layers = database.prepare('SELECT * FROM image_layers WHERE manifest = ?').all(picture!['manifest']!);
  database.exec('DELETE FROM images; DELETE FROM image_layers; DELETE FROM image_names');
  for (let n = 0; n < IMAGES; n++) {
    const manifest = `sha256:${hex(n)}`;
    insert(database, 'images', { ...picture!, manifest, config: `sha256:${hex(n + IMAGES)}` });
    for (const layer of layers) insert(database, 'image_layers', { ...layer, manifest });
    const name = { name: `docker.io/library/many:${n}`, manifest, updated: picture!['added']! };
    insert(database, 'image_names', name);
  }
  database.exec('COMMIT');
  database.close();
}

type Values = Record<string, null | number | bigint | string | NodeJS.ArrayBufferView>;

function insert(database: DatabaseSync, table: string, row: Values): void {
  const names = Object.keys(row);
  database
    .prepare(`INSERT INTO ${table} (${names.join(', ')}) VALUES (${names.map(() => '?').join(', ')})`)
    .run(...Object.values(row));
}

function hex(n: number): string {
  return n.toString(16).padStart(64, '0');
}

/** Resident memory that a detached container keeps beside its own processes: its monitor. */
export async function keptMemory(own: Engine, image: string): Promise<string> {
  const names = Array.from({ length: HELD }, (_, n) => `held-${n}`);
  for (const name of names) await must(own.start!(name, image), own.env);
  try {
    const monitors = processes().filter(
      ({ words }) => words[0]?.endsWith('conmon') && words.join(' ').includes(own.env['STRATA_RUN']!),
    );
    if (monitors.length !== HELD) throw new Error(`${monitors.length} monitors for ${HELD} containers`);
    const mean = (field: string): string => {
      const kib = monitors.map(({ pid }) => smaps(pid, field)).reduce((sum, one) => sum + one, 0);
      return (kib / HELD / 1024).toFixed(2);
    };
    return `kept per running container, mean of ${HELD}: ${mean('Pss')} MiB proportional, ${mean('Rss')} MiB resident (goal: at most 2.5)`;
  } finally {
    await must(own.removeAll!(names), own.env);
  }
}

function processes(): { readonly pid: string; readonly words: readonly string[] }[] {
  return readdirSync('/proc').flatMap((pid) => {
    try {
      return /^\d+$/.test(pid)
        ? [{ pid, words: readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0') }]
        : [];
    } catch {
      return [];
    }
  });
}

function smaps(pid: string, field: string): number {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  return Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(text)?.[1] ?? 0);
}
