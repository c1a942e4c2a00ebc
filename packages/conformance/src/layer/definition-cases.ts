import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { driverApiVersions } from '@strata/core';
import type { LayerCase } from './layer-suite.ts';
import { driverContext } from './layer-target.ts';

export const definitionCases: readonly LayerCase[] = [
  {
    name: 'strata/DefinitionIsWellFormed',
    async run({ target: { definition } }) {
      assert.equal(definition.kind, 'layer');
      assert.match(definition.id, /^[a-z][a-z0-9-]{0,31}$/);
      assert.equal(definition.apiVersion, driverApiVersions.layer, 'the contract version it was written for');
      assert.ok(
        definition.summary.length > 0 && !definition.summary.includes('\n'),
        'the summary is one line',
      );
    },
  },
  {
    name: 'strata/OptionsNameWhatTheyRefuse',
    async run({ target: { definition } }) {
      const { issues } = await definition.options['~standard'].validate({ 'no-such-option': 1 });
      assert.ok(issues !== undefined && issues.length > 0, 'an unknown option must be refused');
      assert.ok(issues.every(({ message }) => message.length > 0));
    },
  },
  {
    name: 'strata/ProbeTriesTheRealThing',
    async run({ target, root }) {
      const context = await driverContext(target, root);
      for (let time = 0; time < 2; time += 1) {
        const result = await target.definition.probe(context);
        assert.deepEqual(
          result.supported,
          true,
          `the probe says ${JSON.stringify(result)} where the suite runs`,
        );
        assert.deepEqual(readdirSync(root), [], 'the probe left something behind');
      }
    },
  },
  {
    name: 'strata/ProbeAnswersWhereNothingCanBeMade',
    async run({ target, host }) {
      const readOnly = { type: 'tmpfs', source: 'tmpfs', options: ['ro', 'size=64k'] };
      await host.mounter.withMounted([readOnly], async (root) => {
        const result = await target.definition.probe(await driverContext(target, root));
        assert.equal(result.supported, false, 'the probe claims support on a read-only filesystem');
        if (result.supported) return;
        assert.ok(result.reason.length > 0, 'unsupported needs a reason');
        assert.ok(result.hint.length > 0, 'unsupported needs a hint');
      });
    },
  },
  {
    name: 'strata/CapabilitiesMatchMethods',
    async run({ driver }) {
      const { quota, loopBacking = false, nativeChanges, clone, maxDepth } = driver.capabilities;
      assert.equal('setQuota' in driver, quota, 'capability quota and method setQuota must agree');
      assert.equal(
        'setBacking' in driver,
        loopBacking,
        'capability loopBacking and method setBacking must agree',
      );
      assert.equal(
        'changes' in driver,
        nativeChanges,
        'capability nativeChanges and method changes must agree',
      );
      assert.equal('clone' in driver, clone, 'capability clone and method clone must agree');
      assert.ok(
        Number.isSafeInteger(maxDepth) && maxDepth >= 128,
        `images have up to 127 layers; maxDepth is ${maxDepth}`,
      );
    },
  },
];
