import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { describe, it, test } from 'node:test';
import * as packet from 'dns-packet';
import { CacheBudget } from './cache.ts';
import { RCODE } from './message/codes.ts';
import { NetworkNames } from './names.ts';
import { ForwardingQuota, Resolver } from './resolver.ts';
import { address, code, Upstream } from './upstream.fixture.ts';
import { UpstreamSockets } from './upstream-udp.ts';
import type { UpstreamServer } from './view.ts';

const network = new NetworkNames({ id: 'n', name: 'net', subnets: ['10.1.0.0/16'] });
network.put({ networkId: 'n', containerId: 'c', names: ['web'], addresses: ['10.1.0.2'], ports: [] });

/** A resolver and what a client of it sees. */
class Asked implements Disposable {
  readonly quota = new ForwardingQuota();
  readonly sockets = new UpstreamSockets(() => undefined);
  readonly resolver: Resolver;

  constructor(servers: readonly UpstreamServer[], options: { ndots?: boolean } = {}) {
    const exits = {
      udp: () => this.sockets,
      tcp: ({ address: host, port = 53 }: UpstreamServer) => connect({ host, port }),
    };
    this.resolver = new Resolver(Asked.knowing(servers, options), {
      exits,
      quota: this.quota,
      budget: new CacheBudget(100_000, 100_000),
    });
  }

  static knowing(servers: readonly UpstreamServer[], { ndots = false } = {}) {
    const sight = {
      networks: [{ names: network, links: new Map<string, string>() }],
      services: new Map<string, number>(),
    };
    return { sight, servers: () => servers, ndots };
  }

  async ask(name: string, options: { type?: packet.RecordType; size?: number; tcp?: boolean } = {}) {
    const { type = 'A', size, tcp = false } = options;
    const opt = { type: 'OPT', name: '.', udpPayloadSize: size, flags: 0 } as packet.OptAnswer;
    const query = packet.encode({
      type: 'query',
      id: 4711,
      flags: packet.RECURSION_DESIRED,
      questions: [{ type, name }],
      additionals: size === undefined ? [] : [opt],
    });
    const reply = await new Promise<Buffer>((resolve) => {
      assert.ok(this.resolver.answer(query, tcp ? 'tcp' : 'udp', resolve));
    });
    const decoded = packet.decode(reply);
    assert.equal(decoded.id, 4711);
    assert.equal(decoded.questions?.[0]?.name, name);
    const answers = decoded.answers?.map((answer) => String((answer as { data?: unknown }).data)) ?? [];
    return { rcode: (reply[3] ?? 0) & 0xf, answers, truncated: decoded.flag_tc, length: reply.length };
  }

  [Symbol.dispose](): void {
    this.resolver.close();
    this.sockets.close();
    assert.equal(this.quota.used, 0);
  }
}

/** A server that hears and never answers. */
const silent = () => Upstream.start(() => undefined);

/** A port where nobody is. */
async function nobody(): Promise<UpstreamServer> {
  await using upstream = await silent();
  return upstream.server;
}

test('what is unknown is asked once, and remembered; names of containers are never asked', async () => {
  await using upstream = await Upstream.start(address('192.0.2.7'));
  using asked = new Asked([upstream.server]);
  for (const name of ['example.org', 'Example.ORG', 'example.org']) {
    assert.deepEqual((await asked.ask(name)).answers, ['192.0.2.7']);
  }
  assert.deepEqual((await asked.ask('web')).answers, ['10.1.0.2']);
  assert.deepEqual((await asked.ask('web.net', { tcp: true })).answers, ['10.1.0.2']);
  const none = await asked.ask('WEB', { type: 'AAAA' });
  assert.deepEqual([none.rcode, none.answers], [RCODE.NOERROR, []]);
  assert.equal((await asked.ask('3.0.1.10.in-addr.arpa', { type: 'PTR' })).rcode, RCODE.NXDOMAIN);
  assert.deepEqual(upstream.asked, ['A example.org']);
  assert.deepEqual((await asked.ask('bare')).answers, ['192.0.2.7']);
  assert.equal(upstream.asked.length, 2);
});

test('many who ask the same wait for one answer', async () => {
  await using upstream = await Upstream.start(address('192.0.2.7', 0));
  using asked = new Asked([upstream.server]);
  const replies = await Promise.all(Array.from({ length: 50 }, () => asked.ask('example.org')));
  assert.ok(replies.every(({ answers }) => answers[0] === '192.0.2.7'));
  assert.equal(upstream.asked.length, 1);
});

