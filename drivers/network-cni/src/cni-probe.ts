import { existsSync } from 'node:fs';
import { type DriverContext, isStrataError, type ProbeResult } from '@strata/core';
import type { CniOptions } from './cni-options.ts';
import { PluginRunner } from './cni-plugin.ts';
import { pluginTypes, readConflist } from './conflist.ts';

/** Is there a configuration, are its plugins there, and do they speak its version? */
export async function probeCni({ host, options }: DriverContext<CniOptions>): Promise<ProbeResult> {
  try {
    const conflist = await readConflist(options);
    const { cniVersion, name, plugins } = conflist;
    const runner = new PluginRunner(host.exec, options.plugins);
    for (const type of pluginTypes(conflist)) {
      const answer = await runner.run({ command: 'VERSION', type, config: { cniVersion } });
      const supported = (answer as { supportedVersions?: unknown } | undefined)?.supportedVersions;
      if (!Array.isArray(supported) || !supported.includes(cniVersion))
        return {
          supported: false,
          reason: `the CNI plugin ${type} does not know CNI ${cniVersion}, which the network ${name} asks for`,
          hint: 'Lower "cniVersion" in the configuration, or install newer plugins',
        };
    }
    return { supported: true, detail: `${name}: ${plugins.map(({ type }) => type).join(', ')}` };
  } catch (error) {
    if (!isStrataError(error)) throw error;
    if (error.code === 'CNI_CONFIG_MISSING' && options.conflist === undefined && hasPlugins(options))
      return { supported: true, detail: 'plugins, and no configuration yet' };
    const reason = `${error.message.charAt(0).toLowerCase()}${error.message.slice(1)}`;
    return { supported: false, reason, hint: error.hint ?? 'See /etc/cni/net.d' };
  }
}

/** Then users can describe networks, and `cni` itself is refused when it is asked for. */
function hasPlugins({ plugins }: CniOptions): boolean {
  return plugins.some((directory) => existsSync(`${directory}/loopback`));
}
