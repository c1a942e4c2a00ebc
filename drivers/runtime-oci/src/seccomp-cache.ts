/**
 * libseccomp takes 10 to 20 ms to turn a profile of 400 system calls into a filter, and would do so for each container
 * anew. crun leaves the filter it loaded in its state directory and takes one ready-made as an annotation
 * (crun(1), `run.oci.seccomp_bpf_data`). A crun that does not know the annotation makes the filter from the profile,
 * which stays in the bundle; a filter that the kernel refuses ends the start of the container.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { storeTag } from '@strata/core';

const ANNOTATION = 'run.oci.seccomp_bpf_data';

interface Bundle {
  annotations?: Record<string, string>;
  readonly linux?: { readonly seccomp?: { readonly listenerPath?: unknown } };
}

interface Kept {
  /** Of the program: another version may make another filter of the same profile. */
  readonly runtime: string;
  /** As JSON. */
  readonly profile: string;
  /** The filter in base64. */
  readonly filter: string;
}

/** A filter that is still to be made, and where it will be kept. */
export interface Wanted extends Omit<Kept, 'filter'> {
  readonly file: string;
}

export class SeccompCache {
  readonly #directory: string;
  readonly #runtime: string;

  constructor(directory: string, runtime: string) {
    this.#directory = directory;
    this.#runtime = runtime;
  }

  /** Put the filter of the bundle's profile into the bundle. Otherwise: what to {@link keep} once it is made. */
  async apply(bundle: string): Promise<Wanted | undefined> {
    const path = join(bundle, 'config.json');
    const config = JSON.parse(await readFile(path, 'utf8')) as Bundle;
    if (config.linux?.seccomp === undefined || config.linux.seccomp.listenerPath !== undefined)
      return undefined;
    const profile = JSON.stringify(config.linux.seccomp);
    // A digest would cost more than all of this, for node:crypto has to be loaded; the profile itself is compared.
    const file = join(this.#directory, `seccomp-${storeTag(profile)}.json`);
    const filter = await this.#filter(file, profile);
    if (filter === undefined) return { file, profile, runtime: this.#runtime };
    config.annotations = { ...config.annotations, [ANNOTATION]: filter };
    await writeFile(path, JSON.stringify(config), { mode: 0o600 });
    return undefined;
  }

  /** Best effort: the next container makes its own again. */
  async keep({ file, ...wanted }: Wanted, state: string): Promise<void> {
    try {
      const filter = await readFile(join(state, 'seccomp.bpf'));
      // struct sock_filter has 8 bytes. None: a crun that keeps it elsewhere.
      if (filter.length === 0 || filter.length % 8 !== 0) return;
      const kept: Kept = { ...wanted, filter: filter.toString('base64') };
      const temporary = `${file}.${process.pid}`;
      await writeFile(temporary, JSON.stringify(kept), { mode: 0o600 });
      await rename(temporary, file);
    } catch {
      // Not crun's way of today.
    }
  }

  async #filter(file: string, profile: string): Promise<string | undefined> {
    try {
      const kept = JSON.parse(await readFile(file, 'utf8')) as Kept;
      return kept.runtime === this.#runtime && kept.profile === profile ? kept.filter : undefined;
    } catch {
      return undefined;
    }
  }
}