test('a negative answer is remembered for as long as it says', async () => {
  const data = { mname: 'a', rname: 'b', serial: 1, refresh: 1, retry: 1, expire: 1, minimum: 30 };
  await using upstream = await Upstream.start(() => ({
    flags: RCODE.NXDOMAIN,
    authorities: [{ type: 'SOA', name: 'org', ttl: 30, data }],
  }));
  using asked = new Asked([upstream.server]);
  for (let count = 0; count < 3; count++) assert.equal((await asked.ask('no.org')).rcode, RCODE.NXDOMAIN);
  assert.equal(upstream.asked.length, 1);
});

test('with ndots a bare name is not asked of others', async () => {
  await using upstream = await Upstream.start(address('192.0.2.7'));
  using asked = new Asked([upstream.server], { ndots: true });
  const bare = await asked.ask('bare');
  assert.deepEqual([bare.rcode, bare.answers], [RCODE.NOERROR, []]);
  await asked.ask('not.bare');
  assert.deepEqual(upstream.asked, ['A not.bare']);
});

test('without a server there is a failure, at once', async () => {
  using asked = new Asked([]);
  assert.equal((await asked.ask('example.org')).rcode, RCODE.SERVFAIL);
});

test('the next server answers for one that is not there, does not know, or is broken', async (t) => {
  await using well = await Upstream.start(address('192.0.2.7'));
  const bad = {
    'nobody listens': await nobody(),
    SERVFAIL: RCODE.SERVFAIL,
    REFUSED: RCODE.REFUSED,
    NOTIMP: RCODE.NOTIMP,
  };
  for (const [name, what] of Object.entries(bad)) {
    await t.test(name, async () => {
      await using failing = await Upstream.start(code(typeof what === 'number' ? what : 0));
      using asked = new Asked([typeof what === 'number' ? failing.server : what, well.server]);
      assert.deepEqual((await asked.ask('example.org')).answers, ['192.0.2.7']);
    });
  }
  await t.test('a message that ends in the middle', async () => {
    await using failing = await Upstream.start((question, query) =>
      packet
        .encode({
          type: 'response',
          id: query.id ?? 0,
          questions: [question],
          answers: [{ type: 'A', name: question.name, data: '192.0.2.8' }],
        })
        .subarray(0, -3),
    );
    using asked = new Asked([failing.server, well.server]);
    assert.deepEqual((await asked.ask('example.org')).answers, ['192.0.2.7']);
  });
});

test('when all fail, the client is told what the last said', async () => {
  await using refusing = await Upstream.start(code(RCODE.REFUSED));
  using asked = new Asked([await nobody(), refusing.server]);
  assert.equal((await asked.ask('example.org')).rcode, RCODE.REFUSED);
  using alone = new Asked([await nobody()]);
  assert.equal((await alone.ask('example.org')).rcode, RCODE.SERVFAIL);
});

test('what does not fit into a datagram is fetched by TCP, and given to the client as it can take it', async () => {
  const many = Array.from({ length: 100 }, (_, index) => `192.0.2.${index}`);
  await using upstream = await Upstream.start((question, _, transport) =>
    transport === 'udp'
      ? { flags: packet.TRUNCATED_RESPONSE }
      : { answers: many.map((data) => ({ type: 'A', name: question.name, ttl: 60, data })) },
  );
  using asked = new Asked([upstream.server]);
  assert.deepEqual((await asked.ask('big.org', { size: 4096 })).answers, many);
  const small = await asked.ask('big.org', { size: 1232 });
  assert.ok(small.truncated && small.length <= 1232);
  assert.deepEqual((await asked.ask('big.org', { tcp: true, size: 1232 })).answers, many);
  assert.deepEqual(upstream.asked, ['A big.org', 'A big.org by tcp']);
});

test('a cut message whose rest cannot be had is passed on as it is', async () => {
  const udp = createSocket('udp4');
  await new Promise<void>((resolve) => udp.bind(0, '127.0.0.1', resolve));
  udp.on('message', (message, { port, address: host }) => {
    const reply = Buffer.from(message);
    reply.writeUInt16BE(0x8300, 2);
    udp.send(reply, port, host);
  });
  using asked = new Asked([{ address: '127.0.0.1', port: udp.address().port, fromHost: false }]);
  const reply = await asked.ask('big.org');
  assert.equal(reply.truncated, true);
  udp.close();
});

test('what is no answer to the question is not taken for one', async () => {
  await using upstream = await Upstream.start((question, query) => {
    const answers: packet.Answer[] = [{ type: 'A', name: question.name, ttl: 60, data: '6.6.6.6' }];
    const questions = query.questions ?? [];
    return [
      { id: ((query.id ?? 0) + 1) & 0xffff, answers },
      { questions: [{ type: 'A', name: 'other.org' }], answers },
      { questions: [], answers },
      Buffer.from(packet.encode({ type: 'query', id: query.id ?? 0, questions, answers })),
      Buffer.from([1, 2, 3]),
      { answers: [{ type: 'A', name: question.name, ttl: 60, data: '192.0.2.7' }] },
    ];
  });
  using asked = new Asked([upstream.server]);
  assert.deepEqual((await asked.ask('example.org')).answers, ['192.0.2.7']);
});

