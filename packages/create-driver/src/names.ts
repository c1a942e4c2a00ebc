/** The kinds there are templates for. */
export const kinds = ['layer', 'network', 'cgroup', 'image'] as const;
export type Kind = (typeof kinds)[number];

/** What users will type after `--storage=`, as `@strata/core` defines it. */
const ID = /^[a-z][a-z0-9-]{0,31}$/;

export function isKind(text: string): text is Kind {
  return (kinds as readonly string[]).includes(text);
}

/** `zfs`, `strata-driver-zfs` and `@scope/strata-driver-zfs` all name the driver `zfs`. @throws Error with one sentence */
export function namesFrom(given: string): { readonly id: string; readonly packageName: string } {
  const [, scope = '', bare = ''] = /^(@[a-z0-9-~][a-z0-9-._~]*\/)?(.*)$/.exec(given) ?? [];
  const id = bare.replace(/^strata-driver-/, '');
  if (!ID.test(id) || id.endsWith('-'))
    throw new Error(
      `"${given}" is not a driver's name: use lower-case letters, digits and dashes, as in "zfs"`,
    );
  return { id, packageName: `${scope}strata-driver-${id}` };
}

/** `my-fs` → `MyFs`. */
export function pascalCase(id: string): string {
  return id
    .split('-')
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
}
