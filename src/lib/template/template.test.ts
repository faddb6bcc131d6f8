import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { compileTemplate } from './compile.ts';

const DATA = {
  Id: 'abc',
  Names: ['/x', '/y'],
  Count: 3,
  Ratio: 1.5,
  Empty: '',
  State: { Running: true, Pid: 5, Health: null },
  Config: { Labels: { b: '2', a: '1' }, Env: ['A=1', 'B=2'], Entrypoint: null, Volumes: null },
  HostConfig: { PidsLimit: null },
  NetworkSettings: { Ports: { '80/tcp': [{ HostIp: '', HostPort: '8080' }], '443/tcp': null } },
  Label: (name: unknown) => `label ${name}`,
};

const render = (source: string) => compileTemplate(source)(DATA);

describe('prints', () => {
  for (const [source, expected] of [
    ['plain {{.Id}} text', 'plain abc text'],
    ['{{ .State.Pid }}', '5'],
    ['{{.State}}', '{true 5 <nil>}'],
    ['{{.Names}}', '[/x /y]'],
    ['{{.Config.Labels}}', 'map[a:1 b:2]'],
    ['{{.Config.Volumes}} {{.Config.Entrypoint}} {{.HostConfig.PidsLimit}}', 'map[] [] <nil>'],
    ['{{.Config.Labels.a}} {{.Config.Labels.none}}', '1 <no value>'],
    ['{{.Label "com.x"}}', 'label com.x'],
    ['{{json .State}}', '{"Running":true,"Pid":5,"Health":null}'],
    ['{{json .Id}} {{.Id | json}}', '"abc" "abc"'],
    ['{{"quoted\\t\\u00e9\\x41"}} {{`raw\\t`}} {{\'a\'}}', 'quoted\té' + 'A raw\\t 97'],
    ['{{0x10}} {{-3}} {{1e3}} {{1_000}} {{true}}', '16 -3 1000 1000 true'],
    ['{{(index .Names 0)}}{{(.State).Pid}}', '/x5'],
  ] as const) {
    it(source, () => assert.equal(render(source), expected));
  }
});

describe('branches, loops and scopes', () => {
  for (const [source, expected] of [
    ['{{if .Id}}yes{{end}}', 'yes'],
    ['{{if .Empty}}yes{{else}}no{{end}}', 'no'],
    ['{{if .Empty}}1{{else if .State.Health}}2{{else if .Id}}3{{else}}4{{end}}', '3'],
    ['{{with .Config}}{{.Env}}{{$.Id}}{{end}}', '[A=1 B=2]abc'],
    ['{{with .Empty}}a{{else}}{{.Id}}{{end}}', 'abc'],
    ['{{with .Empty}}a{{else with .Id}}{{.}}{{end}}', 'abc'],
    ['{{range .Names}}<{{.}}>{{end}}', '</x></y>'],
    ['{{range $i, $n := .Names}}{{if $i}},{{end}}{{$n}}{{end}}', '/x,/y'],
    ['{{range $v := .Config.Labels}}{{$v}}{{end}}', '12'],
    [
      '{{range $k, $v := .NetworkSettings.Ports}}{{$k}}={{range $v}}{{.HostPort}}{{else}}none{{end}};{{end}}',
      '443/tcp=none;80/tcp=8080;',
    ],
    ['{{range .State.Health}}x{{else}}empty{{end}}', 'empty'],
    ['{{range 3}}{{.}}{{end}}', '012'],
    ['{{range .Config.Env}}{{if eq . "B=2"}}{{break}}{{end}}{{.}}{{end}}', 'A=1'],
    ['{{range .Config.Env}}{{if eq . "A=1"}}{{continue}}{{end}}{{.}}{{end}}', 'B=2'],
    ['{{$x := 1}}{{if true}}{{$x = 2}}{{$x := 3}}{{$x}}{{end}}{{$x}}', '32'],
    ['a  {{- .Id -}}  b', 'aabcb'],
    ['a{{/* a comment {{ */}}b {{- /* trimmed */ -}} c', 'abc'],
  ] as const) {
    it(source, () => assert.equal(render(source), expected));
  }
});

describe('functions', () => {
  for (const [source, expected] of [
    ['{{len .Names}} {{len .Id}} {{len .Config.Labels}}', '2 3 2'],
    ['{{index .Config.Labels "a"}} [{{index .Config.Labels "none"}}]', '1 []'],
    ['{{(index (index .NetworkSettings.Ports "80/tcp") 0).HostPort}}', '8080'],
    ['{{slice .Id 1}} {{slice .Id 0 2}} {{slice .Names 1}}', 'bc ab [/y]'],
    ['{{eq .Count 3}} {{eq .Id "x" "abc"}} {{ne .Id "x"}}', 'true true true'],
    ['{{lt 1 2}} {{le 2 2}} {{gt 1 2}} {{ge 2 3}} {{lt "a" "b"}}', 'true true false false true'],
    ['{{and .Id .Empty}}|{{or .Empty .Id}}|{{not .Id}}', '|abc|false'],
    ['{{or .Id .Nothing}}{{and .Empty .Nothing}}', 'abc'],
    ['{{upper .Id}} {{lower "ABC"}} {{title "a bc"}}', 'ABC abc A Bc'],
    [
      '{{join .Names ","}} {{split "a:b" ":"}} {{truncate .Id 2}} [{{pad .Id 1 2}}]',
      '/x,/y [a b] ab [ abc  ]',
    ],
    [
      '{{printf "%s-%d-%5d|%-5s|%05d|%.2f|%x|%q|%v|%t|%%" .Id 1 2 "x" 7 1.5 255 "q" .Names true}}',
      'abc-1-    2|x    |00007|1.50|ff|"q"|[/x /y]|true|%',
    ],
    ['{{printf "%d %s" "x" 1}}', '%!d(string=x) %!s(int=1)'],
    ['{{printf "%s"}} {{printf "a" 1}}', '%!s(MISSING) a%!(EXTRA int=1)'],
    ['{{println "a" 1}}', 'a 1\n'],
    ['{{print "a" 1 2 "b"}}', 'a1 2b'],
    ['{{html "<a>"}} {{urlquery "a b&c"}}', '&lt;a&gt; a+b%26c'],
    ['{{.Names | len | printf "%d!"}}', '2!'],
  ] as const) {
    it(source, () => assert.equal(render(source), expected));
  }
});

