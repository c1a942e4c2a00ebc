import { load, type Native } from '@strata/native';

let loaded: Native | undefined;

/** The addon, loaded by the first system call that needs it. */
export function native(): Native {
  loaded ??= load();
  return loaded;
}
