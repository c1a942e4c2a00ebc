import { type ErrorKind, errnoOf, isStrataError, StrataError } from '@strata/core';

/** What the messages about a package need to name it. */
export interface PackageName {
  readonly name: string;
  readonly version: string;
}

/** An error about a driver package: names it, and says what to do about it. */
export function packageError(
  { name, version }: PackageName,
  problem: {
    readonly code: string;
    readonly message: string;
    readonly hint?: string;
    readonly cause?: unknown;
  },
  kind: ErrorKind = 'invalid-argument',
): StrataError {
  return new StrataError(kind, problem.code, `The driver package ${name}@${version} ${problem.message}`, {
    hint: problem.hint ?? `Report it to the author of ${name}, or remove it: strata driver rm ${name}`,
    context: { package: name, version },
    ...(problem.cause === undefined ? {} : { cause: problem.cause }),
  });
}

/** Lines of npm that explain nothing. */
const NOISE = /A complete log of this run|^npm warn|^npm notice|^npm error\s*$/;

interface Explanation {
  readonly kind: ErrorKind;
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

/** What npm meant, in one sentence. Errors that are not npm's pass unchanged. */
export function explainNpm(error: unknown, spec: string, coreVersion: string): unknown {
  if (isStrataError(error, 'PROGRAM_NOT_FOUND'))
    return new StrataError(
      'unsupported',
      'NPM_MISSING',
      'Adding a driver needs npm, which is not installed',
      {
        hint: 'Install it, on Debian: apt-get install npm',
      },
    );
  if (!isStrataError(error, 'PROGRAM_FAILED')) return error;
  const text = String(error.context.stderr ?? '');
  const npmCode = /npm (?:error|ERR!) code (\w+)/.exec(text)?.[1];
  const { kind, code, message, hint } = (/package\.json/.test(text)
    ? noManifest(npmCode, spec)
    : undefined) ??
    meaning(npmCode, spec, coreVersion) ?? {
      kind: 'internal',
      code: 'NPM_FAILED',
      message: `npm could not install ${spec}: ${firstWords(text) || error.message}`,
      hint: `Try npm install ${spec} in an empty directory to see all it says`,
    };
  return new StrataError(kind, code, message, { hint, cause: error });
}

function noManifest(npmCode: string | undefined, spec: string): Explanation | undefined {
  const fault = { ENOENT: 'has no package.json', EJSONPARSE: 'has a package.json that is not JSON' }[
    npmCode ?? ''
  ];
  return fault === undefined ? undefined : notAPackage(spec, fault);
}

function notAPackage(spec: string, fault: string): Explanation {
  return {
    kind: 'invalid-argument',
    code: 'DRIVER_NOT_A_PACKAGE',
    message: `${spec} is not an npm package: it ${fault}`,
    hint: 'Name a directory with a package.json, or an archive that npm pack made',
  };
}

function meaning(npmCode: string | undefined, spec: string, coreVersion: string): Explanation | undefined {
  switch (npmCode) {
    case 'E404':
      return {
        kind: 'not-found',
        code: 'DRIVER_PACKAGE_NOT_FOUND',
        message: `There is no package ${spec} in the npm registry`,
        hint: 'Check its name; a directory is named with ./ or / before it',
      };
    case 'ETARGET':
      return {
        kind: 'not-found',
        code: 'DRIVER_PACKAGE_NOT_FOUND',
        message: `There is no such version as ${spec} in the npm registry`,
        hint: `See which there are: npm view ${spec.replace(/(?!^)@.*$/, '')} versions`,
      };
    case 'ERESOLVE':
      return {
        kind: 'failed-precondition',
        code: 'DRIVER_CORE_VERSION',
        message: `${spec} was written for another version of @strata/core than this Strata's ${coreVersion}`,
        hint: 'Add a version of the driver that accepts it, or update Strata',
      };
    case 'TAR_BAD_ARCHIVE':
    case 'Z_DATA_ERROR':
    case 'Z_BUF_ERROR':
      return notAPackage(spec, 'is no archive that tar can read');
    case 'EINTEGRITY':
      return {
        kind: 'data-loss',
        code: 'DRIVER_INTEGRITY',
        message: `What was downloaded for ${spec} is not what the npm registry says it is`,
        hint: 'Try again; if it stays so, tell the author or the keeper of the registry',
      };
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'ECONNREFUSED':
    case 'ECONNRESET':
    case 'ETIMEDOUT':
      return {
        kind: 'unavailable',
        code: 'NPM_UNREACHABLE',
        message: `The npm registry could not be reached to install ${spec} (${npmCode})`,
        hint: 'Check the network and the proxy; a file.tgz of the driver needs neither',
      };
    default:
      return undefined;
  }
}

function firstWords(text: string): string {
  return text
    .split('\n')
    .filter((line) => !NOISE.test(line))
    .map((line) => line.replace(/^npm (?:error|ERR!) ?/, '').trim())
    .filter((line) => line !== '')
    .slice(0, 3)
    .join('; ');
}

export function textOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const errno = errnoOf(error);
  return errno === undefined || text.includes(errno) ? text : `${errno}: ${text}`;
}
