import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Chain, chainsOf, chainsOfSave, placeBeforeDrop } from './chains.ts';

const place = (text: string) => {
  const chains = chainsOfSave(text);
  return placeBeforeDrop(chains, chains.get('FORWARD') as Chain);
};

test('in a chain like that of ufw ours comes after its rules and before its log', () => {
  assert.equal(
    place(`*filter
:FORWARD DROP [0:0]
:before - [0:0]
:after - [0:0]
:logging - [0:0]
:reject - [0:0]
:user - [0:0]
-A FORWARD -j before
-A FORWARD -j after
-A FORWARD -j logging
-A FORWARD -j reject
-A before -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A before -j user
-A user -s 10.0.0.0/8 -j DROP
-A logging -m limit --limit 3/min -j LOG --log-prefix "[BLOCK] "
COMMIT`),
    1,
  );
});

test('an explicit end counts, whatever the policy is', () => {
  const chain = (rules: string, policy = 'ACCEPT') => place(`:FORWARD ${policy} [0:0]\n:c - [0:0]\n${rules}`);
  assert.equal(chain('-A FORWARD -i a -j ACCEPT\n-A FORWARD -m comment --comment "the end" -j REJECT'), 1);
  assert.equal(chain('-A FORWARD -i a -j ACCEPT\n-A FORWARD -g c\n-A c -p tcp -j ACCEPT\n-A c -j DROP'), 1);
  assert.equal(chain('-A FORWARD -i a -j DROP'), undefined);
  assert.equal(chain('-A FORWARD -j ACCEPT\n-A FORWARD -j DROP', 'DROP'), undefined);
  assert.equal(chain('-A FORWARD -j c\n-A c -j RETURN\n-A c -j DROP'), undefined);
  assert.equal(chain('-A FORWARD -j c\n-A c -j c', 'DROP'), 1);
  assert.equal(chain('', 'DROP'), 0);
});

test("the same of nft's JSON", () => {
  const listing = (rules: unknown[][], policy: string) => [
    { metainfo: {} },
    { chain: { name: 'f', hook: 'forward', prio: 0, policy } },
    { chain: { name: 'other' } },
    ...rules.map((expr, index) => ({ rule: { chain: 'f', handle: index + 5, expr } })),
    { rule: { chain: 'other', handle: 99, expr: [{ reject: null }] } },
  ];
  const at = (rules: unknown[][], policy = 'accept') => {
    const chains = chainsOf(listing(rules, policy));
    return placeBeforeDrop(chains, chains.get('f') as Chain);
  };
  const match = { match: { op: '==' } };
  assert.equal(at([[match, { accept: null }], [{ log: null }], [{ counter: null }, { reject: null }]]), 1);
  assert.equal(at([[match, { accept: null }], [{ jump: { target: 'other' } }]]), 1);
  assert.equal(at([[{ vmap: {} }]], 'drop'), 1);
  assert.equal(
    at([[{ xt: { type: 'match', name: 'comment' } }, { xt: { type: 'target', name: 'REJECT' } }]]),
    0,
  );
  assert.equal(at([[{ xt: { type: 'match', name: 'conntrack' } }, { drop: null }]]), undefined);
  assert.equal(chainsOf(listing([[match]], 'drop')).get('f')?.rules[0]?.handle, 5);
});
