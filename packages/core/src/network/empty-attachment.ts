import type { Attachment } from './network-driver.ts';

/** An attachment that says whose it is and nothing else: nothing was attached, or only its id is known. */
export function emptyAttachment(
  whose: Pick<Attachment, 'endpointId' | 'networkId' | 'containerId' | 'sandbox'>,
): Attachment {
  return {
    endpointId: whose.endpointId,
    networkId: whose.networkId,
    containerId: whose.containerId,
    sandbox: whose.sandbox,
    interfaceName: undefined,
    addresses: [],
    gateway: undefined,
    macAddress: undefined,
    ports: [],
    nameservers: [],
    state: {},
  };
}
