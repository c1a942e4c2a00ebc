import { describe, expect, it } from 'vitest';
import { compileTemplate, TemplateError } from '../src/format/template.ts';

const data = {
  ID: 'abc',
  Names: ['one', 'two'],
  Empty: [],
  State: { Status: 'running', Pid: 12, Paused: false, Health: null },
  Labels: { a: '1', 'b.c/d': '<2>' },
  Label: (name: string) => `label ${name}`,
  Null: { Labels: null },
  N: 3,
  Mounts: [{ Source: '/a' }, { Source: '/b' }],
};

/** Expected results are those of Go's text/template with docker's functions. */
const cases: [template: string, text: string][] = [
  ['plain', 'plain'],
  ['{{.ID}}', 'abc'],
  ['{{ .ID }}-{{.State.Status}}', 'abc-running'],
  ['{{json .State}}', '{"Status":"running","Pid":12,"Paused":false,"Health":null}'],
  ['{{json .Labels}}', '{"a":"1","b.c/d":"\\u003c2\\u003e"}'],
  ['{{.Names}}', '[one two]'],
  ['{{.Labels}}', 'map[a:1 b.c/d:<2>]'],
  ['{{.State.Health}}', '<nil>'],
  ['{{join .Names ", "}}', 'one, two'],
  ['{{index .Labels "b.c/d"}}', '<2>'],
  ['{{index .Labels "none"}}|{{index .State "none"}}', '|<no value>'],
  ['{{.Labels.a}} {{.Labels.none}} {{.Null.Labels.none}}', '1 <no value> <no value>'],
  ['{{index .Names 1}}', 'two'],
  ['{{(index .Mounts 0).Source}}', '/a'],
  ['{{range .Names}}<{{.}}>{{end}}', '<one><two>'],
  ['{{range .Empty}}x{{else}}none{{end}}', 'none'],
  ['{{range $i, $n := .Names}}{{$i}}={{$n}};{{end}}', '0=one;1=two;'],
  ['{{range $k, $v := .Labels}}{{$k}}:{{$v}} {{end}}', 'a:1 b.c/d:<2> '],
  ['{{range .Mounts}}{{.Source}} {{$.ID}};{{end}}', '/a abc;/b abc;'],
  ['{{if .State.Paused}}p{{else if eq .State.Status "running"}}r{{else}}x{{end}}', 'r'],
  ['{{if and .N (gt .N 2)}}yes{{end}}', 'yes'],
  ['{{if not .Empty}}empty{{end}}', 'empty'],
  ['{{with .State}}{{.Pid}}{{end}}', '12'],
  ['{{with $s := .State}}{{$s.Pid}}{{end}}', '12'],
  ['{{$x := .ID}}{{$x}}{{$x}}', 'abcabc'],
  ['{{$x := 1}}{{if true}}{{$x = 2}}{{end}}{{$x}}', '2'],
  ['{{.ID | upper | printf "%s-%d" "x" }}', 'x-%!d(string=ABC)'],
  ['{{printf "%-5s|%5s|%05d|%q|%x|%.2f%%" .ID .ID .N .ID 255 1.5}}', 'abc  |  abc|00003|"abc"|ff|1.50%'],
  ['{{len .Names}} {{len .ID}} {{len .Labels}}', '2 3 2'],
  ['{{upper .ID}} {{title "a bc"}} {{truncate "abcdef" 3}} {{pad "x" 1 2}}|', 'ABC A Bc abc  x  |'],
  ['{{split "a/b" "/"}}', '[a b]'],
  ['{{slice "abcdef" 1 3}}', 'bc'],
  ['{{.Label "x"}}', 'label x'],
  ['{{println .ID}}', 'abc\n'],
  ['a {{- .ID -}} b', 'aabcb'],
  ['{{/* comment */}}x', 'x'],
  ['{{"}}"}} {{`raw\\n`}} {{"t\\tx"}}', '}} raw\\n t\tx'],
  ['{{eq .ID "x" "abc"}} {{ne 1 2}} {{lt 1 2}} {{ge 2 2}}', 'true true true true'],
  ['{{or .State.Paused "fallback"}}', 'fallback'],
];

describe('templates', () => {
  it.each(cases)('%s', (template, text) => {
    expect(compileTemplate(template)(data)).toBe(text);
  });

  it.each([
    ['{{.Foo}}', 'map has no entry for key "Foo"'],
    ['{{.ID.x}}', "can't evaluate field x in type string"],
    ['{{.State.Health.Status}}', 'nil pointer evaluating interface {}.Status'],
    ['{{.constructor}}', 'map has no entry for key "constructor"'],
    ['{{nonsense .ID}}', 'function "nonsense" not defined'],
    ['{{constructor .ID}}', 'function "constructor" not defined'],
    ['{{.ID', 'unclosed action'],
    ['{{if .ID}}x', 'unexpected EOF'],
    ['{{end}}', 'unexpected {{end}}'],
    ['{{index .Names 9}}', 'index out of range: 9'],
    ['{{$nope}}', 'undefined variable "$nope"'],
    ['{{}}', 'missing value for command'],
    ['{{.ID !}}', 'unexpected "!" in operand'],
    ['{{range .ID}}{{end}}', "range can't iterate over abc"],
  ])('%s is refused', (template, message) => {
    const render = (): string => compileTemplate(template)(data);
    expect(render).toThrow(TemplateError);
    expect(render).toThrow(message);
  });
});
