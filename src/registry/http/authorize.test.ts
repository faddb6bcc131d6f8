import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { hashSync } from 'bcryptjs';
import fc from 'fast-check';
import { SignJWT } from 'jose';
import { Access, type AccessOptions } from '../access/access.ts';
import { parseBasic, parseHtpasswd } from '../access/users.ts';
import { matches } from '../content/pattern.ts';
import { Served } from '../testing/served.ts';

let served: Served;
let directory = '';
let htpasswd = '';
before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'berth-access-'));
  htpasswd = join(directory, 'users');
  await writeFile(htpasswd, `# users\nali:${hashSync('open sesame', 4)}\nbea:${hashSync('b:ea', 4)}\n`);
  served = await Served.start();
  await served.pushImage('team/app', 'v1', 'layer');
  await served.pushImage('open/app', 'v1', 'layer');
});
after(async () => {
  await served[Symbol.asyncDispose]();
  await rm(directory, { recursive: true });
});

const opened = new AsyncDisposableStack();
after(() => opened.disposeAsync());
const letIn = async (options: AccessOptions): Promise<void> =>
  served.restart({ access: opened.use(await Access.open({ htpasswd, ...options })) });
const basic = (name: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`,
});
const ali = basic('ali', 'open sesame');
const bea = basic('bea', 'b:ea');

describe('users of an htpasswd file', () => {
  before(() => letIn({}));

  it('are let in with their password, and nobody else', async () => {
    for (const headers of [
      {},
      basic('ali', 'wrong'),
      basic('eve', 'open sesame'),
      { authorization: 'Basic x' },
    ]) {
      const { status, code, headers: answer } = await served.send('GET', '/v2/', '', headers);
      assert.deepEqual([status, code], [401, 'UNAUTHORIZED']);
      assert.match(
        answer['www-authenticate'] ?? '',
        /^Bearer realm="http:\/\/127\.0\.0\.1:\d+\/token",service="berth"/,
      );
    }
    assert.equal((await served.send('GET', '/v2/', '', ali)).status, 200);
    assert.equal((await served.send('GET', '/v2/team/app/manifests/v1', '', bea)).status, 200);
    assert.equal((await served.send('GET', '/v2/team/app/manifests/v1')).status, 401);
    assert.equal((await served.send('POST', '/v2/team/app/blobs/uploads/')).status, 401);
  });

  it('that are written into it may come at once', async () => {
    const cyd = basic('cyd', 'new');
    assert.equal((await served.send('GET', '/v2/', '', cyd)).status, 401);
    await writeFile(
      htpasswd,
      `ali:${hashSync('open sesame', 4)}\nbea:${hashSync('b:ea', 4)}\ncyd:${hashSync('new', 4)}\n`,
    );
    assert.equal((await served.send('GET', '/v2/', '', cyd)).status, 200);
  });
});

describe('rights by repository', () => {
  before(() =>
    letIn({
      rules: [
        { users: ['anonymous'], repositories: ['open/*'], rights: ['pull'] },
        { users: ['ali'], repositories: ['*'], rights: ['pull', 'push', 'delete'] },
        { users: ['*'], repositories: ['open/*'], rights: ['push'] },
      ],
    }),
  );
  const ask = async (method: string, path: string, headers: object) =>
    (await served.send(method, path, '', { ...headers })).status;
  const tokenFor = async (scope: string, headers: object): Promise<{ authorization: string }> => {
    const { status, body } = await served.send('GET', `/token?service=berth&scope=${scope}`, '', {
      ...headers,
    });
    assert.equal(status, 200);
    return { authorization: `Bearer ${(JSON.parse(body.toString()) as { token: string }).token}` };
  };

  it('each may what the rules say', async () => {
    const open = '/v2/open/app/manifests/v1';
    const team = '/v2/team/app/manifests/v1';
    assert.deepEqual([await ask('GET', open, {}), await ask('GET', team, {})], [200, 401]);
    assert.deepEqual([await ask('GET', open, bea), await ask('GET', team, bea)], [200, 403]);
    assert.deepEqual([await ask('DELETE', open, bea), await ask('DELETE', open, {})], [403, 401]);
    const upload = '/v2/open/app/blobs/uploads/';
    assert.deepEqual([await ask('POST', upload, {}), await ask('POST', upload, bea)], [401, 202]);
    const { body } = await served.send('GET', '/v2/_catalog', '', bea);
    assert.deepEqual(JSON.parse(body.toString()), { repositories: ['open/app'] });
  });

  it('a token has as much of its scope as its user may, and no more', async () => {
    const token = await tokenFor('repository:open/app:pull,push,delete+repository:team/app:pull', bea);
    assert.equal(await ask('POST', '/v2/open/app/blobs/uploads/', token), 202);
    assert.equal(await ask('DELETE', '/v2/open/app/manifests/v1', token), 401);
    assert.equal(await ask('GET', '/v2/team/app/manifests/v1', token), 401);
    const nobody = await tokenFor('repository:open/app:pull', {});
    assert.equal(await ask('GET', '/v2/', nobody), 200);
    assert.equal(await ask('GET', '/v2/open/app/manifests/v1', nobody), 200);
    assert.equal(await ask('POST', '/v2/open/app/blobs/uploads/', nobody), 401);
    assert.equal(await ask('GET', '/v2/', { authorization: `${token.authorization}x` }), 401);
    assert.equal(await ask('GET', '/token', basic('bea', 'wrong')), 401);
  });

  it('nobody mounts what he may not pull', async () => {
    const digest = JSON.parse(
      (await served.send('GET', '/v2/team/app/manifests/v1', '', ali)).body.toString(),
    ).layers[0].digest as string;
    const mount = (name: string) => `/v2/${name}/blobs/uploads/?mount=${digest}&from=team/app`;
    assert.equal(await ask('POST', mount('open/new'), bea), 202);
    assert.equal(await ask('POST', mount('open/new'), ali), 201);
  });
});

it('tokens of another server count by its signature, audience and grants', async () => {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const keys = publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const realm = 'https://auth.example.com/token';
  await letIn({ issuer: { realm, service: 'our-registry', issuer: 'auth', keys } });
  const token = (issuer: string, audience: string, key = privateKey) =>
    new SignJWT({
      sub: 'x',
      access: [{ type: 'repository', name: 'team/app', actions: ['pull'] }, 'junk', {}],
    })
      .setProtectedHeader({ alg: 'ES256' })
      .setIssuer(issuer)
      .setAudience(audience)
      .setExpirationTime('1m')
      .sign(key);
  const ask = async (path: string, text: string) =>
    served.send('GET', path, '', { authorization: `Bearer ${text}` });
  const good = await token('auth', 'our-registry');
  assert.equal((await ask('/v2/team/app/manifests/v1', good)).status, 200);
  const refused = await ask('/v2/open/app/manifests/v1', good);
  assert.equal(refused.status, 401);
  assert.equal(
    refused.headers['www-authenticate'],
    `Bearer realm="${realm}",service="our-registry",scope="repository:open/app:pull",error="insufficient_scope"`,
  );
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${good.split('.')[1]}.`;
  for (const bad of [
    await token('other', 'our-registry'),
    await token('auth', 'other'),
    await token('auth', 'our-registry', other),
    none,
  ])
    assert.equal((await ask('/v2/team/app/manifests/v1', bad)).status, 401);
});

it('what is no bcrypt hash is refused by its line', () => {
  assert.throws(() => parseHtpasswd(`ali:${hashSync('x', 4)}\nbea:{SHA}abc\n`), /line 2 .*bcrypt/);
  assert.throws(() => parseHtpasswd(`anonymous:${hashSync('x', 4)}\n`), /line 1/);
});

it('basic credentials: all text comes through, and nothing breaks it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'grapheme' }), (name, password) => {
      fc.pre(!name.includes(':') && name.isWellFormed() && password.isWellFormed());
      const encoded = Buffer.from(`${name}:${password}`).toString('base64');
      assert.deepEqual(parseBasic(`Basic ${encoded}`), { name, password });
    }),
  );
  fc.assert(fc.property(fc.string(), (text) => void parseBasic(text)));
});

it('patterns match as a regular expression with .* for each star would', () => {
  const word = fc.stringMatching(/^[ab*/]{0,8}$/);
  fc.assert(
    fc.property(word, fc.stringMatching(/^[ab/]{0,8}$/), (pattern, name) => {
      const expected = new RegExp(`^${pattern.replaceAll('*', '.*')}$`).test(name);
      assert.equal(matches(pattern, name), expected, `${pattern} and ${name}`);
    }),
  );
});
