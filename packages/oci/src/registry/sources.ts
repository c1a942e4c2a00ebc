import { StrataError } from '@strata/core';
import {
  canonicalName,
  defaultDomain,
  formatReference,
  isShortName,
  parseReference,
  type Reference,
  repositoryName,
  withDefaultTag,
} from '../reference/reference.ts';
import { hostOf, isLoopback } from './address.ts';
import { type RegistriesConf, ruleFor } from './registries-conf.ts';

/** A place that may have what a reference names. */
export interface Source {
  /** `host[:port]` we connect to. */
  readonly host: string;
  /** Repository there. */
  readonly repository: string;
  /** Whose credentials: the registry as users name it. */
  readonly credentialsOf: string;
  /** Plain HTTP and unverified TLS are allowed. */
  readonly insecure: boolean;
  readonly mirror: boolean;
}

const hubHost = 'registry-1.docker.io';

/**
 * Where to look for a reference, in order: mirrors, then the registry itself.
 * @throws permission-denied `REGISTRY_BLOCKED`
 */
export function sourcesFor(
  reference: Reference,
  conf: RegistriesConf,
  insecureRegistries: readonly string[] = [],
): readonly Source[] {
  const name = formatReference(reference);
  const rule = ruleFor(conf, name);
  if (rule?.blocked === true) {
    throw new StrataError(
      'permission-denied',
      'REGISTRY_BLOCKED',
      `${rule.prefix} is blocked by configuration`,
      {
        hint: 'see blocked in /etc/containers/registries.conf',
      },
    );
  }
  const repository = repositoryName(reference);
  const wanted = reference.digest === undefined ? 'tag-only' : 'digest-only';
  const mirrors = (rule?.mirrors ?? []).filter(({ pull }) => pull === 'all' || pull === wanted);
  const location =
    rule === undefined || rule.location === '' ? repository : rewrite(repository, rule.prefix, rule.location);
  return [
    ...mirrors.map((mirror) =>
      source(rewrite(repository, rule!.prefix, mirror.location), { insecure: mirror.insecure, mirror: true }),
    ),
    source(location, { insecure: rule?.insecure ?? false, mirror: false }),
  ].map((entry) => ({ ...entry, insecure: entry.insecure || isInsecure(entry, insecureRegistries) }));
}

function isInsecure(entry: Source, insecureRegistries: readonly string[]): boolean {
  return isLoopback(hostOf(entry.host)) || insecureRegistries.includes(entry.credentialsOf);
}

function rewrite(repository: string, prefix: string, location: string): string {
  if (prefix.startsWith('*.')) return location + repository.slice(repository.indexOf('/'));
  return location + repository.slice(prefix.length);
}

function source(
  location: string,
  { insecure, mirror }: { readonly insecure: boolean; readonly mirror: boolean },
): Source {
  const slash = location.indexOf('/');
  const domain = slash < 0 ? location : location.slice(0, slash);
  const repository = slash < 0 ? '' : location.slice(slash + 1);
  const isHub = domain === defaultDomain || domain === 'index.docker.io';
  return {
    host: isHub ? hubHost : domain,
    repository,
    credentialsOf: isHub ? defaultDomain : domain,
    insecure,
    mirror,
  };
}

/**
 * What a name typed by a person may mean, best first: with a registry, just that; a short name by its alias, else in
 * each of `unqualified-search-registries`, else on Docker Hub. @throws invalid-argument `REFERENCE_INVALID`
 */
export function candidates(text: string, conf: RegistriesConf): readonly Reference[] {
  const parsed = withDefaultTag(parseReference(text));
  if (!isShortName(text)) return [parsed];
  const repository = text.replace(/@.*$/, '').replace(/:[^/]*$/, '');
  const alias = conf.aliases.get(repository);
  const rest = {
    ...(parsed.tag === undefined ? {} : { tag: parsed.tag }),
    ...(parsed.digest === undefined ? {} : { digest: parsed.digest }),
  };
  if (alias !== undefined && alias !== '') {
    const { domain, path } = parseReference(alias);
    return [{ domain, path, ...rest }];
  }
  const all = conf.searchRegistries.map((domain): Reference => {
    const { domain: host, path } = parseReference(`${domain}/${repository}`);
    return { domain: host, path, ...rest };
  });
  const unique = new Map(
    (all.length === 0 ? [parsed] : all).map((candidate) => [canonicalName(candidate), candidate]),
  );
  return [...unique.values()];
}
