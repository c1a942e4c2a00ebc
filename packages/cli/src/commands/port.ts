import { StrataError } from '@strata/core';
import type { Handler } from '../context.ts';
import { hostAddress } from '../views/port-view.ts';

/** `strata port CONTAINER [80[/tcp]]`. */
export const port: Handler = async (context) => {
  const [container = '', wanted] = context.args;
  const { networks } = await context.engine();
  const ports = await networks.ports(container);
  if (wanted === undefined) {
    const lines = ports.map((one) => `${one.containerPort}/${one.protocol} -> ${hostAddress(one)}`);
    return { output: { kind: 'lines', lines } };
  }
  const [number, protocol = 'tcp'] = wanted.split('/');
  const found = ports.filter((one) => String(one.containerPort) === number && one.protocol === protocol);
  if (found.length === 0)
    throw new StrataError(
      'not-found',
      'PORT_NOT_PUBLISHED',
      `no public port '${number}/${protocol}' published for ${container}`,
      { hint: `strata port ${container} lists those that are` },
    );
  return { output: { kind: 'lines', lines: found.map(hostAddress) } };
};
