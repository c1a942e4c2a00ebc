import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import type { BorrowedDriver } from '../api/drivers.ts';
import type { InternalServices } from '../internal-services.ts';
import { version } from '../version.ts';
import { installAndInspect } from './add-driver.ts';
import { addedDrivers } from './added-driver.ts';
import { ENTRY, type InstallOptions } from './driver-package.ts';
import { findKnown } from './find-added.ts';
import { importDefinition } from './import-definition.ts';
import { packagesDirectory } from './packages-directory.ts';

/**
 * Use a driver without adding it: an added one from where it is, anything else from a directory that is gone
 * afterwards. Its package is installed exactly as `add` would.
 */
export async function borrowDriver<T>(
  services: InternalServices,
  named: string,
  options: InstallOptions,
  use: (driver: BorrowedDriver) => Promise<T>,
): Promise<T> {
  const added = addedDrivers(services.database).find((driver) =>
    [driver.id, `${driver.kind}/${driver.id}`, driver.package].includes(named),
  );
  if (added !== undefined) {
    const directory = join(packagesDirectory(services.paths), added.directory);
    const name = { name: added.package, version: added.version };
    const definition = await importDefinition(name, { directory, tree: added.tree }, options.importModule);
    return use({ definition, package: name, module: join(directory, ENTRY) });
  }
  // Never a package of the registry that happens to be called as one of ours.
  const [builtIn] = findKnown(services, named);
  if (builtIn !== undefined) {
    const definition = services.drivers.definition(builtIn.kind, builtIn.id);
    return use({ definition, package: { name: builtIn.id, version }, module: undefined });
  }
  const directory = mkdtempSync(join(services.paths.temporary, 'driver-'));
  try {
    const inside = join(directory, 'package');
    const { package: installed } = await installAndInspect(services, named, inside, options);
    const definition = await importDefinition(
      installed,
      { directory: inside, tree: installed.tree },
      options.importModule,
    );
    return await use({ definition, package: installed, module: join(inside, ENTRY) });
  } finally {
    await services.host.files.removeTree(directory);
  }
}
