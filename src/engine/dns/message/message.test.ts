import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as packet from 'dns-packet';
import fc from 'fast-check';
import { RCODE, TYPE } from './codes.ts';
import { addressOfName, encodeName } from './name.ts';
import { keyOf, parseQuery, type Query } from './query.ts';
import { listRecords, sameQuestion, timeToLive } from './records.ts';
import { encodeReply, refuse, relay, udpLimit } from './reply.ts';

interface Asked {
  readonly id?: number;
  readonly name: string;
  readonly type?: packet.RecordType;
  readonly size?: number;
  readonly dnssec?: boolean;
}

function ask({ id = 7, name, type = 'A', size, dnssec = false }: Asked): Buffer {
  const opt = { type: 'OPT', name: '.', udpPayloadSize: size ?? 0, flags: dnssec ? 0x8000 : 0 };
  return packet.encode({
    type: 'query',
    id,
    flags: packet.RECURSION_DESIRED,
    questions: [{ type, name }],
    additionals: size === undefined ? [] : [opt as packet.OptAnswer],
  });
}

function parsed(asked: Asked): Query {
  const query = parseQuery(ask(asked));
  assert.ok(query && !('rcode' in query));
  return query;
}

const TYPES = { A: 1, AAAA: 28, SRV: 33, MX: 15 };
const LABEL = fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/);
const NAME = fc.array(LABEL, { minLength: 1, maxLength: 6 }).map((labels) => labels.join('.'));

test('a question is read as it was written', () => {
  fc.assert(
    fc.property(
      NAME,
      fc.constantFrom('A' as const, 'AAAA' as const, 'SRV' as const, 'MX' as const),
      fc.option(fc.integer({ min: 1, max: 65535 })),
      (name, type, size) => {
        const bytes = ask({ name, type, ...(size === null ? {} : { size }) });
        // What comes after a message is not part of it.
        const query = parseQuery(Buffer.concat([bytes, Buffer.from('trailing')]));
        assert.ok(query && !('rcode' in query));
        assert.equal(query.name, name.toLowerCase());
        assert.equal(query.type, TYPES[type]);
        assert.equal(query.bytes.length, bytes.length);
        assert.equal(udpLimit(query), Math.max(512, size ?? 0));
      },
    ),
  );
});

test('whatever bytes come, they are read, refused or ignored, and what is sent back is a reply', () => {
  const valid = NAME.map((name) => ask({ name, size: 1232 }));
  const mutated = fc
    .tuple(valid, fc.array(fc.tuple(fc.nat(200), fc.nat(255)), { maxLength: 8 }), fc.nat(80))
    .map(([bytes, changes, cut]) => {
      const copy = Buffer.from(bytes.subarray(0, Math.max(0, bytes.length - cut)));
      for (const [at, value] of changes) if (at < copy.length) copy[at] = value;
      return copy;
    });
  const anything = fc.oneof(
    fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes)),
    mutated,
  );
  fc.assert(
    fc.property(anything, (bytes) => {
      const query = parseQuery(bytes);
      if (!query) return assert.ok(bytes.length < 12 || (bytes[2] ?? 0) >= 0x80);
      const reply = 'rcode' in query ? refuse(query) : encodeReply(query, { rcode: RCODE.SERVFAIL }, 512);
      assert.equal(reply.readUInt16BE(0), bytes.readUInt16BE(0));
      assert.ok((reply[2] ?? 0) & 0x80);
      assert.ok(reply.length <= 512);
      listRecords(reply, 'rcode' in query ? 12 : query.end);
    }),
    { numRuns: 2000 },
  );
});

test('what is malformed is told apart', () => {
  const code = (change: (bytes: Buffer) => Buffer | undefined, asked: Asked = { name: 'web' }) => {
    const bytes = ask(asked);
    const query = parseQuery(change(bytes) ?? bytes);
    return query && 'rcode' in query ? query.rcode : query;
  };
  const at = (offset: number, value: number) => (bytes: Buffer) => {
    bytes[offset] = value;
    return undefined;
  };
  assert.equal(
    code((bytes) => bytes.subarray(0, 11)),
    undefined,
  );
  assert.equal(code(at(2, 0x80)), undefined);
  assert.equal(code(at(2, 5 << 3)), RCODE.NOTIMP);
  assert.equal(code(at(5, 0)), RCODE.FORMERR);
  assert.equal(code(at(5, 2)), RCODE.FORMERR);
  assert.equal(code(at(7, 1)), RCODE.FORMERR);
  assert.equal(
    code((bytes) => bytes.subarray(0, 14)),
    RCODE.FORMERR,
  );
  // A pointer to itself, and a label of 64 bytes.
  assert.equal(code(at(12, 0xc0)), RCODE.FORMERR);
  assert.equal(code(at(12, 64)), RCODE.FORMERR);
  // An OPT record that is not there, and two.
  assert.equal(code(at(11, 1)), RCODE.FORMERR);
  const twice = (bytes: Buffer) => {
    bytes[11] = 2;
    return Buffer.concat([bytes, bytes.subarray(-11)]);
  };
  assert.equal(code(twice, { name: 'web', size: 512 }), RCODE.FORMERR);
  const long = Array.from({ length: 5 }, () => 'x'.repeat(60)).join('.');
  assert.equal(
    code(() => undefined, { name: long }),
    RCODE.FORMERR,
  );
});

test('a label with a dot in it is no name of ours, and another than the two labels', () => {
  const bytes = ask({ name: 'a.b' });
  const dotted = Buffer.from(bytes);
  dotted.write('\x03a.b', 12, 'latin1');
  const query = parseQuery(dotted);
  assert.ok(query && !('rcode' in query));
  assert.equal(query.name, undefined);
  assert.notEqual(keyOf(query), keyOf(parsed({ name: 'a.b' })));
});

