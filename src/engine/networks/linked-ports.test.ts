import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Element } from '#engine/firewall';
import { LinkedPorts, type Member } from './linked-ports.ts';

const NETWORK = { id: 'net', bridge: 'br0' };
const DB = 'd'.repeat(64);

/** What is open after all that was asked of the firewall. */
function scene() {
  const open = new Set<string>();
  const firewall = {
    change: ({ add = [], remove = [] }: { add?: readonly Element[]; remove?: readonly Element[] }) => {
      for (const { key } of remove) open.delete(key);
      for (const { key } of add) open.add(key);
    },
  };
  return { links: new LinkedPorts(firewall), open };
}

const member = (containerId: string, address: string, rest: Partial<Member> = {}): Member => ({
  containerId,
  names: [],
  address,
  ports: [],
  targets: [],
  ...rest,
});

test('a link opens what the other serves, one way, whoever comes first, and closes with either', () => {
  for (const target of ['DB', DB, DB.slice(0, 12)]) {
    const { links, open } = scene();
    const web = member('web', '10.0.0.2', { targets: [target] });
    const db = member(DB, '10.0.0.3', { names: ['db'], ports: ['5432/tcp', '53/udp'] });
    const expected = ['"br0" . 10.0.0.2 . 10.0.0.3 . tcp . 5432', '"br0" . 10.0.0.2 . 10.0.0.3 . udp . 53'];
    links.put(NETWORK, web);
    assert.deepEqual([...open], []);
    links.put(NETWORK, db);
    links.put(NETWORK, member('other', '10.0.0.4', { ports: ['80/tcp'] }));
    assert.deepEqual([...open], expected);
    links.put(NETWORK, { ...db, address: '10.0.0.9', ports: ['5432/tcp'] });
    assert.deepEqual([...open], ['"br0" . 10.0.0.2 . 10.0.0.9 . tcp . 5432']);
    links.put(NETWORK, { ...web, targets: [] });
    assert.deepEqual([...open], []);
    links.put(NETWORK, web);
    links.remove('net', DB);
    assert.deepEqual([...open], []);
    links.put(NETWORK, db);
    assert.deepEqual([...open], expected);
    for (const each of ['web', DB, 'other', 'other']) links.remove('net', each);
    assert.deepEqual([...open], []);
  }
});

test('one that has no IPv4 address, or is on another network, is not opened', () => {
  const { links, open } = scene();
  links.put(NETWORK, member('web', '10.0.0.2', { targets: ['db', 'six'] }));
  links.put(NETWORK, member('six', '', { names: ['six'], ports: ['80/tcp'] }));
  links.put({ id: 'other', bridge: 'br1' }, member(DB, '10.0.1.3', { names: ['db'], ports: ['80/tcp'] }));
  assert.deepEqual([...open], []);
});
