import { type DriverContext, isStrataError, type ProbeResult } from '@strata/core';
import type { CniOptions } from './cni-options.ts';
import { PluginRunner } from './cni-plugin.ts';
import { readConflist } from './conflist.ts';

/** Is there a configuration, are its plugins there, and do they speak its version? */
export async function probeCni({ host, options }: DriverContext<CniOptions>): Promise<ProbeResult> {
  try {
    const { cniVersion, name, plugins } = await readConflist(options);
    const runner = new PluginRunner(host.exec, options.plugins);
    const types = plugins.flatMap(({ type, ipam }) => {
      const inner = (ipam as { type?: unknown } | undefined)?.type;
      return typeof inner === 'string' && inner !== '' ? [type, inner] : [type];
    });
    for (const type of new Set(types)) {
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
    const reason = `${error.message.charAt(0).toLowerCase()}${error.message.slice(1)}`;
    return { supported: false, reason, hint: error.hint ?? 'See /etc/cni/net.d' };
  }
}
