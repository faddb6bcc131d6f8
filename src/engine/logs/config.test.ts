import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { isKind } from '#lib/errors';
import { logLimits, requireReadable, validateLogConfig } from './config.ts';
import { conmonLogArguments } from './conmon-arguments.ts';

const config = (driver: string, options: Record<string, string> = {}) => ({ driver, options });

test('a log is limited unless it is told otherwise', () => {
  assert.deepEqual(logLimits(config('json-file')), { maxSize: 20_000_000, maxFiles: 5, compress: true });
  assert.deepEqual(logLimits(config('local', { 'max-size': '1.5m', 'max-file': '2', compress: 'false' })), {
    maxSize: 1_500_000,
    maxFiles: 2,
    compress: false,
  });
  assert.deepEqual(logLimits(config('json-file', { 'max-size': '-1' })), {
    maxSize: Number.POSITIVE_INFINITY,
    maxFiles: 5,
    compress: false,
  });
  assert.equal(logLimits(config('json-file', { 'max-file': '1' })).compress, false);
});

test('options are checked by name and value', () => {
  const refused: [string, Record<string, string>, RegExp][] = [
    ['json-file', { colour: 'red' }, /^unknown log opt 'colour' for json-file log driver$/],
    ['local', { tag: 'x' }, /^unknown log opt 'tag' for local log driver$/],
    ['json-file', { 'max-file': '0' }, /^max-file cannot be less than 1$/],
    ['json-file', { 'max-file': 'many' }, /max-file: 'many'/],
    ['json-file', { 'max-size': '0' }, /^max-size must be a positive number$/],
    ['json-file', { 'max-size': '10x' }, /max-size: '10x'/],
    ['json-file', { compress: 'perhaps' }, /compress: 'perhaps'/],
    [
      'json-file',
      { compress: 'true', 'max-file': '1' },
      /^compress cannot be true when max-file is less than 2/,
    ],
    ['json-file', { mode: 'lossy' }, /^logger: logging mode not supported: lossy$/],
    ['json-file', { 'max-buffer-size': '1m' }, /only supported with 'mode=non-blocking'/],
    ['papyrus', {}, /^logger: no log driver named 'papyrus' is registered$/],
  ];
  for (const [driver, options, message] of refused)
    assert.throws(
      () => validateLogConfig(config(driver, options)),
      (error) => isKind(error, 'invalid') && message.test(error.message),
      `${driver} ${JSON.stringify(options)}`,
    );
  validateLogConfig(
    config('json-file', { tag: '{{.ID}}', 'max-size': '10m', mode: 'non-blocking', 'max-buffer-size': '4m' }),
  );
  validateLogConfig(config('none', { whatever: 'x' }));
});

test('drivers that are elsewhere are told apart from those that are nowhere', () => {
  assert.throws(
    () => validateLogConfig(config('syslog')),
    (error) => isKind(error, 'unsupported'),
  );
  if (!existsSync('/run/systemd/journal/socket'))
    assert.throws(() => validateLogConfig(config('journald')), /journald is not enabled on this host/);
});

test('what conmon is told', () => {
  assert.deepEqual(conmonLogArguments(config('json-file'), '/l'), {
    arguments: ['-l', 'k8s-file:/l'],
    path: '/l',
  });
  assert.deepEqual(conmonLogArguments(config('none'), '/l'), { arguments: ['-l', 'none'], path: undefined });
  assert.deepEqual(conmonLogArguments(config('journald', { tag: 't' }), '/l').arguments, [
    '-l',
    'journald',
    '-l',
    'k8s-file:/l',
    '--log-tag',
    't',
  ]);
  assert.throws(
    () => requireReadable(config('none')),
    (error) =>
      isKind(error, 'unsupported') && error.message === 'configured logging driver does not support reading',
  );
});
