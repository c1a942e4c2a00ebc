/**
 * From the ES modules that esbuild split at every `import()` to CommonJS files. To find, read, hash and look up one in
 * the compile cache takes a third of a millisecond, so what a common command needs lies in a few files; what nobody
 * else needs stays in a file of its own. A module exists once, wherever it lies.
 */
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { transform } from 'esbuild';

export interface Pack {
  /** Of the file, without extension. */
  readonly name: string;
  /** Names of sources, without extension, that are entered by `import()`; what they import statically follows. */
  readonly entries: readonly string[];
}

type Modules = ReadonlyMap<string, string>;

/** What an earlier pack has, a later one takes from there. The entry only knows where everything is. */
export async function packModules(directory: string, entry: string, packs: readonly Pack[]): Promise<void> {
  const library = join(directory, 'lib');
  const modules = new Map<string, string>();
  for (const path of [join(directory, entry), ...readdirSync(library).map((name) => join(library, name))]) {
    modules.set(basename(path), await toCommonJs(readFileSync(path, 'utf8')));
    rmSync(path);
  }
  const places = new Map<string, string>();
  for (const { name, entries } of packs) {
    const roots = [...modules.keys()].filter((file) => entries.includes(sourceName(file)));
    for (const file of closure(modules, name === packs[0]?.name ? [entry, ...roots] : roots))
      if (!places.has(file)) places.set(file, name);
  }
  const inPack = (pack: string) => [...modules].filter(([file]) => places.get(file) === pack);
  for (const { name } of packs) write(join(library, `${name}.cjs`), definitions(inPack(name)));
  for (const [file, code] of modules)
    if (!places.has(file)) write(join(library, file), definitions([[file, code]]));
  const where = [...places].map(([file, pack]) => [file, `${pack}.cjs`]);
  writeFileSync(join(directory, entry), loader(Object.fromEntries(where), entry));
}

function write(path: string, code: string): void {
  writeStamped(path, `module.exports=${code};`);
}

/** The digest tells builds apart (src/code-cache.ts). */
export function writeStamped(path: string, text: string): void {
  const stamp = createHash('sha256').update(text).digest('hex').slice(0, 16);
  writeFileSync(path, `/*${stamp}*/${text}`);
}

function sourceName(file: string): string {
  return file.replace(/(?:-[A-Z0-9]{8})?\.cjs$/, '');
}

async function toCommonJs(code: string): Promise<string> {
  const result = await transform(code, {
    format: 'cjs',
    platform: 'node',
    target: 'node24',
    supported: { 'dynamic-import': false },
    minifyWhitespace: true,
    minifySyntax: true,
  });
  return result.code;
}

/** A dynamic import has become a `require` inside an arrow function; all others are static. */
const staticImport = /(?<!=>(?:__toESM\()?)require\("\.{1,2}\/(?:lib\/)?([^"]+)"\)/g;

function closure(modules: Modules, roots: readonly string[]): Set<string> {
  const found = new Set<string>();
  const visit = (file: string): void => {
    const code = modules.get(file);
    if (code === undefined || found.has(file)) return;
    found.add(file);
    for (const [, imported = ''] of code.matchAll(staticImport)) visit(imported);
  };
  for (const root of roots) visit(root);
  return found;
}

function definitions(modules: readonly (readonly [file: string, code: string])[]): string {
  const all = modules.map(
    ([file, code]) =>
      `${JSON.stringify(file)}(module,exports,require,__strataUrl,__strataResolve){${code}\n}`,
  );
  return `{${all.join(',\n')}}`;
}

/**
 * `__strataUrl` and `__strataResolve` are what `import.meta` was: every module speaks of the program's directory. `preload`
 * is for processes that wait (src/standby.ts).
 */
function loader(where: Record<string, string>, entry: string): string {
  return `var url='file://'+encodeURI(__filename).replace(/[?#]/g,encodeURIComponent);
function resolve(name){return new URL('./'+name.slice(name.lastIndexOf('/')+1)+'.cjs',url).href}
var definitions=Object.create(null);
var where=${JSON.stringify(where)};
var open=globalThis[Symbol.for('@strata/cli.load')]||require;
var loaded=Object.create(null);
function load(name){
  if(name[0]!=='.')return require(name);
  var file=name.slice(name.lastIndexOf('/')+1),module=loaded[file];
  if(module===undefined){
    if(!(file in definitions))Object.assign(definitions,open(__dirname+'/lib/'+(where[file]||file)));
    module=loaded[file]={exports:{}};
    definitions[file](module,module.exports,load,url,resolve);
  }
  return module.exports;
}
exports.preload=function(packs){
  for(var file in where)if(packs.includes(where[file].slice(0,-4)))load('./'+file);
};
Object.defineProperties(exports,Object.getOwnPropertyDescriptors(load(${JSON.stringify(`./${entry}`)})));
`;
}