test('a key tells questions apart by what changes their answer', () => {
  const key = (asked: Asked) => keyOf(parsed(asked));
  assert.equal(key({ name: 'WEB.lan', id: 1 }), key({ name: 'web.LAN', id: 2 }));
  const others = [
    key({ name: 'web.lan' }),
    key({ name: 'web.lan', type: 'AAAA' }),
    key({ name: 'web.lan', size: 1232 }),
    key({ name: 'web.lan', size: 1232, dnssec: true }),
    key({ name: 'web.land' }),
  ];
  assert.equal(new Set(others).size, others.length);
  assert.equal(key({ name: 'web.lan', size: 1232 }), key({ name: 'web.lan', size: 4096 }));
});

test('a reply has what was asked, and says so when it has no room', () => {
  const answers = Array.from({ length: 40 }, (_, index) => ({
    type: TYPE.A,
    data: Buffer.from([10, 0, 0, index]),
  }));
  const query = parsed({ name: 'WeB', size: 512, dnssec: true });
  const whole = packet.decode(encodeReply(query, { rcode: RCODE.NOERROR, answers, ttl: 5 }, 65_535));
  assert.equal(whole.answers?.length, 40);
  assert.deepEqual(whole.answers?.[3], {
    name: 'WeB',
    type: 'A',
    ttl: 5,
    class: 'IN',
    flush: false,
    data: '10.0.0.3',
  });
  assert.equal(whole.flag_rd && whole.flag_ra && !whole.flag_tc, true);
  const opt = whole.additionals?.[0] as packet.OptAnswer | undefined;
  assert.deepEqual([opt?.type, opt?.flags], ['OPT', 0x8000]);

  const cut = encodeReply(query, { rcode: RCODE.NOERROR, answers, ttl: 5 }, 512);
  const decoded = packet.decode(cut);
  assert.ok(cut.length <= 512 && decoded.flag_tc);
  assert.equal(decoded.answers?.length, Math.floor((512 - query.end - 11) / 16));
  assert.equal(decoded.additionals?.length, 1);
});

test('an upstream message becomes the reply to another who asked the same', () => {
  const first = parsed({ name: 'a.example', id: 1 });
  const message = packet.encode({
    type: 'response',
    id: 99,
    questions: [{ type: 'A', name: 'a.example' }],
    answers: Array.from({ length: 50 }, () => ({
      type: 'A' as const,
      name: 'a.example',
      ttl: 60,
      data: '192.0.2.1',
    })),
  });
  assert.ok(sameQuestion(message, first));
  const second = parsed({ name: 'A.eXample', id: 2, size: 600 });
  const whole = packet.decode(relay(message, second, 65_535));
  assert.deepEqual([whole.id, whole.questions?.[0]?.name, whole.answers?.length], [2, 'A.eXample', 50]);
  const cut = packet.decode(relay(message, second, udpLimit(second)));
  assert.deepEqual([cut.id, cut.flag_tc, cut.answers?.length, cut.additionals?.length], [2, true, 0, 1]);
  assert.equal(sameQuestion(message, parsed({ name: 'a.example', type: 'AAAA' })), false);
  assert.equal(sameQuestion(message, parsed({ name: 'b.example' })), false);
});

test('how long a message may be kept', () => {
  const ttl = (response: Omit<packet.Packet, 'type'>) => {
    const questions: packet.Question[] = [{ type: 'A', name: 'a.example' }];
    const message = packet.encode({ type: 'response', questions, ...response });
    return timeToLive(message, listRecords(message, parsed({ name: 'a.example' }).end) ?? []);
  };
  const soa = (seconds: number, minimum: number): packet.SoaAnswer => ({
    type: 'SOA',
    name: 'example',
    ttl: seconds,
    data: { mname: 'ns.example', rname: 'root.example', serial: 1, refresh: 2, retry: 3, expire: 4, minimum },
  });
  const a = (seconds: number): packet.Answer => ({
    type: 'A',
    name: 'a.example',
    ttl: seconds,
    data: '192.0.2.1',
  });
  assert.equal(ttl({ answers: [a(300), a(20)] }), 20);
  assert.equal(ttl({ answers: [a(0)] }), 0);
  assert.equal(ttl({ answers: [a(0x80000000)] }), 0);
  assert.equal(ttl({ answers: [], authorities: [soa(600, 30)] }), 30);
  assert.equal(ttl({ answers: [], authorities: [soa(20, 30)] }), 20);
  assert.equal(ttl({ answers: [] }), 0);
});

test('names and addresses', () => {
  assert.equal(addressOfName('2.0.17.172.in-addr.arpa'), '172.17.0.2');
  assert.equal(addressOfName('256.0.17.172.in-addr.arpa'), undefined);
  assert.equal(addressOfName('0.17.172.in-addr.arpa'), undefined);
  const nibbles = `1.${'0.'.repeat(27)}0.0.d.f.ip6.arpa`;
  assert.equal(addressOfName(nibbles), 'fd00::1');
  assert.equal(addressOfName('0.ip6.arpa'), undefined);
  assert.deepEqual(encodeName('web.my-net'), Buffer.from('\x03web\x06my-net\0', 'latin1'));
  for (const bad of ['', 'a..b', 'x'.repeat(64), Array.from({ length: 8 }, () => 'x'.repeat(40)).join('.')]) {
    assert.equal(encodeName(bad), undefined);
  }
});
