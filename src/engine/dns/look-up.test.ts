import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KnownNames } from './known-names.ts';
import { lookUp, type Sight } from './look-up.ts';
import { RCODE, TYPE } from './message/codes.ts';
import { NetworkNames } from './names.ts';
import { parseServices } from './services.ts';

const front = new NetworkNames({ id: 'n1', name: 'front', subnets: ['10.1.0.0/16', 'fd00:1::/64'] });
front.put({
  networkId: 'n1',
  containerId: 'c-web',
  names: ['Web', 'www', 'abcdef012345'],
  addresses: ['10.1.0.2', 'fd00:1::2'],
  ports: ['80/tcp', '8443/tcp'],
});
for (const index of [3, 4, 5]) {
  front.put({
    networkId: 'n1',
    containerId: `c-api-${index}`,
    names: [`shop-api-${index}`, 'api'],
    addresses: [`10.1.0.${index}`],
    ports: index === 5 ? [] : ['9000/tcp'],
  });
}
const back = new NetworkNames({ id: 'n2', name: 'back.end', subnets: ['10.2.0.0/16'] });
back.put({
  networkId: 'n2',
  containerId: 'c-db',
  names: ['db.main', 'db'],
  addresses: ['10.2.0.9'],
  ports: [],
});
back.put({
  networkId: 'n2',
  containerId: 'c-other',
  names: ['other', 'www'],
  addresses: ['10.2.0.8'],
  ports: [],
});

const services = parseServices('http\t80/tcp www # World Wide Web\n# x\nhttps 443/tcp\nbad\n');
const NONE = new Map<string, string>();
const seen = (...names: readonly NetworkNames[]): Sight => ({
  networks: names.map((each) => ({ names: each, links: NONE })),
  services,
});
const sight = seen(front, back);

function answer(name: string, type: number = TYPE.A, from: Sight = sight, turn = 0) {
  const reply = lookUp(from, name, type, turn);
  if (!reply) return 'forward';
  if (reply.rcode === RCODE.NXDOMAIN) return 'no name';
  const texts = reply.answers?.map(({ type: of, data }) =>
    of === TYPE.A ? data.join('.') : of === TYPE.AAAA ? data.toString('hex') : data.toString('latin1'),
  );
  return texts ?? 'no data';
}

test('names, aliases, short ids: each in its case or another, alone or with the name of the network', () => {
  for (const name of ['web', 'abcdef012345', 'web.front', 'abcdef012345.front']) {
    assert.deepEqual(answer(name), ['10.1.0.2'], name);
  }
  assert.deepEqual(answer('web', TYPE.AAAA), ['fd000001000000000000000000000002']);
  assert.deepEqual(answer('web', TYPE.ANY), ['10.1.0.2', 'fd000001000000000000000000000002']);
  for (const name of ['db.main', 'db.main.back.end', 'db', 'db.back.end']) {
    assert.deepEqual(answer(name), ['10.2.0.9'], name);
  }
});

test('a name that is there without such a record has no data; one that is not is for others', () => {
  assert.equal(answer('db', TYPE.AAAA), 'no data');
  for (const type of [15, 16, 65]) assert.equal(answer('web', type), 'no data');
  for (const name of ['', 'nobody', 'web.back.end', 'db.end', 'web.front.org', 'x.web', 'front']) {
    assert.equal(answer(name), 'forward', name);
  }
});

test('the first network that has a name answers', () => {
  assert.deepEqual(answer('www'), ['10.1.0.2']);
  assert.deepEqual(answer('www', TYPE.A, seen(back, front)), ['10.2.0.8']);
  assert.deepEqual(answer('www.back.end'), ['10.2.0.8']);
});

test('a link is known to who has it, and hides what has its alias for a name', () => {
  const links = new Map([
    ['database', 'db'],
    ['by-id', `abcdef012345${'0'.repeat(52)}`],
    ['www', 'gone'],
  ]);
  const linking: Sight = {
    networks: [
      { names: front, links: new Map([...links, ['other', 'web']]) },
      { names: back, links },
    ],
    services,
  };
  const linked = (name: string) => answer(name, TYPE.A, linking);
  assert.deepEqual(linked('database'), ['10.2.0.9']);
  assert.deepEqual(linked('database.back.end'), ['10.2.0.9']);
  assert.deepEqual(linked('by-id'), ['10.1.0.2']);
  assert.deepEqual(linked('other'), ['10.1.0.2']);
  assert.deepEqual(linked('other.back.end'), ['10.2.0.8']);
  assert.equal(linked('www'), 'no name');
  assert.equal(answer('database'), 'forward');
});

test('several of one name take turns', () => {
  const firsts = [0, 1, 2, 3].map((turn) => answer('api', TYPE.A, sight, turn)[0]);
  assert.deepEqual(firsts, ['10.1.0.3', '10.1.0.4', '10.1.0.5', '10.1.0.3']);
  assert.equal(answer('api').length, 3);
});

