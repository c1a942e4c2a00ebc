import { statfs } from 'node:fs/promises';
import type { Attachment, Host } from '@strata/core';

/** NSFS_MAGIC of statfs(2): a namespace, not an empty file left by a reboot. */
const NSFS_MAGIC = 0x6e73_6673;

/** Its sandbox; empty when that is gone. */
export async function sandboxOf({ sandbox }: Pick<Attachment, 'sandbox'>): Promise<string> {
  if (sandbox === undefined) return '';
  const type = await statfs(sandbox).then(
    (facts) => facts.type,
    () => 0,
  );
  return type === NSFS_MAGIC ? sandbox : '';
}

/**
 * The sandbox for a DEL. Plugins up to 1.3 find their masquerading rules by the addresses of the interface inside, and
 * leave them for ever when there is none: a sandbox that is gone gets a stand-in with such an interface.
 */
export async function withSandbox(
  host: Host,
  { attachment, path }: { readonly attachment: Attachment; readonly path: string },
  use: (namespace: string) => Promise<void>,
): Promise<void> {
  const own = await sandboxOf(attachment);
  const { addresses, interfaceName } = attachment;
  if (own !== '' || addresses.length === 0) return use(own);
  const lines = [
    `link add ${interfaceName} type veth peer name other`,
    ...addresses.map((address) => `address add ${address} dev ${interfaceName}`),
  ];
  await host.namespaces.createNetwork(path);
  try {
    await host.exec.run('nsenter', [`--net=${path}`, '--', 'ip', '-batch', '-'], { input: lines.join('\n') });
    await use(path);
  } finally {
    await host.namespaces.removeNetwork(path);
  }
}
