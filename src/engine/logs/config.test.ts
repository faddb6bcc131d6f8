import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isKind } from '#lib/errors';
import { requireReadable, validateLogConfig } from './config.ts';
import { conmonLogArguments } from './conmon-arguments.ts';
import { logDetails } from './details.ts';
import { logLimits } from './limits.ts';
import { EXAMPLE_SOURCE } from './source.ts';
import { renderTag } from './tag.ts';

type Options = Record<string, string>;
const config = (driver: string, options: Options = {}) => ({ driver, options });

test('a log is limited unless it is told otherwise', () => {
  const usual = { maxSize: 20_000_000, maxFiles: 5, compress: true, undelivered: 0 };
  assert.deepEqual(logLimits(config('json-file')), usual);
  assert.deepEqual(
    logLimits(config('json-file', { 'max-size': '1.5m', 'max-file': '2', compress: 'false' })),
    {
      maxSize: 1_500_000,
      maxFiles: 2,
      compress: false,
      undelivered: 0,
    },
  );
  assert.equal(logLimits(config('local', { 'max-size': '1m' })).maxSize, 2 ** 20);
  assert.deepEqual(logLimits(config('json-file', { 'max-size': '-1' })), {
    ...usual,
    maxSize: Number.POSITIVE_INFINITY,
    compress: false,
  });
  assert.equal(logLimits(config('json-file', { 'max-file': '1' })).compress, false);
});

test('a log that is delivered is kept until it is', () => {
  const limits = (options: Options) => logLimits(config('syslog', options));
  assert.deepEqual(limits({ 'cache-max-size': '1m', 'cache-max-file': '2', 'cache-compress': 'false' }), {
    maxSize: 2 ** 20,
    maxFiles: 2,
    compress: false,
    undelivered: 2 ** 30,
  });
  assert.equal(limits({ mode: 'non-blocking' }).undelivered, 0);
  assert.equal(limits({ mode: 'non-blocking', 'max-buffer-size': '4m' }).undelivered, 4 * 2 ** 20);
  assert.equal(limits({ 'cache-disabled': 'true' }).maxFiles, 1);
});

const gelf = { 'gelf-address': 'udp://127.0.0.1:12201' };
const gelfTcp = { 'gelf-address': 'tcp://127.0.0.1:12201' };

