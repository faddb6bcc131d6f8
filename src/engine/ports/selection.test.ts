import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PortBinding, PublishedPort } from './port.ts';
import { type PortSelection, selects, withoutPorts, withoutSelected } from './selection.ts';

const port = (hostPort: number, hostIp = '0.0.0.0', containerPort = 80): PublishedPort => ({
  protocol: 'tcp',
  hostIp,
  hostPort,
  containerPort,
});
const binding = (hostPort: number, hostIp = '', hostPortEnd = hostPort): PortBinding => ({
  protocol: 'tcp',
  hostIp,
  hostPort,
  hostPortEnd,
  containerPort: 80,
});
const selection = (hostPort: number, more: Partial<PortSelection> = {}): PortSelection => ({
  protocol: 'tcp',
  hostIp: '',
  hostPort,
  ...more,
});

test('a port is named by the host’s side of it', () => {
  assert.ok(selects(selection(8080), port(8080)));
  assert.ok(selects(selection(8080), port(8080, '127.0.0.1')));
  assert.ok(selects(selection(8080, { hostIp: '::1' }), port(8080, '::1')));
  assert.ok(!selects(selection(8080, { hostIp: '127.0.0.1' }), port(8080)));
  assert.ok(!selects(selection(8081), port(8080)));
  assert.ok(!selects(selection(8080, { protocol: 'udp' }), port(8080)));
  assert.ok(!selects(selection(8080, { containerPort: 81 }), port(8080)));
});

test('of a container that does not run, a binding goes that could only have had the port', () => {
  const bindings = [binding(8080), binding(8000, '', 8009), binding(0), binding(8081, '127.0.0.1')];
  assert.deepEqual(withoutSelected(bindings, [selection(8005), selection(8081)]), [bindings[0], bindings[2]]);
  assert.deepEqual(withoutSelected(bindings, [selection(0)]), [bindings[0], bindings[1], bindings[3]]);
});

test('for each port that has gone one binding goes: that which asked for it before one that asked for any', () => {
  const bindings = [binding(0), binding(8080), binding(0), binding(8081, '127.0.0.1')];
  const both = [port(8080), port(8080, '::')];
  assert.deepEqual(withoutPorts(bindings, both), [bindings[0], bindings[2], bindings[3]]);
  assert.deepEqual(withoutPorts(bindings, [port(40_000), port(40_000, '::')]), bindings.slice(1));
  assert.deepEqual(withoutPorts(bindings, [port(8081, '127.0.0.1')]), bindings.slice(0, 3));
  assert.deepEqual(withoutPorts(bindings, []), bindings);
});
