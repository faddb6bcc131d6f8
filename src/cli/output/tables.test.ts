import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { formatList, type Listing } from './list.ts';
import { formatPorts } from './ports.ts';
import { alignTabs } from './tabs.ts';
import { ellipsis, goTime, localRfc3339, naturally } from './text.ts';

describe('alignTabs', () => {
  it('makes a column as wide as its widest cell and three, ten at least', () => {
    assert.equal(
      alignTabs('A\tB\tC\nlonger than ten\tb\tc\n'),
      'A                 B         C\nlonger than ten   b         c\n',
    );
  });

  it('leaves the last cell alone, and empty columns wide', () => {
    assert.equal(alignTabs('a\t\tb\n'), 'a                   b\n');
  });

  it('counts characters, not bytes', () => {
    assert.equal(alignTabs('ééééééééé\tx\nabc\ty'), 'ééééééééé   x\nabc         y');
  });

  it('ends a column at a line that does not have it', () => {
    assert.equal(alignTabs('aaaaaaaaaaaaaaa\tx\nnone\nb\ty'), 'aaaaaaaaaaaaaaa   x\nnone\nb         y');
  });

  it('only ever adds spaces', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.stringMatching(/^[a-z]{0,15}$/), { minLength: 1 })), (rows) => {
        const aligned = alignTabs(rows.map((cells) => cells.join('\t')).join('\n'));
        assert.equal(aligned.replaceAll(' ', ''), rows.map((cells) => cells.join('')).join('\n'));
      }),
    );
  });
});

describe('formatList', () => {
  const listing: Listing = { titles: { ID: 'ID', Name: 'NAME' }, columns: ['ID', 'Name'], quiet: 'ID' };
  const rows = [{ ID: '1', Label: (key: unknown) => `<${key}>`, Name: 'web' }];
  for (const [style, expected] of [
    [{ format: '' }, 'ID        NAME\n1         web\n'],
    [{ format: 'table' }, 'ID        NAME\n1         web\n'],
    [{ format: '', quiet: true }, '1\n'],
    [{ format: '{{.Name}}', quiet: true }, 'web\n'],
    [{ format: 'json' }, '{"ID":"1","Name":"web"}\n'],
    [{ format: '{{.ID}}\\t{{.Name}}' }, '1\tweb\n'],
    [{ format: 'table {{.Name}}\\t{{upper .Name}}' }, 'NAME      NAME\nweb       WEB\n'],
    [{ format: 'table {{.Label "x"}}' }, 'x\n<x>\n'],
  ] as const) {
    it(JSON.stringify(style), async () => assert.equal(await formatList(listing, rows, style), expected));
  }

  it('says which fields there are', async () => {
    await assert.rejects(formatList(listing, rows, { format: '{{.Nope}}' }), {
      name: 'Exit',
      message: /The fields are: ID, Name/,
    });
    await assert.rejects(formatList(listing, rows, { format: '{{' }), {
      message: 'failed to parse template: template: :1: unclosed action',
    });
  });
});

describe('formatPorts', () => {
  const port = (PrivatePort: number, PublicPort?: number, IP?: string, Type = 'tcp') => ({
    PrivatePort,
    Type,
    ...(PublicPort !== undefined && { PublicPort }),
    ...(IP !== undefined && { IP }),
  });
  for (const [ports, expected] of [
    [[], ''],
    [[port(80)], '80/tcp'],
    [[port(80, 8080, '0.0.0.0'), port(80, 8080, '::')], '0.0.0.0:8080->80/tcp, [::]:8080->80/tcp'],
    [[port(81), port(80), port(82), port(90)], '80-82/tcp, 90/tcp'],
    [[port(80, 80, '0.0.0.0'), port(81, 81, '0.0.0.0')], '0.0.0.0:80-81->80-81/tcp'],
    [[port(53, 53, '127.0.0.1', 'udp'), port(53)], '53/tcp, 127.0.0.1:53->53/udp'],
  ] as const) {
    it(expected || 'nothing', () => assert.equal(formatPorts(ports), expected));
  }
});

it('texts', () => {
  assert.equal(ellipsis('abcdef', 6), 'abcdef');
  assert.equal(ellipsis('abcdefg', 6), 'abcde…');
  assert.deepEqual(['net10', 'net2', 'net', 'net2a'].toSorted(naturally), ['net', 'net2', 'net2a', 'net10']);
  const ms = Date.UTC(2026, 0, 2, 3, 4, 5);
  const offset = new Date(ms).getTimezoneOffset();
  if (offset === 0) {
    assert.equal(goTime(ms), '2026-01-02 03:04:05 +0000 UTC');
    assert.equal(localRfc3339(ms, '000000006'), '2026-01-02T03:04:05.000000006Z');
  }
  assert.equal(Date.parse(localRfc3339(ms)), ms);
});
