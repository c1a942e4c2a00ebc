/**
 * Who a container runs as: `USER[:GROUP]` over the image's own /etc/passwd and /etc/group, read beneath its root.
 * The rules are moby/sys/user's GetExecUser; a number is exactly that, so `1001abc` is a name and 2³² an error.
 */
import { errnoOf, StrataError, type Tree } from '@strata/core';
import { bytes, statType } from './resolve-inside.ts';

const maxBytes = 10 * 1024 * 1024;
const maxId = 2 ** 31 - 1;

export interface ContainerUser {
  readonly uid: number;
  readonly gid: number;
  /** Primary group first, as Docker. */
  readonly additionalGids: readonly number[];
  readonly home: string;
}

/** @throws invalid-argument `USER_UNKNOWN`, `GROUP_UNKNOWN`, `USER_FILE_INVALID` */
export function lookupUser(tree: Tree, user: string, groupAdd: readonly string[]): ContainerUser {
  const at = user.indexOf(':');
  const [name, group] = at < 0 ? [user, ''] : [user.slice(0, at), user.slice(at + 1)];
  const passwd = readEntries(tree, '/etc/passwd');
  const groups = readEntries(tree, '/etc/group');
  const found = findUser(passwd, name);
  const gid = group === '' ? found.gid : findGroup(groups, group);
  const listed =
    group === '' && found.name !== undefined
      ? groups
          .filter((line) => (line[3] ?? '').split(',').includes(found.name as string))
          .map((line) => line[2])
      : [];
  const added = groupAdd.map((wanted) => findGroup(groups, wanted));
  const gids = [gid, ...listed.map((text) => parseId(text)).filter((id) => id !== undefined), ...added];
  return { uid: found.uid, gid, additionalGids: [...new Set(gids)], home: found.home };
}

function findUser(
  passwd: readonly (readonly string[])[],
  wanted: string,
): { uid: number; gid: number; home: string; name: string | undefined } {
  const number = wanted === '' ? 0 : parseId(wanted);
  const line = passwd.find((fields) =>
    number === undefined ? fields[0] === wanted : parseId(fields[2]) === number,
  );
  const uid = line === undefined ? number : parseId(line[2]);
  if (uid === undefined)
    throw new StrataError(
      'invalid-argument',
      'USER_UNKNOWN',
      `Unable to find user ${JSON.stringify(wanted)}: no matching entry in the image's passwd file`,
      { hint: 'Give a user of the image, or a number below 2147483648' },
    );
  if (line === undefined) return { uid, gid: 0, home: '/', name: undefined };
  const home = line[5] ?? '';
  return { uid, gid: parseId(line[3]) ?? 0, home: home.startsWith('/') ? home : '/', name: line[0] };
}

function findGroup(groups: readonly (readonly string[])[], wanted: string): number {
  const number = parseId(wanted);
  const line = groups.find((fields) =>
    number === undefined ? fields[0] === wanted : parseId(fields[2]) === number,
  );
  const gid = line === undefined ? number : parseId(line[2]);
  if (gid !== undefined) return gid;
  throw new StrataError(
    'invalid-argument',
    'GROUP_UNKNOWN',
    `Unable to find group ${JSON.stringify(wanted)}: no matching entry in the image's group file`,
    { hint: 'Give a group of the image, or a number below 2147483648' },
  );
}

/** Strictly digits: `parseInt` would take `1001abc`, `Number` the empty string. */
function parseId(text: string | undefined): number | undefined {
  if (text === undefined || !/^[0-9]{1,10}$/.test(text)) return undefined;
  const id = Number(text);
  return id <= maxId ? id : undefined;
}

/**
 * The runtime opens these files again inside the container, so one that is a FIFO or device would hang it for ever:
 * only regular files and missing ones pass.
 */
function readEntries(tree: Tree, path: string): string[][] {
  const refuse = (why: string) =>
    new StrataError('invalid-argument', 'USER_FILE_INVALID', `The image's ${path} ${why}`, {
      hint: 'The image is damaged or hostile',
    });
  const type = statType(tree, path);
  if (type === undefined) return [];
  if (type !== 'file') throw refuse(`is not a regular file but a ${type}`);
  try {
    const content = tree.readFile(bytes(path), { maxBytes, follow: true });
    return (content?.toString('utf8') ?? '')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#') && line.length < 64 * 1024)
      .map((line) => line.trim().split(':'));
  } catch (error) {
    if (errnoOf(error) === 'EFBIG') throw refuse('is larger than 10 MiB');
    if (errnoOf(error) === 'ENOTSUP') throw refuse('is not a regular file');
    throw error;
  }
}
