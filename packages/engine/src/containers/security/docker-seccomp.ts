/**
 * Docker's form of a seccomp profile, which depends on the machine and the capabilities, as the one for this container in
 * the form of the OCI runtime-spec (moby profiles/seccomp: seccomp.go has the form, seccomp_linux.go what it means).
 */

/** For whom a rule is, or is not. All of what is named must hold for `includes`, any of it for `excludes`. */
interface Condition {
  readonly caps?: readonly string[] | null;
  /** GOARCH. */
  readonly arches?: readonly string[] | null;
  /** `4.8` */
  readonly minKernel?: string;
}

interface Rule {
  readonly name?: string;
  readonly names?: readonly string[] | null;
  readonly includes?: Condition | null;
  readonly excludes?: Condition | null;
  readonly comment?: string;
  readonly args?: readonly unknown[] | null;
}

export interface DockerProfile {
  readonly archMap?:
    | readonly { readonly architecture: string; readonly subArchitectures?: readonly string[] | null }[]
    | null;
  readonly architectures?: readonly string[] | null;
  readonly syscalls?: readonly Rule[] | null;
}

/** What is wrong, to follow the profile's name. */
export class FormError extends Error {}

export interface Machine {
  /** GOARCH, and as libseccomp calls it. */
  readonly architecture: string;
  readonly native: string;
  /** uname(2) `release`. */
  readonly kernel: string;
  readonly capabilities: ReadonlySet<string>;
}

export function isDockerForm(profile: DockerProfile): boolean {
  const special = ({ name, includes, excludes }: Rule) =>
    name !== undefined || includes !== undefined || excludes !== undefined;
  return profile.archMap !== undefined || (profile.syscalls ?? []).some(special);
}

/** @throws FormError */
export function resolveDockerForm(
  profile: DockerProfile,
  machine: Machine,
): Readonly<Record<string, unknown>> {
  const { archMap, architectures, syscalls, ...rest } = profile;
  if (archMap && architectures?.length) throw new FormError('has both architectures and archMap');
  const mapped = archMap?.find(({ architecture }) => architecture === machine.native);
  const chosen =
    mapped === undefined ? architectures : [mapped.architecture, ...(mapped.subArchitectures ?? [])];
  return {
    ...rest,
    ...(chosen?.length ? { architectures: chosen } : {}),
    syscalls: (syscalls ?? []).filter((rule) => applies(rule, machine)).map(plain),
  };
}

function applies({ includes, excludes }: Rule, { architecture, kernel, capabilities }: Machine): boolean {
  const isHere = (arches: readonly string[]) => arches.includes(architecture);
  const has = (capability: string) => capabilities.has(capability);
  if (excludes?.arches && isHere(excludes.arches)) return false;
  if (excludes?.caps?.some(has)) return false;
  if (excludes?.minKernel !== undefined && isAtLeast(kernel, excludes.minKernel)) return false;
  if (includes?.arches?.length && !isHere(includes.arches)) return false;
  if (includes?.caps && !includes.caps.every(has)) return false;
  return includes?.minKernel === undefined || isAtLeast(kernel, includes.minKernel);
}

function plain({ includes: _, excludes: __, comment: ___, name, names, args, ...rest }: Rule) {
  if (name !== undefined && names?.length) throw new FormError('has a rule with both name and names');
  return { names: name === undefined ? (names ?? []) : [name], ...rest, ...(args?.length ? { args } : {}) };
}

/** By major and minor number. */
function isAtLeast(kernel: string, wanted: string): boolean {
  const numbers = (text: string) => text.split(/[.-]/).map(Number);
  const [major = 0, minor = 0] = numbers(kernel);
  const [wantedMajor = Number.NaN, wantedMinor = 0] = numbers(wanted);
  if (Number.isNaN(wantedMajor + wantedMinor)) throw new FormError(`names the kernel '${wanted}'`);
  return major > wantedMajor || (major === wantedMajor && minor >= wantedMinor);
}
