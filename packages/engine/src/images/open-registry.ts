import type { RegistryClient } from '@strata/oci';
import type { InternalServices } from '../internal-services.ts';

export interface OpenRegistry extends AsyncDisposable {
  readonly client: RegistryClient;
}

/** A registry client over the host's programs, closed with its scope. */
export async function openRegistry(
  { host }: Pick<InternalServices, 'host'>,
  onRetry?: (text: string) => void,
): Promise<OpenRegistry> {
  const { RegistryClient: Client } = await import('@strata/oci');
  const client = new Client({
    exec: host.exec,
    log: host.log,
    ...(onRetry === undefined
      ? {}
      : {
          onRetry: ({ what, reason, delay }) =>
            onRetry(`Retrying ${what} in ${Math.ceil(delay / 1000)} s: ${reason}`),
        }),
  });
  return { client, [Symbol.asyncDispose]: () => client.close() };
}