test('options are checked by name and value', () => {
  const refused: [string, Options, RegExp][] = [
    ['json-file', { colour: 'red' }, /^unknown log opt 'colour' for json-file log driver$/],
    ['local', { tag: 'x' }, /^unknown log opt 'tag' for local log driver$/],
    ['json-file', { 'max-file': '0' }, /^max-file cannot be less than 1$/],
    ['json-file', { 'max-file': 'many' }, /max-file: 'many'/],
    ['json-file', { 'max-size': '0' }, /^max-size must be a positive number$/],
    ['json-file', { 'max-size': '10x' }, /max-size: '10x'/],
    ['json-file', { compress: 'perhaps' }, /compress: 'perhaps'/],
    ['json-file', { compress: 'true', 'max-file': '1' }, /^compress cannot be true when max-file is less/],
    ['json-file', { mode: 'lossy' }, /^logger: logging mode not supported: lossy$/],
    ['json-file', { 'max-buffer-size': '1m' }, /only supported with 'mode=non-blocking'/],
    ['json-file', { mode: 'non-blocking', 'max-buffer-size': 'x' }, /invalid size for max-buffer-size: 'x'/],
    ['json-file', { tag: '{{.Nome}}' }, /invalid tag "{{.Nome}}": .*Nome/],
    ['json-file', { tag: '{{' }, /invalid tag "{{"/],
    ['json-file', { 'labels-regex': '(' }, /invalid labels-regex "\("/],
    ['json-file', { 'env-regex': '[' }, /invalid env-regex "\["/],
    ['json-file', { 'syslog-address': 'udp://x' }, /^unknown log opt 'syslog-address' for json-file/],
    ['papyrus', {}, /^logger: no log driver named 'papyrus' is registered$/],
    ['syslog', { 'max-size': '1m' }, /^unknown log opt 'max-size' for syslog log driver$/],
    [
      'syslog',
      { 'syslog-address': '127.0.0.1:514' },
      /should be in form proto:\/\/address, got 127.0.0.1:514/,
    ],
    [
      'syslog',
      { 'syslog-address': 'http://x' },
      /http is not supported, use one of udp, tcp, tcp\+tls, unix/,
    ],
    ['syslog', { 'syslog-address': 'unix:///no/such' }, /stat \/no\/such: no such file or directory/],
    ['syslog', { 'syslog-address': 'tcp://[::1' }, /invalid syslog-address/],
    ['syslog', { 'syslog-address': 'tcp://x:99999' }, /invalid syslog-address/],
    ['syslog', { 'syslog-facility': 'moon' }, /^invalid syslog facility: moon$/],
    ['syslog', { 'syslog-facility': '24' }, /^invalid syslog facility: 24$/],
    ['syslog', { 'syslog-facility': '.' }, /^invalid syslog facility/],
    ['syslog', { 'syslog-format': 'rfc1' }, /^invalid syslog format: rfc1/],
    ['syslog', { 'cache-disabled': 'x' }, /cache-disabled: 'x'/],
    ['syslog', { 'cache-max-file': '0' }, /^cache-max-file cannot be less than 1$/],
    ['syslog', { 'cache-max-size': 'x' }, /cache-max-size: 'x'/],
    ['gelf', {}, /^gelf-address is a required parameter$/],
    ['gelf', { 'gelf-address': 'udp://x' }, /please provide it as proto:\/\/host:port/],
    ['gelf', { 'gelf-address': 'unix:///x' }, /unix is not supported/],
    [
      'gelf',
      { ...gelf, 'gelf-compression-type': 'lzma' },
      /^unknown value "lzma" for log opt "gelf-compression-type"/,
    ],
    [
      'gelf',
      { ...gelf, 'gelf-compression-level': '10' },
      /^unknown value "10" for log opt "gelf-compression-level"/,
    ],
    ['gelf', { ...gelfTcp, 'gelf-compression-type': 'gzip' }, /compression is only supported on UDP/],
    ['gelf', { ...gelf, 'gelf-tcp-max-reconnect': '1' }, /^"gelf-tcp-max-reconnect" is only valid for TCP$/],
    ['gelf', { ...gelfTcp, 'gelf-tcp-reconnect-delay': '-1' }, /must be a positive integer/],
    ['fluentd', { 'fluentd-address': 'x:port' }, /invalid fluentd-address: x:port/],
    ['fluentd', { 'fluentd-async': 'x' }, /fluentd-async: 'x' is neither true nor false/],
    ['fluentd', { 'fluentd-max-retries': 'x' }, /invalid fluentd-max-retries: 'x'/],
    ['fluentd', { 'fluentd-retry-wait': '5' }, /invalid fluentd-retry-wait: invalid duration/],
    ['fluentd', { 'fluentd-buffer-limit': 'x' }, /invalid size for fluentd-buffer-limit/],
    ['fluentd', { 'fluentd-async-reconnect-interval': '1h' }, /must be between 100ms and 10s/],
    ['fluentd', { 'fluentd-async-connect': 'true' }, /^unknown log opt 'fluentd-async-connect'/],
  ];
  for (const [driver, options, message] of refused)
    assert.throws(
      () => validateLogConfig(config(driver, options)),
      (error) => isKind(error, 'invalid') && message.test(error.message),
      `${driver} ${JSON.stringify(options)}`,
    );
});

