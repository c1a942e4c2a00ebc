import { isStrataError, StrataError } from '@strata/core';
import type { ClientContext } from './client.ts';
import { responseError } from './registry-error.ts';
import { retrying } from './retry.ts';
import type { Source } from './sources.ts';

/** Do these credentials open `/v2/`? @throws permission-denied `LOGIN_FAILED` */
export async function verifyLogin(
  context: ClientContext,
  source: Source,
  signal?: AbortSignal,
): Promise<void> {
  await retrying(
    async () => {
      try {
        const response = await context.session.send({ source, method: 'GET', path: '', scopes: [], signal });
        if (response.status === 200) return await response.discard();
        throw await responseError(response, {
          what: 'the registry',
          host: source.credentialsOf,
          missing: 'REGISTRY_NOT_FOUND',
        });
      } catch (error) {
        if (!isStrataError(error, 'permission-denied')) throw error;
        if (error.code !== 'REGISTRY_UNAUTHORIZED' && error.code !== 'REGISTRY_DENIED') throw error;
        throw new StrataError(
          'permission-denied',
          'LOGIN_FAILED',
          `${source.credentialsOf} does not accept this user name and password`,
          {
            hint: 'check both; registries with two-factor logins want an access token instead of the password',
            cause: error,
          },
        );
      }
    },
    { policy: context.retry, signal },
  );
}
