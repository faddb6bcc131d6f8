import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Context } from '../context.ts';
import { credentialsFor, registryKey } from './credentials.ts';
import { configDirectoryOf, readConfigFile } from './file.ts';
import { hostOf, tlsOf } from './host.ts';
import { proxyVariables } from './proxies.ts';
import { updateConfigFile } from './write.ts';

const directory = mkdtempSync(join(tmpdir(), 'berth-config-'));
after(() => rmSync(directory, { recursive: true }));

const context = (config: object): Context => {
  writeFileSync(join(directory, 'config.json'), JSON.stringify(config));
  return new Context({
    env: {},
    host: 'unix:///x',
    tls: undefined,
    configDirectory: directory,
    debug: false,
  });
};

describe('the host', () => {
  const of = (host: readonly string[], env: Record<string, string>, uid = 0) => hostOf({ host }, env, uid);
  it('is what was said last, nearest first', () => {
    assert.equal(of(['unix:///a', 'unix:///b'], { BERTH_HOST: 'c' }), 'unix:///b');
    assert.equal(of([], { BERTH_HOST: 'c', DOCKER_HOST: 'd' }), 'c');
    assert.equal(of([], { DOCKER_HOST: 'd' }), 'd');
    assert.equal(of([], {}), 'unix:///run/berth/berthd.sock');
  });
  it('is the own daemon of an ordinary user who has one', () => {
    const env = { XDG_RUNTIME_DIR: directory };
    assert.equal(of([], env, 1000), 'unix:///run/berth/berthd.sock');
    mkdirSync(join(directory, 'berth'));
    writeFileSync(join(directory, 'berth', 'berthd.sock'), '');
    assert.equal(of([], env, 1000), `unix://${directory}/berth/berthd.sock`);
    assert.equal(of([], env, 0), 'unix:///run/berth/berthd.sock');
  });
});

it('TLS is used when asked for, with the files that are there', () => {
  const said = { host: [], tls: false, tlsverify: false, tlscacert: '', tlscert: '', tlskey: '' };
  writeFileSync(join(directory, 'ca.pem'), '');
  assert.equal(tlsOf(said, {}, directory), undefined);
  assert.deepEqual(tlsOf({ ...said, tlsverify: true }, {}, directory), {
    verify: true,
    ca: join(directory, 'ca.pem'),
  });
  assert.deepEqual(tlsOf(said, { DOCKER_TLS_VERIFY: '1', DOCKER_CERT_PATH: '/nonexistent' }, directory), {
    verify: true,
  });
  assert.deepEqual(tlsOf({ ...said, tls: true, tlscert: '/c' }, {}, directory), {
    verify: false,
    ca: join(directory, 'ca.pem'),
    cert: '/c',
  });
});

describe('config.json', () => {
  it('lies where it was said', () => {
    assert.equal(configDirectoryOf('', { HOME: '/home/me' }), '/home/me/.docker');
    assert.equal(configDirectoryOf('', { HOME: '/home/me', DOCKER_CONFIG: '/d' }), '/d');
    assert.equal(configDirectoryOf('/c', { DOCKER_CONFIG: '/d' }), '/c');
  });
  it('may be missing, not broken', () => {
    assert.deepEqual(readConfigFile('/nonexistent'), {});
    writeFileSync(join(directory, 'config.json'), '{');
    assert.throws(() => readConfigFile(directory), { name: 'Exit', message: /is not valid JSON/ });
  });
  it('is changed without losing what is not known here, and only its owner reads it', async () => {
    const own = join(directory, 'new');
    await updateConfigFile(own, (config) => {
      config.auths = { a: { auth: 'x' } };
    });
    writeFileSync(join(own, 'real.json'), '{"other":{"deep":[1]},"auths":{}}');
    rmSync(join(own, 'config.json'));
    symlinkSync('real.json', join(own, 'config.json'));
    await updateConfigFile(own, (config) => {
      config.auths = { b: { auth: 'y' } };
    });
    assert.deepEqual(JSON.parse(readFileSync(join(own, 'real.json'), 'utf8')), {
      other: { deep: [1] },
      auths: { b: { auth: 'y' } },
    });
    assert.equal(statSync(join(own, 'real.json')).mode & 0o777, 0o600);
  });
});

describe('credentials', () => {
  const auth = Buffer.from('me:pass:word').toString('base64');
  it('are found by registry, whatever the key looks like', async () => {
    const expected = (serveraddress: string) => ({ username: 'me', password: 'pass:word', serveraddress });
    assert.deepEqual(
      await credentialsFor(context({ auths: { 'host:5000': { auth } } }), 'host:5000'),
      expected('host:5000'),
    );
    assert.deepEqual(
      await credentialsFor(context({ auths: { 'https://host/v1/': { auth } } }), 'host'),
      expected('host'),
    );
    assert.deepEqual(
      await credentialsFor(context({ auths: { [registryKey('docker.io')]: { auth } } }), 'docker.io'),
      expected('https://index.docker.io/v1/'),
    );
    assert.equal(await credentialsFor(context({ auths: { other: { auth } } }), 'host'), undefined);
    assert.equal(await credentialsFor(context({}), 'host'), undefined);
    assert.equal(await credentialsFor(context({ auths: { host: {} } }), 'host'), undefined);
  });

  describe('of a helper', () => {
    const path = process.env['PATH'];
    before(() => {
      writeFileSync(
        join(directory, 'docker-credential-test'),
        `#!/bin/sh\nread server\ncase $server in\n  known) echo '{"ServerURL":"known","Username":"me","Secret":"s"}' ;;\n  token) echo '{"Username":"<token>","Secret":"t"}' ;;\n  *) echo "credentials not found"; exit 1 ;;\nesac\n`,
      );
      chmodSync(join(directory, 'docker-credential-test'), 0o755);
      process.env['PATH'] = `${directory}:${path}`;
    });
    after(() => {
      process.env['PATH'] = path;
    });

    it('are asked for', async () => {
      assert.deepEqual(await credentialsFor(context({ credsStore: 'test' }), 'known'), {
        username: 'me',
        password: 's',
        serveraddress: 'known',
      });
      assert.deepEqual(await credentialsFor(context({ credHelpers: { token: 'test' } }), 'token'), {
        identitytoken: 't',
        serveraddress: 'token',
      });
      assert.equal(await credentialsFor(context({ credsStore: 'test' }), 'unknown'), undefined);
    });

    it('that is not there is an error, and no path', async () => {
      await assert.rejects(
        credentialsFor(context({ credsStore: 'missing' }), 'x'),
        /could not run the credential helper docker-credential-missing/,
      );
      await assert.rejects(credentialsFor(context({ credsStore: '../x' }), 'x'), /invalid credential helper/);
    });
  });
});

it('proxies become variables, those of the daemon first', () => {
  assert.deepEqual(
    proxyVariables({ proxies: { default: { httpProxy: 'http://p', noProxy: 'a' } } }, 'unix:///x'),
    ['HTTP_PROXY=http://p', 'http_proxy=http://p', 'NO_PROXY=a', 'no_proxy=a'],
  );
  assert.deepEqual(
    proxyVariables({ proxies: { default: { httpProxy: 'http://p' }, 'unix:///x': {} } }, 'unix:///x'),
    [],
  );
  assert.deepEqual(proxyVariables({}, 'unix:///x'), []);
});
