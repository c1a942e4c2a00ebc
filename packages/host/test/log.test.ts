import { spawnSync } from 'node:child_process';
import { createLog, type LogRecord } from '@strata/host/log';
import { describe, expect, it } from 'vitest';

describe('Log', () => {
  it('filters by level and adds the facts of its parents', () => {
    const records: LogRecord[] = [];
    const log = createLog('info', (record) => records.push(record)).child({ container: 'c1' });
    log.debug('no');
    log.info('yes', { step: 2 });
    expect(records).toEqual([
      expect.objectContaining({ level: 'info', message: 'yes', container: 'c1', step: 2 }),
    ]);
  });

  it('prints one JSON line and no secrets', () => {
    const script = `import { createLog } from '@strata/host/log';
      createLog('warn').warn('hi', { Authorization: 'Basic abc', size: 3n, error: new Error('boom'), nested: { password: 'p' } });`;
    const cwd = new URL('.', import.meta.url).pathname;
    const { stderr } = spawnSync(
      process.execPath,
      ['--conditions=source', '--input-type=module', '-e', script],
      { cwd },
    );
    const record = JSON.parse(stderr.toString());
    expect(record).toMatchObject({
      Authorization: '[redacted]',
      size: '3',
      error: 'boom',
      nested: { password: '[redacted]' },
    });
  });
});
