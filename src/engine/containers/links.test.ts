import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linkVariables } from './links.ts';
import { containerConfig, containerRecord } from './records.fixture.ts';
import { parseLink } from './validate-network.ts';

test('name and alias of a link', () => {
  assert.deepEqual(parseLink('db:the-db'), { name: 'db', alias: 'the-db' });
  assert.deepEqual(parseLink('db'), { name: 'db', alias: 'db' });
  assert.deepEqual(parseLink('/db'), { name: '/db', alias: 'db' });
  for (const text of ['', ':', ':a', 'a:', 'a:b:c', 'a:b c', 'a:b\nc', 'a:b/c', 'a:b#'])
    assert.throws(() => parseLink(text), /bad format for links/, text);
});

test('the variables that tell of a linked container', () => {
  const config = containerConfig({
    exposedPorts: ['53/udp', '80/tcp', '53/tcp'],
    env: ['A=b=c', 'PATH=/x', 'HOME=/y', 'bare'],
  });
  const record = containerRecord({ name: 'db', config });
  assert.deepEqual(linkVariables('web', { alias: 'my-db', record, address: '172.17.0.2' }), [
    'MY_DB_PORT=tcp://172.17.0.2:53',
    'MY_DB_PORT_53_TCP=tcp://172.17.0.2:53',
    'MY_DB_PORT_53_TCP_ADDR=172.17.0.2',
    'MY_DB_PORT_53_TCP_PORT=53',
    'MY_DB_PORT_53_TCP_PROTO=tcp',
    'MY_DB_PORT_53_UDP=udp://172.17.0.2:53',
    'MY_DB_PORT_53_UDP_ADDR=172.17.0.2',
    'MY_DB_PORT_53_UDP_PORT=53',
    'MY_DB_PORT_53_UDP_PROTO=udp',
    'MY_DB_PORT_80_TCP=tcp://172.17.0.2:80',
    'MY_DB_PORT_80_TCP_ADDR=172.17.0.2',
    'MY_DB_PORT_80_TCP_PORT=80',
    'MY_DB_PORT_80_TCP_PROTO=tcp',
    'MY_DB_NAME=/web/my-db',
    'MY_DB_ENV_A=b=c',
  ]);
  const silent = containerRecord({ name: 'db', config: containerConfig({ env: [] }) });
  assert.deepEqual(linkVariables('web', { alias: 'db', record: silent, address: '172.17.0.2' }), [
    'DB_NAME=/web/db',
  ]);
});