describe('complains', () => {
  for (const [source, message] of [
    ['{{', 'template: :1: unclosed action'],
    ['\n{{.Id', 'template: :2: unclosed action'],
    ['{{end}}', 'template: :1: unexpected {{end}}'],
    ['{{if .Id}}', 'template: :1: unexpected EOF'],
    ['{{if}}x{{end}}', 'template: :1: missing value for if'],
    ['{{foo}}', 'template: :1: function "foo" not defined'],
    ['{{$x}}', 'template: :1: undefined variable "$x"'],
    ['{{(.Id}}', 'template: :1: unclosed left paren'],
    ['{{.Id)}}', 'template: :1: unexpected right paren'],
    ['{{"a}}', 'template: :1: unterminated quoted string'],
    ['{{break}}', 'template: :1: {{break}} outside {{range}}'],
    ['{{template "x"}}', 'template: :1: {{template}} is not supported in --format'],
    ['{{/* a', 'template: :1: unclosed comment'],
    ['{{.Id | 3}}', 'template: :1: non executable command in pipeline stage'],
    ['{{.Nothing}}', 'template: :1: executing "" at <.Nothing>: map has no entry for key "Nothing"'],
    [
      '{{.constructor}}',
      'template: :1: executing "" at <.constructor>: map has no entry for key "constructor"',
    ],
    [
      '{{.State.Health.Status}}',
      'template: :1: executing "" at <.State.Health.Status>: nil pointer evaluating interface {}.Status',
    ],
    ['{{.Id.X}}', 'template: :1: executing "" at <.Id.X>: can\'t evaluate field X in type string'],
    [
      '{{index .Names 5}}',
      'template: :1: executing "" at <index .Names 5>: error calling index: index out of range: 5',
    ],
    ['{{eq .Id 1}}', 'template: :1: executing "" at <eq .Id 1>: incompatible types for comparison'],
    [
      '{{.Id "x"}}',
      'template: :1: executing "" at <.Id "x">: Id has arguments but cannot be invoked as function',
    ],
    [
      '{{printf "%99999d" 1}}',
      'template: :1: executing "" at <printf "%99999d" 1>: printf: width or precision is too large',
    ],
  ] as const) {
    it(source, () => assert.throws(() => render(source), { name: 'TemplateError', message }));
  }

  it('of nesting that no person writes', () => {
    assert.throws(() => render('{{if 1}}'.repeat(500) + '{{end}}'.repeat(500)), {
      message: /too deeply nested/,
    });
    assert.throws(() => render(`{{${'('.repeat(500)}.Id${')'.repeat(500)}}}`), {
      message: /too deeply nested/,
    });
  });
});

it('the header of a table takes no part in functions', () => {
  const template = compileTemplate('{{upper .Id}}\t{{json .Names}}\t{{truncate .Count 1}}');
  assert.equal(template.header({ Id: 'id', Names: 'NAMES', Count: 'COUNT' }), 'id\tNAMES\tCOUNT');
});

it('text without actions is itself', () => {
  fc.assert(
    fc.property(
      fc.string().filter((text) => !text.includes('{{')),
      (text) => assert.equal(render(text), text),
    ),
  );
});

it('a literal is what it says', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const literal = `"${Array.from(text, (c) => `\\U${(c.codePointAt(0) ?? 0).toString(16).padStart(8, '0')}`).join('')}"`;
      assert.equal(render(`{{${literal}}}`), text);
    }),
  );
});

it('fails in one way only', () => {
  const pieces = fc.constantFrom(
    '{{',
    '}}',
    '{{-',
    '-}}',
    'if',
    'else',
    'end',
    'range',
    'with',
    '.',
    '.Id',
    '.Names',
    '$x',
    ':=',
    '=',
    '|',
    '(',
    ')',
    ',',
    '"a"',
    '1',
    ' ',
    'json',
    'index',
    'len',
    'and',
    'printf',
    'nil',
    'true',
    '$',
    'break',
    '/*',
    '*/',
    'slice',
    'join',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(pieces, fc.string({ maxLength: 4 })), { maxLength: 25 }), (parts) => {
      try {
        render(parts.join(''));
      } catch (error) {
        assert.equal((error as Error).name, 'TemplateError', String((error as Error).stack));
      }
    }),
    { numRuns: 3000 },
  );
});
