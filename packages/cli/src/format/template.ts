/** Go's text/template, the subset docker's `--format` is used with. Values are plain data; a function is a method. */
import { functions, show, truth } from './functions.ts';
import { TemplateError } from './lexer.ts';
import { type Call, type Node, type Pipeline, parseTemplate, type Term } from './parser.ts';

export { TemplateError } from './lexer.ts';
export { unescapeText } from './parser.ts';

type Callable = (...values: readonly unknown[]) => unknown;

class Scope {
  readonly dot: unknown;
  readonly #variables = new Map<string, { value: unknown }>();
  readonly #outer: Scope | undefined;

  constructor(dot: unknown, outer?: Scope) {
    this.dot = dot;
    this.#outer = outer;
    if (outer === undefined) this.declare('$', dot);
  }

  declare(name: string, value: unknown): void {
    this.#variables.set(name, { value });
  }

  find(name: string): { value: unknown } {
    const found = this.#variables.get(name) ?? this.#outer?.find(name);
    if (found === undefined) throw new TemplateError(`undefined variable "${name}"`);
    return found;
  }
}

/** Fields that are maps with the user's own keys, not structs: what they do not have is no mistake. */
const MAPS = new Set(
  [
    'Annotations',
    'Attributes',
    'DriverOpts',
    'ExposedPorts',
    'Labels',
    'Networks',
    'Options',
    'PortBindings',
  ].concat(['Ports', 'Sysctls', 'Tmpfs', 'Volumes']),
);

function lacks(value: unknown, name: string): boolean {
  return (
    value === null || (typeof value === 'object' && !Array.isArray(value) && !Object.hasOwn(value, name))
  );
}

function takeField(value: unknown, name: string, args: readonly unknown[]): unknown {
  if (value === null || value === undefined) {
    throw new TemplateError(`nil pointer evaluating interface {}.${name}`);
  }
  if (typeof value !== 'object' || Array.isArray(value) || !Object.hasOwn(value, name)) {
    const isMap = typeof value === 'object' && !Array.isArray(value);
    throw new TemplateError(
      isMap ? `map has no entry for key "${name}"` : `can't evaluate field ${name} in type ${typeof value}`,
    );
  }
  const field = (value as Record<string, unknown>)[name];
  return typeof field === 'function' ? (field as Callable)(...args) : field;
}

function evaluateTerm(term: Term, scope: Scope, args: readonly unknown[]): unknown {
  const { operand, fields } = term;
  if (operand.kind === 'function') {
    const known = Object.hasOwn(functions, operand.name) ? functions[operand.name] : undefined;
    if (known === undefined) throw new TemplateError(`function "${operand.name}" not defined`);
    return (known as Callable)(...args);
  }
  let value: unknown;
  if (operand.kind === 'dot') value = scope.dot;
  else if (operand.kind === 'variable') value = scope.find(operand.name).value;
  else if (operand.kind === 'literal') value = operand.value;
  else value = evaluate(operand.pipeline, scope);
  fields.forEach((name, at) => {
    if (at > 0 && MAPS.has(fields[at - 1]!) && value !== undefined && lacks(value, name)) value = undefined;
    else value = takeField(value, name, at === fields.length - 1 ? args : []);
  });
  if (args.length > 0 && fields.length === 0) throw new TemplateError("can't give argument to non-function");
  return value;
}

function evaluateCall(call: Call, scope: Scope, piped: readonly unknown[]): unknown {
  const [first, ...rest] = call;
  return evaluateTerm(first, scope, [...rest.map((term) => evaluateTerm(term, scope, [])), ...piped]);
}

function evaluate(pipeline: Pipeline, scope: Scope): unknown {
  let value: unknown;
  pipeline.calls.forEach((call, at) => {
    value = evaluateCall(call, scope, at === 0 ? [] : [value]);
  });
  return value;
}

/** Evaluate and, when it declares one variable, bind it. */
function evaluateBinding(pipeline: Pipeline, scope: Scope): unknown {
  const value = evaluate(pipeline, scope);
  const [name] = pipeline.variables;
  if (name === undefined) return value;
  if (pipeline.assign) scope.find(name).value = value;
  else scope.declare(name, value);
  return value;
}

function entriesOf(value: unknown): readonly (readonly [unknown, unknown])[] {
  if (Array.isArray(value)) return value.map((item, at) => [at, item] as const);
  if (typeof value === 'number') return Array.from({ length: value }, (_, at) => [at, at] as const);
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  }
  if (value === null || value === undefined) return [];
  throw new TemplateError(`range can't iterate over ${show(value)}`);
}

function runRange(node: Extract<Node, { pipeline: Pipeline; body: unknown }>, scope: Scope): string {
  const entries = entriesOf(evaluate(node.pipeline, scope));
  if (entries.length === 0) return run(node.otherwise, new Scope(scope.dot, scope));
  const { variables } = node.pipeline;
  return entries
    .map(([key, item]) => {
      const inner = new Scope(item, scope);
      if (variables.length === 2) inner.declare(variables[0]!, key);
      if (variables.length > 0) inner.declare(variables.at(-1)!, item);
      return run(node.body, inner);
    })
    .join('');
}

function runNode(node: Node, scope: Scope): string {
  if (node.kind === 'text') return node.text;
  if (node.kind === 'print') {
    const value = evaluateBinding(node.pipeline, scope);
    return node.pipeline.variables.length > 0 ? '' : show(value);
  }
  if (node.kind === 'range') return runRange(node, scope);
  const inner = new Scope(scope.dot, scope);
  const value = evaluateBinding(node.pipeline, inner);
  if (!truth(value)) return run(node.otherwise, inner);
  return run(node.body, node.kind === 'with' ? new Scope(value, inner) : inner);
}

function run(nodes: readonly Node[], scope: Scope): string {
  return nodes.map((node) => runNode(node, scope)).join('');
}

/** Compile once, then render per value. @throws TemplateError */
export function compileTemplate(source: string): (value: unknown) => string {
  const nodes = parseTemplate(source);
  return (value) => run(nodes, new Scope(value));
}