test('one container may wait for so many questions at a time, and no other has to wait for it', async () => {
  await using dead = await silent();
  using asked = new Asked([dead.server]);
  let refused = 0;
  for (let index = 0; index < ForwardingQuota.EACH + 10; index++) {
    const query = packet.encode({ type: 'query', id: 1, questions: [{ type: 'A', name: `n${index}.org` }] });
    asked.resolver.answer(query, 'udp', (reply) => {
      if (((reply[3] ?? 0) & 0xf) === RCODE.REFUSED) refused++;
    });
  }
  assert.equal(refused, 10);
  assert.deepEqual((await asked.ask('web')).answers, ['10.1.0.2']);
  const quota = new ForwardingQuota();
  quota.used = ForwardingQuota.TOTAL;
  assert.deepEqual([quota.allows(0), quota.allows(ForwardingQuota.LEAST)], [true, false]);
  assert.ok(asked.sockets.count >= ForwardingQuota.EACH / 32);
  asked.sockets.close();
  assert.equal(asked.sockets.count, 0);
});

test('nothing is remembered of servers that are asked no more', async () => {
  await using before = await Upstream.start(address('192.0.2.1'));
  await using after = await Upstream.start(address('192.0.2.2'));
  using asked = new Asked([before.server]);
  assert.deepEqual((await asked.ask('example.org')).answers, ['192.0.2.1']);
  asked.resolver.knowledge = Asked.knowing([after.server]);
  assert.deepEqual((await asked.ask('example.org')).answers, ['192.0.2.2']);
});

test('questions that are nobody’s to answer', async () => {
  await using upstream = await Upstream.start(address('192.0.2.7'));
  using asked = new Asked([upstream.server]);
  assert.equal((await asked.ask('example.org', { type: 'AXFR' })).rcode, RCODE.REFUSED);
  const chaos = packet.encode({
    type: 'query',
    id: 1,
    questions: [{ type: 'TXT', name: 'version.bind', class: 'CH' }],
  });
  const badVersion = packet.encode({
    type: 'query',
    id: 1,
    questions: [{ type: 'A', name: 'web' }],
    additionals: [
      {
        type: 'OPT',
        name: '.',
        udpPayloadSize: 1232,
        flags: 0,
        ednsVersion: 1,
      } as unknown as packet.OptAnswer,
    ],
  });
  const replies: Buffer[] = [];
  for (const query of [chaos, badVersion])
    asked.resolver.answer(query, 'udp', (reply) => replies.push(reply));
  assert.equal((replies[0]?.[3] ?? 0) & 0xf, RCODE.REFUSED);
  // BADVERS is 16: the upper bits are in the OPT record.
  assert.deepEqual([(replies[1]?.[3] ?? 0) & 0xf, replies[1]?.at(-6)], [0, 1]);
  assert.deepEqual(upstream.asked, []);
});

describe('what takes its time', { concurrency: true }, () => {
  it('a server that is silent is not waited for, and later asked last', async () => {
    await using dead = await silent();
    await using well = await Upstream.start(address('192.0.2.7'));
    using asked = new Asked([dead.server, well.server]);
    assert.deepEqual((await asked.ask('one.org')).answers, ['192.0.2.7']);
    assert.deepEqual((await asked.ask('two.org')).answers, ['192.0.2.7']);
    assert.deepEqual(dead.asked, ['A one.org']);
    assert.deepEqual(well.asked, ['A one.org', 'A two.org']);
  });

  it('a lost question is asked again; one that nobody answers ends in a failure', async () => {
    await using upstream = await silent();
    using asked = new Asked([upstream.server]);
    upstream.behaviour = (question, query, transport) =>
      upstream.asked.length < 2 ? undefined : address('192.0.2.7')(question, query, transport);
    assert.deepEqual((await asked.ask('one.org')).answers, ['192.0.2.7']);
    upstream.behaviour = () => undefined;
    assert.equal((await asked.ask('two.org')).rcode, RCODE.SERVFAIL);
  });

  it('a resolver that is its own upstream fails instead of asking for ever', async () => {
    const udp = createSocket('udp4');
    await new Promise<void>((resolve) => udp.bind(0, '127.0.0.1', resolve));
    using asked = new Asked([{ address: '127.0.0.1', port: udp.address().port, fromHost: false }]);
    let questions = 0;
    udp.on('message', (message, { port, address: host }) => {
      questions++;
      asked.resolver.answer(message, 'udp', (reply) => udp.send(reply, port, host, () => {}));
    });
    assert.equal((await asked.ask('loop.org')).rcode, RCODE.SERVFAIL);
    assert.ok(questions <= 4, `${questions}`);
    udp.close();
  });
});
