import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join, resolve } from 'node:path';

const template = resolve(import.meta.dirname, '../../packages/create-driver/templates/layer/src');

/** A package of the layer driver `example`: the scaffold's, built by taking its types away. */
export function examplePackage(directory: string): string {
  const path = join(directory, 'strata-driver-example');
  mkdirSync(path, { recursive: true });
  for (const name of ['index', 'example-layer-driver', 'example-probe']) {
    const source = stripTypeScriptTypes(readFileSync(`${template}/${name}.ts`, 'utf8'), {
      mode: 'transform',
    });
    writeFileSync(join(path, `${name}.js`), source.replaceAll(".ts'", ".js'"));
  }
  const manifest = {
    name: 'strata-driver-example',
    version: '1.0.0',
    type: 'module',
    exports: './index.js',
    peerDependencies: { '@strata/core': '*' },
  };
  writeFileSync(join(path, 'package.json'), JSON.stringify(manifest));
  return path;
}