test('what Docker takes is taken', () => {
  const shared = { tag: '{{.Name}}/{{.ID}}', labels: 'a,b', 'env-regex': '^(OS|os)', mode: 'blocking' };
  const accepted: [string, Options][] = [
    ['json-file', { ...shared, 'max-size': '10m', mode: 'non-blocking', 'max-buffer-size': '4m' }],
    ['local', { 'max-size': '10m', compress: 'true' }],
    ['none', { whatever: 'x' }],
    ['syslog', { ...shared, 'syslog-facility': 'local7', 'syslog-format': 'rfc5424micro' }],
    ['syslog', { 'syslog-address': 'tcp+tls://log.example:6514', 'syslog-tls-skip-verify': 'true' }],
    ['syslog', { 'syslog-address': 'udp://[::1]', 'syslog-facility': '23', 'cache-disabled': 'true' }],
    ['gelf', { ...shared, ...gelf, 'gelf-compression-type': 'zlib', 'gelf-compression-level': '-1' }],
    ['gelf', { ...gelfTcp, 'gelf-tcp-max-reconnect': '3', 'gelf-tcp-reconnect-delay': '1' }],
    ['fluentd', {}],
    ['journald', { tag: '{{.ID}}', labels: 'a' }],
    ['fluentd', { 'fluentd-address': 'unix:///run/fluentd.sock', 'fluentd-request-ack': 'true' }],
    [
      'fluentd',
      { 'fluentd-address': 'log.example', 'fluentd-retry-wait': '1s', 'fluentd-buffer-limit': '8m' },
    ],
    ['fluentd', { 'fluentd-address': 'tls://log.example:24225', 'fluentd-write-timeout': '3s' }],
  ];
  for (const [driver, options] of accepted) validateLogConfig(config(driver, options));
});

test('drivers that are elsewhere are told apart from those that are nowhere', () => {
  assert.throws(
    () => validateLogConfig(config('splunk')),
    (error) => isKind(error, 'unsupported'),
  );
});

test('what conmon is told, and what can be read', () => {
  const file = { arguments: ['-l', 'k8s-file:/l'], path: '/l' };
  for (const driver of ['json-file', 'local', 'journald', 'syslog'])
    assert.deepEqual(conmonLogArguments(config(driver), '/l'), file);
  assert.deepEqual(conmonLogArguments(config('none'), '/l'), { arguments: ['-l', 'none'], path: undefined });
  requireReadable(config('syslog'));
  requireReadable(config('json-file', { 'cache-disabled': 'true' }));
  for (const unreadable of [config('none'), config('gelf', { 'cache-disabled': 'true' })])
    assert.throws(
      () => requireReadable(unreadable),
      (error) =>
        isKind(error, 'unsupported') &&
        error.message === 'configured logging driver does not support reading',
    );
});

const source = {
  ...EXAMPLE_SOURCE,
  id: 'abcdef0123456789'.repeat(4),
  name: 'web',
  imageId: 'sha256:0123456789',
  imageName: 'app:1',
  command: ['sh', '-c', 'x'],
  env: ['os=linux', 'PATH=/bin', 'broken'],
  labels: { role: 'front', 'com.x': 'y=z' },
};

test('tags are templates over the container', () => {
  const tag = (template: string) => renderTag({ tag: template, labels: 'role' }, source);
  assert.equal(renderTag({}, source), 'abcdef012345');
  assert.equal(tag('{{.DaemonName}}/{{.Name}}/{{.ID}}'), 'docker/web/abcdef012345');
  assert.equal(tag('{{.ImageName}} {{.ImageFullID}} {{.Command}}'), 'app:1 sha256:0123456789 sh -c x');
  assert.equal(tag('{{ index .ContainerLabels "com.x" | upper }}'), 'Y=Z');
  assert.equal(tag('{{.ExtraAttributes nil}}'), 'map[role:front]');
  assert.equal(tag('plain'), 'plain');
});

test('details: what labels, variables and their expressions choose', () => {
  const details = (options: Options) => logDetails(config('json-file', options), source);
  assert.deepEqual(details({}), {});
  assert.deepEqual(details({ labels: 'role,none', env: 'os', tag: '{{.Name}}' }), {
    role: 'front',
    os: 'linux',
    tag: 'web',
  });
  assert.deepEqual(details({ 'labels-regex': '^com', 'env-regex': '(?i)^OS$' }), {
    'com.x': 'y=z',
    os: 'linux',
  });
});
