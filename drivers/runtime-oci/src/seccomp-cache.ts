/**
 * libseccomp takes 10 to 20 ms to turn a profile of 400 system calls into a filter, and would do so for each container
 * anew. crun leaves the filter it loaded in its state directory and takes one ready-made as an annotation
 * (crun(1), `run.oci.seccomp_bpf_data`). A crun that does not know the annotation makes the filter from the profile,
 * which stays in the bundle; a filter that the kernel refuses ends the start of the container.
 */
import { createHash, randomUUID } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const ANNOTATION = 'run.oci.seccomp_bpf_data';

interface Bundle {
  annotations?: Record<string, string>;
  readonly linux?: { readonly seccomp?: { readonly listenerPath?: unknown } };
}

export class SeccompCache {
  readonly #directory: string;
  readonly #runtime: string;

  /** `runtime` identifies the program: another version may make another filter of the same profile. */
  constructor(directory: string, runtime: string) {
    this.#directory = directory;
    this.#runtime = runtime;
  }

  /** Put the filter of the bundle's profile into the bundle. Otherwise: where to {@link keep} it once it is made. */
  async apply(bundle: string): Promise<string | undefined> {
    const path = join(bundle, 'config.json');
    const config = JSON.parse(await readFile(path, 'utf8')) as Bundle;
    const profile = config.linux?.seccomp;
    if (profile === undefined || profile.listenerPath !== undefined) return undefined;
    const key = createHash('sha256').update(this.#runtime).update(JSON.stringify(profile)).digest('hex');
    const kept = join(this.#directory, `seccomp-${key}`);
    let filter: Buffer;
    try {
      filter = await readFile(kept);
    } catch {
      return kept;
    }
    config.annotations = { ...config.annotations, [ANNOTATION]: filter.toString('base64') };
    await writeFile(path, JSON.stringify(config), { mode: 0o600 });
    return undefined;
  }

  /** Best effort: the next container makes its own again. */
  async keep(kept: string, state: string): Promise<void> {
    try {
      const filter = await readFile(join(state, 'seccomp.bpf'));
      // struct sock_filter has 8 bytes. None: a crun that keeps it elsewhere.
      if (filter.length === 0 || filter.length % 8 !== 0) return;
      const temporary = `${kept}.${randomUUID()}`;
      await writeFile(temporary, filter, { mode: 0o600 });
      await rename(temporary, kept);
    } catch {
      // Not crun's way of today.
    }
  }
}
