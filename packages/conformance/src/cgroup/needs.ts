import type { CgroupCapabilities } from '@strata/core';

type Exclusion = (traits: CgroupCapabilities) => string | undefined;

/** A driver that can do nothing makes nothing. */
export const needsCgroups: Exclusion = (traits) =>
  Object.values(traits).some(Boolean)
    ? undefined
    : 'the driver declares nothing, so there is no cgroup to look at';

/** Applies to drivers with all of these. */
export const needs =
  (...names: readonly (keyof CgroupCapabilities)[]): Exclusion =>
  (traits) => {
    const missing = names.find((name) => !traits[name]);
    return missing === undefined ? undefined : `the driver does not declare ${missing}`;
  };