test('addresses: those of the own networks are never for others', () => {
  const reverse = (address: string) =>
    answer(`${address.split('.').toReversed().join('.')}.in-addr.arpa`, TYPE.PTR);
  assert.deepEqual(reverse('10.1.0.2'), ['\x03Web\x05front\0']);
  assert.deepEqual(reverse('10.2.0.9'), ['\x02db\x04main\x04back\x03end\0']);
  assert.equal(reverse('10.1.9.9'), 'no name');
  assert.equal(reverse('192.0.2.1'), 'forward');
  assert.deepEqual(answer(`2.${'0.'.repeat(15)}${'0.'.repeat(8)}1.0.0.0.0.0.d.f.ip6.arpa`, TYPE.PTR), [
    '\x03Web\x05front\0',
  ]);
  assert.equal(answer('web', TYPE.PTR), 'no data');
});

test('services: by the port or its name, of those that have it open', () => {
  const ports = (name: string) => {
    const reply = lookUp(sight, name, TYPE.SRV, 0);
    return (
      reply?.answers?.map(({ data }) => `${data.readUInt16BE(4)} ${data.toString('latin1', 6)}`) ?? reply
    );
  };
  assert.deepEqual(ports('_http._tcp.web'), ['80 \x03Web\x05front\0']);
  assert.deepEqual(ports('_www._tcp.web.front'), ['80 \x03Web\x05front\0']);
  assert.deepEqual(ports('_9000._tcp.api'), [
    '9000 \x0ashop-api-3\x05front\0',
    '9000 \x0ashop-api-4\x05front\0',
  ]);
  for (const name of ['_https._tcp.web', '_80._udp.web', '_nothing._tcp.web']) {
    assert.equal(lookUp(sight, name, TYPE.SRV, 0)?.rcode, RCODE.NXDOMAIN, name);
  }
  assert.equal(ports('_http._tcp.nobody'), undefined);
  assert.equal(ports('_http._tls.web'), undefined);
  const addresses = lookUp(sight, '_http._tcp.web', TYPE.SRV, 0)?.additional?.map(({ type }) => type);
  assert.deepEqual(addresses, [TYPE.A, TYPE.AAAA]);
});

test('what has gone is found no more, whoever has its name or address now', () => {
  const names = new NetworkNames({ id: 'n', name: 'net', subnets: ['10.9.0.0/24'] });
  const endpoint = { networkId: 'n', names: ['same'], addresses: ['10.9.0.2'], ports: [] };
  names.put({ ...endpoint, containerId: 'a' });
  names.put({ ...endpoint, containerId: 'b', names: ['same', 'b'] });
  names.remove('a');
  names.remove('never');
  const from = seen(names);
  assert.deepEqual(answer('same', TYPE.A, from), ['10.9.0.2']);
  assert.deepEqual(answer('2.0.9.10.in-addr.arpa', TYPE.PTR, from), ['\x04same\x03net\0']);
  // Renamed.
  names.put({ ...endpoint, containerId: 'b', names: ['new'] });
  assert.equal(answer('same', TYPE.A, from), 'forward');
  assert.equal(answer('b', TYPE.A, from), 'forward');
  assert.deepEqual(answer('new', TYPE.A, from), ['10.9.0.2']);
});

test('a name of a container that does not run is no name, and is for nobody else', () => {
  const known = new KnownNames();
  const away = { ...sight, known };
  const ask = (name: string, type: number = TYPE.A) => answer(name, type, away);
  assert.equal(ask('mail'), 'forward');
  known.put('c-mail', [{ network: 'front', names: ['Mail', 'mx.local'] }]);
  known.put('c-mail-2', [{ network: 'n2-is-no-id-of-ours', names: ['elsewhere'] }]);
  for (const name of ['mail', 'mail.front', 'mx.local', 'mx.local.front', '_smtp._tcp.mail']) {
    for (const type of [TYPE.A, TYPE.AAAA, TYPE.SRV, 16]) assert.equal(ask(name, type), 'no name', name);
  }
  for (const name of ['elsewhere', 'mail.back.end', 'xmail', 'mail.example.org'])
    assert.equal(ask(name), 'forward', name);
  assert.equal(answer('mail', TYPE.A, { ...seen(back), known }), 'forward');
  // Of several that have it, until the last has gone; what runs answers all the same.
  known.put('c-third', [{ network: 'front', names: ['mail', 'web'] }]);
  known.put('c-mail', []);
  assert.deepEqual([ask('mail'), ask('mx.local')], ['no name', 'forward']);
  assert.deepEqual(ask('web'), ['10.1.0.2']);
  known.put('c-third', [{ network: 'front', names: ['other-now'] }]);
  assert.equal(ask('mail'), 'forward');
  const linked = { names: front, links: new Map([['store', 'c-gone']]) };
  assert.equal(answer('store', TYPE.A, { networks: [linked], services }), 'no name');
});
