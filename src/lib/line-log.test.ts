import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LineLog, type LogFormat, type LogLevel } from './line-log.ts';

function capture(format: LogFormat, level: LogLevel) {
  const lines: string[] = [];
  const target = { write: (line: string) => lines.push(line) > 0 };
  return { lines, log: new LineLog({ format, level, target: target as never }) };
}

test('text for people', () => {
  const { lines, log } = capture('text', 'info');
  log.debug('unseen');
  log.info('all well', { path: '/a b', count: 2n, missing: undefined });
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? '', /^time=\S+ level=info msg="all well" path="\/a b" count="\\"2\\""\n$/);
});

test('JSON for machines, one line whatever is in it', () => {
  const { lines, log } = capture('json', 'debug');
  log.error('a\nb', { error: new Error('no'), count: 2n });
  const entry = JSON.parse(lines[0] ?? '') as Record<string, string>;
  assert.equal(lines[0]?.split('\n').length, 2);
  assert.equal(entry['msg'], 'a\nb');
  assert.equal(entry['count'], '2');
  assert.match(entry['error'] ?? '', /^Error: no\n/);
});
