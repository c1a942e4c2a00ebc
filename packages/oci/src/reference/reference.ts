/**
 * Names of images, by the grammar of distribution/reference (the one Docker and containerd use):
 * `[domain[:port]/]path[:tag][@digest]`. What a person types is *familiar* (`debian`); what is stored is
 * *canonical* (`docker.io/library/debian:latest`).
 */
import type { Digest } from '@strata/core';
import { isDigest, StrataError } from '@strata/core';

export interface Reference {
  /** Registry as named by the user, with its port: `docker.io`, `localhost:5000`, `[::1]:5000`. */
  readonly domain: string;
  /** Repository inside the registry: `library/debian`. */
  readonly path: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

export const defaultDomain = 'docker.io';
const legacyDomain = 'index.docker.io';
const officialPrefix = 'library/';
export const defaultTag = 'latest';

/** Longest text we look at; the grammar's own limits add up to less. */
const maxText = 1024;
/** distribution/reference RepositoryNameTotalLengthMax. */
const maxPath = 255;

const DOMAIN_LABEL = '(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9])';
const DOMAIN = new RegExp(`^(?:${DOMAIN_LABEL}(?:\\.${DOMAIN_LABEL})*|\\[[a-fA-F0-9:]+\\])(?::[0-9]{1,5})?$`);
const PATH_PART = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
const TAG = /^\w[\w.-]{0,127}$/;
const IMAGE_ID = /^[a-f0-9]{64}$/;

/**
 * Read what a person typed. `debian` becomes `docker.io/library/debian`; a missing tag stays missing
 * ({@link withDefaultTag} adds `latest`). @throws invalid-argument `REFERENCE_INVALID`
 */
export function parseReference(text: string): Reference {
  if (text === '') throw bad(text, 'an image reference must not be empty');
  if (text.length > maxText)
    throw bad(`${text.slice(0, 40)}…`, `the reference is longer than ${maxText} characters`);
  if (IMAGE_ID.test(text))
    throw bad(text, 'a repository cannot be 64 hexadecimal characters: that is an image ID');
  const { domain, rest } = splitDomain(text);
  const at = rest.indexOf('@');
  const named = at < 0 ? rest : rest.slice(0, at);
  const digest = at < 0 ? undefined : rest.slice(at + 1);
  const colon = named.indexOf(':');
  const path = colon < 0 ? named : named.slice(0, colon);
  const tag = colon < 0 ? undefined : named.slice(colon + 1);
  checkParts(text, { domain, path, tag, digest });
  return {
    domain,
    path,
    ...(tag === undefined ? {} : { tag }),
    ...(digest === undefined ? {} : { digest: digest as Digest }),
  };
}

interface Parts {
  readonly domain: string;
  readonly path: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

function checkParts(text: string, { domain, path, tag, digest }: Parts): void {
  if (!DOMAIN.test(domain) || portOf(domain) > 65535) throw bad(text, `'${domain}' is not a registry host`);
  const familiarPath = path.startsWith(officialPrefix) && domain === defaultDomain ? path.slice(8) : path;
  if (familiarPath === '') throw bad(text, 'the repository name is empty');
  if (path.toLowerCase() !== path) {
    throw bad(
      text,
      'the repository name must be lower case',
      `try '${text.replace(familiarPath, familiarPath.toLowerCase())}'`,
    );
  }
  if (path.length > maxPath) throw bad(text, `the repository name is longer than ${maxPath} characters`);
  if (!path.split('/').every((part) => PATH_PART.test(part))) {
    throw bad(text, `'${familiarPath}' is not a repository name`);
  }
  if (tag !== undefined && !TAG.test(tag)) throw bad(text, `'${tag}' is not a tag`);
  if (digest !== undefined && !isDigest(digest)) {
    throw bad(
      text,
      `'${digest}' is not a digest`,
      'a digest is sha256: and 64 lower-case hexadecimal digits',
    );
  }
}

function portOf(domain: string): number {
  const port = /:([0-9]+)$/.exec(domain.replace(/^\[.*?\]/, ''))?.[1];
  return port === undefined ? 0 : Number(port);
}

/** distribution/reference splitDockerDomain: the first part is a host when it looks like one. */
function splitDomain(text: string): { readonly domain: string; readonly rest: string } {
  const slash = text.indexOf('/');
  const first = slash < 0 ? '' : text.slice(0, slash);
  const isHost = first === 'localhost' || /[.:]/.test(first) || first.toLowerCase() !== first;
  if (slash < 0 || !isHost) return official(text);
  const rest = text.slice(slash + 1);
  return first === defaultDomain || first === legacyDomain ? official(rest) : { domain: first, rest };
}

function official(rest: string): { readonly domain: string; readonly rest: string } {
  return { domain: defaultDomain, rest: rest.includes('/') ? rest : officialPrefix + rest };
}

function bad(text: string, why: string, hint?: string): StrataError {
  return new StrataError(
    'invalid-argument',
    'REFERENCE_INVALID',
    `invalid image reference '${text}': ${why}`,
    {
      hint: hint ?? 'a reference looks like debian:12, ghcr.io/owner/name:tag or name@sha256:…',
    },
  );
}

/** Does the text name its registry itself? If not it is a *short name* that configuration may resolve. */
export function isShortName(text: string): boolean {
  const slash = text.indexOf('/');
  if (slash < 0) return true;
  const first = text.slice(0, slash);
  return !(first === 'localhost' || /[.:]/.test(first) || first.toLowerCase() !== first);
}

/** `latest` where there is neither tag nor digest. */
export function withDefaultTag(reference: Reference): Reference {
  if (reference.tag !== undefined || reference.digest !== undefined) return reference;
  return { ...reference, tag: defaultTag };
}

/** `docker.io/library/debian`. */
export function repositoryName(reference: Reference): string {
  return `${reference.domain}/${reference.path}`;
}

/** The name under which an image is stored: `repository@digest` when pinned, else `repository:tag`. */
export function canonicalName(reference: Reference): string {
  if (reference.digest !== undefined) return `${repositoryName(reference)}@${reference.digest}`;
  return `${repositoryName(reference)}:${reference.tag ?? defaultTag}`;
}

/** All that was given: `repository[:tag][@digest]`. */
export function formatReference(reference: Reference): string {
  const tag = reference.tag === undefined ? '' : `:${reference.tag}`;
  const digest = reference.digest === undefined ? '' : `@${reference.digest}`;
  return `${repositoryName(reference)}${tag}${digest}`;
}

/** The shortest repository name that reads back the same, as `docker images` prints it: `debian`, `owner/name`. */
export function familiarRepository(reference: Reference): string {
  if (reference.domain !== defaultDomain) return repositoryName(reference);
  const { path } = reference;
  const short = path.startsWith(officialPrefix) ? path.slice(officialPrefix.length) : path;
  return short.includes('/') && path.startsWith(officialPrefix) ? path : short;
}

/** Like {@link formatReference}, with the familiar repository: `debian:12`. */
export function familiarName(reference: Reference): string {
  const tag = reference.tag === undefined ? '' : `:${reference.tag}`;
  const digest = reference.digest === undefined ? '' : `@${reference.digest}`;
  return `${familiarRepository(reference)}${tag}${digest}`;
}
