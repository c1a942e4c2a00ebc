/** The profile as runtime-spec `linux.seccomp` for this host and these capabilities. */
import { readFile, stat } from 'node:fs/promises';
import { constants, release } from 'node:os';
import { StrataError } from '@strata/core';
import type { DockerProfile } from './docker-seccomp.ts';
import {
  type ProfileRule,
  profileArchitectures,
  profileRules,
  refused,
  refusedArguments,
} from './seccomp-profile.ts';

const maxProfileBytes = 1024 * 1024;
/** GOARCH of Node's `process.arch`. */
const goArchitecture: Readonly<Record<string, string>> = { x64: 'amd64', ppc64: 'ppc64le' };

export type Seccomp = Readonly<Record<string, unknown>>;

/**
 * `undefined` only when the user said `seccomp=unconfined`; anything that cannot be read or understood fails.
 * @throws invalid-argument `SECCOMP_PROFILE_INVALID`, unsupported on an architecture without a profile
 */
export async function seccompFor(
  option: string | undefined,
  capabilities: ReadonlySet<string>,
): Promise<Seccomp | undefined> {
  if (option === 'unconfined') return undefined;
  if (option !== undefined && option !== 'builtin') return await profileFromFile(option, capabilities);
  return defaultSeccomp(goArchitecture[process.arch] ?? process.arch, capabilities);
}

export function defaultSeccomp(architecture: string, capabilities: ReadonlySet<string>): Seccomp {
  const architectures = profileArchitectures[architecture];
  if (architectures === undefined)
    throw new StrataError(
      'unsupported',
      'SECCOMP_ARCHITECTURE',
      `There is no default seccomp profile for ${architecture}`,
      { hint: 'Name one with --security-opt seccomp=FILE' },
    );
  const applies = (rule: ProfileRule) =>
    (rule.arches === undefined || rule.arches.includes(architecture)) &&
    (rule.capability === undefined || capabilities.has(rule.capability)) &&
    !(rule.exceptArches?.includes(architecture) ?? false) &&
    !(rule.exceptCapability !== undefined && capabilities.has(rule.exceptCapability));
  const rules = profileRules.filter(applies);
  const refusals = refusedArguments.filter(applies);
  // Two answers to one call are an error to libseccomp.
  const answered = new Set(
    rules.filter(({ args }) => args === undefined).flatMap(({ names }) => words(names)),
  );
  const rest = words(refused).filter((name) => !answered.has(name));
  return {
    defaultAction: 'SCMP_ACT_ERRNO',
    defaultErrnoRet: constants.errno.ENOSYS,
    architectures,
    syscalls: [...rules, { names: rest.join(' '), errno: constants.errno.EPERM }, ...refusals].map(toSyscall),
  };
}

function words(names: string): string[] {
  return names.split(/\s+/).filter(Boolean);
}

function toSyscall({ names, errno, args }: ProfileRule) {
  return {
    names: words(names),
    action: errno === undefined ? 'SCMP_ACT_ALLOW' : 'SCMP_ACT_ERRNO',
    ...(errno === undefined ? {} : { errnoRet: errno }),
    ...(args === undefined ? {} : { args }),
  };
}

/** In the form of the runtime-spec, or in Docker's. */
async function profileFromFile(path: string, capabilities: ReadonlySet<string>): Promise<Seccomp> {
  const refuse = (why: string, cause?: unknown) =>
    new StrataError('invalid-argument', 'SECCOMP_PROFILE_INVALID', `The seccomp profile ${path} ${why}`, {
      hint: 'Give a JSON file in the form of Docker or of the OCI runtime-spec, or seccomp=unconfined',
      cause,
    });
  try {
    if ((await stat(path)).size > maxProfileBytes) throw refuse('is larger than 1 MiB');
    const profile: unknown = JSON.parse(await readFile(path, 'utf8'));
    if (typeof profile !== 'object' || profile === null) throw refuse('is not an object');
    if (!('defaultAction' in profile)) throw refuse('has no defaultAction');
    const { FormError, isDockerForm, resolveDockerForm } = await import('./docker-seccomp.ts');
    const form: DockerProfile & Seccomp = { ...profile };
    if (!isDockerForm(form)) return form;
    const architecture = goArchitecture[process.arch] ?? process.arch;
    const native = profileArchitectures[architecture]?.[0] ?? '';
    try {
      return resolveDockerForm(form, { architecture, native, kernel: release(), capabilities });
    } catch (error) {
      throw error instanceof FormError ? refuse(error.message) : error;
    }
  } catch (error) {
    if (error instanceof StrataError) throw error;
    throw refuse('cannot be read', error);
  }
}
