import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Daemon } from '../fixtures/daemon.ts';
import { Registry } from '../fixtures/registry.ts';

// Debian's docker-registry, open to one user: ali, whose password is "open sesame" (bcrypt).
const USERS = 'ali:$2b$05$abcdefghijklmnopqrstuupx2xBUC4954936wVIjyyPHmUBFu0wCW\n';
const auth = { username: 'ali', password: 'open sesame' };

const BERTH = fileURLToPath(new URL('../../bin/berth', import.meta.url));

let registry: Registry;
const daemon = Daemon.forThisFile({}, async (daemon) => {
  registry = await Registry.start({ htpasswd: USERS });
  await daemon.ok('tag', 'busybox', `${registry.host}/team/app:v1`);
});
after(() => registry[Symbol.asyncDispose]());

const app = (tag = 'v1') => `${registry.host}/team/app:${tag}`;
const login = (password: string) =>
  daemon.run('docker', ['login', '-u', 'ali', '--password-stdin', registry.host], { input: password });
const credentials = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A server on the loopback until the result is disposed. */
async function serve(listener: RequestListener): Promise<{ readonly host: string } & AsyncDisposable> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    host: `127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

describe('a registry with users', () => {
  it('is closed to everybody else', async () => {
    const pushed = await daemon.docker('push', app());
    assert.equal(pushed.code, 1);
    assert.match(pushed.stderr, /no basic auth credentials|unauthorized|authentication required/);
    const looked = await daemon.request('GET', `/distribution/${app()}/json`);
    assert.deepEqual([looked.status, /unauthorized|authentication/.test(looked.body)], [401, true]);
  });

  it('docker login: the daemon asks the registry, and the client keeps what was right', async () => {
    const wrong = await login('open barley');
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /login attempt to .* failed|unauthorized/);
    const right = await login(auth.password);
    assert.match(right.stdout, /Login Succeeded/);
    const asked = await daemon.request('POST', '/auth', { ...auth, serveraddress: registry.host });
    assert.deepEqual([asked.status, asked.json], [200, { Status: 'Login Succeeded', IdentityToken: '' }]);
    const refused = await daemon.request('POST', '/auth', {
      ...auth,
      password: '',
      serveraddress: registry.host,
    });
    assert.equal(refused.status, 401);
    assert.equal((await daemon.request('POST', '/auth', { serveraddress: 'not a host' })).status, 400);
  });

  it('push, pull and build with what login left', async () => {
    await login(auth.password);
    assert.match(await daemon.ok('push', app()), /v1: digest: sha256:[0-9a-f]{64} size: \d+/);
    await daemon.ok('rmi', app());
    await daemon.ok('pull', app());
    await daemon.ok('rmi', app());
    const context = join(daemon.root, 'context');
    mkdirSync(context);
    writeFileSync(join(context, 'Dockerfile'), `FROM ${app()}\nRUN echo built >/built\n`);
    await daemon.ok('build', '-t', 'built', context);
    assert.equal(await daemon.ok('run', '--rm', 'built', 'cat', '/built'), 'built');
    await daemon.ok('logout', registry.host);
    const pulled = await daemon.docker('pull', app('other'));
    assert.equal(pulled.code, 1);
  });

  it('GET /distribution/{name}/json: digest, type, size and platforms, without pulling', async () => {
    const before = await daemon.ok('images', '-aq');
    const answer = await daemon.request('GET', `/distribution/${app()}/json`, undefined, {
      'X-Registry-Auth': credentials(auth),
    });
    assert.equal(answer.status, 200, answer.body);
    const { Descriptor, Platforms } = answer.json as {
      Descriptor: { digest: string; mediaType: string; size: number };
      Platforms: unknown;
    };
    const digest = await registry.skopeo(
      'inspect',
      '--tls-verify=false',
      '--creds',
      `${auth.username}:${auth.password}`,
      '--format',
      '{{.Digest}}',
      `docker://${app()}`,
    );
    assert.equal(Descriptor.digest, digest);
    assert.match(Descriptor.mediaType, /manifest/);
    assert.ok(Descriptor.size > 100);
    assert.deepEqual(Platforms, [{ architecture: 'amd64', os: 'linux' }]);
    assert.equal(await daemon.ok('images', '-aq'), before);
    const missing = await daemon.request('GET', `/distribution/${app('nosuch')}/json`, undefined, {
      'X-Registry-Auth': credentials(auth),
    });
    assert.equal(missing.status, 404);
  });
});

describe('berth login', () => {
  const directory = () => join(daemon.root, 'berth-config');
  const config = (): Record<string, unknown> =>
    JSON.parse(readFileSync(join(directory(), 'config.json'), 'utf8')) as Record<string, unknown>;
  const berth = (args: readonly string[], options: { input?: string; env?: Record<string, string> } = {}) =>
    daemon.run(BERTH, ['--config', directory(), ...args], options);
  const withPassword = (password: string) =>
    berth(['login', '-u', 'ali', '--password-stdin', `http://${registry.host}/v2/`], { input: password });

  it("keeps what was right, logs in with it again, and forgets it, in Docker's words", async () => {
    const wrong = await withPassword('open barley');
    assert.equal(wrong.code, 1);
    assert.match(wrong.stderr, /login attempt to .* failed|unauthorized/);
    const right = await withPassword(auth.password);
    assert.equal(right.stdout, 'Login Succeeded\n', right.stderr);
    assert.match(right.stderr, /WARNING! Your credentials are stored unencrypted in '.*\/config\.json'\./);
    const kept = Buffer.from(`${auth.username}:${auth.password}`).toString('base64');
    assert.deepEqual(config(), { auths: { [registry.host]: { auth: kept } } });
    const again = await berth(['login', registry.host]);
    assert.equal(
      again.stdout,
      'Authenticating with existing credentials...\nLogin Succeeded\n',
      again.stderr,
    );
    // The stock client reads the same file.
    const [theirs, ours] = [
      await daemon.run('docker', ['--config', directory(), 'logout', registry.host]),
      await berth(['logout', registry.host]),
    ];
    assert.equal(theirs.stdout, `Removing login credentials for ${registry.host}\n`);
    assert.equal(ours.stdout, `Not logged in to ${registry.host}\n`);
    assert.deepEqual(config(), { auths: {} });
    await withPassword(auth.password);
    assert.equal((await berth(['logout', registry.host])).stdout, theirs.stdout);
  });

  it('gives a helper what it is told, and has it back for a push of all tags', async () => {
    const helpers = join(daemon.root, 'helpers');
    mkdirSync(helpers);
    const program = join(helpers, 'docker-credential-file');
    const store = join(helpers, 'store');
    writeFileSync(
      program,
      `#!/bin/sh\ncase $1 in\n store) cat >${store} ;;\n get) cat ${store} 2>/dev/null || { echo none; exit 1; } ;;\n erase) rm -f ${store} ;;\nesac\n`,
      { mode: 0o755 },
    );
    writeFileSync(
      join(directory(), 'config.json'),
      JSON.stringify({ credHelpers: { [registry.host]: 'file' } }),
    );
    const env = { PATH: `${helpers}:${process.env['PATH']}` };
    const run = (...args: string[]) => berth(args, { env, input: auth.password });
    assert.equal((await run('login', '-u', 'ali', '--password-stdin', registry.host)).code, 0);
    assert.deepEqual(JSON.parse(readFileSync(store, 'utf8')), {
      ServerURL: registry.host,
      Username: 'ali',
      Secret: auth.password,
    });
    await daemon.ok('tag', 'busybox', app('one'));
    await daemon.ok('tag', 'busybox', app('two'));
    const pushed = await run('push', '-a', `${registry.host}/team/app`);
    assert.equal(pushed.code, 0, pushed.stderr);
    for (const tag of ['one', 'two'])
      assert.match(pushed.stdout, new RegExp(`^${tag}: digest: sha256:`, 'm'));
    const none = await run('push', '-a', `${registry.host}/team/none`);
    assert.match(none.stderr, /An image does not exist locally with the tag: /);
    assert.equal((await run('logout', registry.host)).code, 0);
    assert.throws(() => readFileSync(store));
  });

  it('keeps the identity token that a registry gives in place of the password', async () => {
    const asked: string[] = [];
    await using tokens = await serve((request, response) => {
      asked.push(`${request.method} ${request.url?.replace(/127[^&]*/, '')}`);
      const open = request.headers.authorization === 'Bearer access';
      const challenge = `Bearer realm="http://${request.headers.host}/token",service="s"`;
      if (request.url?.startsWith('/token'))
        response.end(JSON.stringify({ token: 'access', refresh_token: 'identity' }));
      else response.writeHead(open ? 200 : 401, open ? {} : { 'www-authenticate': challenge }).end();
    });
    const result = await berth(['login', '-u', 'ali', '--password-stdin', tokens.host], { input: 'x' });
    assert.equal(result.code, 0, result.stderr);
    assert.ok(
      asked.includes('GET /token?service=s&offline_token=true&client_id=berth&account=ali'),
      String(asked),
    );
    assert.deepEqual((config()['auths'] as Record<string, unknown>)[tokens.host], {
      auth: '',
      identitytoken: 'identity',
    });
    assert.equal((await berth(['login', tokens.host])).code, 0);
    assert.ok(asked.includes('POST /token'));
  });
});

describe('docker search', () => {
  it('asks the index of a registry, and filters what it answers', async () => {
    const asked: string[] = [];
    const results = [
      { name: 'tool', description: 'of the house', star_count: 7, is_official: true, is_automated: false },
      { name: 'ali/tool', description: 'of a user', star_count: 3, is_official: false, is_automated: false },
    ];
    await using index = await serve((request, response) => {
      asked.push(request.url ?? '');
      response.setHeader('content-type', 'application/json');
      if (request.url?.startsWith('/v1/search')) response.end(JSON.stringify({ num_results: 2, results }));
      else response.writeHead(request.url === '/v2/' ? 200 : 404).end('{}');
    });
    const search = (...flags: string[]) =>
      daemon.ok(
        'search',
        '--format',
        '{{.Name}} {{.StarCount}} {{.IsOfficial}}',
        ...flags,
        `${index.host}/tool`,
      );
    const lines = (await search()).split('\n');
    assert.deepEqual(
      lines.map((line) => line.split(' ').slice(0, 2).join(' ')),
      ['tool 7', 'ali/tool 3'],
    );
    assert.ok(asked.some((url) => url.startsWith('/v1/search?q=tool')));
    assert.match(await search('--filter', 'is-official=true'), /^tool 7/);
    assert.match(await search('--filter', 'stars=5'), /^tool 7 \S+$/);
    assert.equal(await search('--filter', 'is-automated=true'), '');
    assert.match(await search('--limit', '7'), /^tool 7/);
    assert.match(asked.at(-1) ?? '', /[?&]n=7/);
    const table = await daemon.run(BERTH, ['search', `${index.host}/tool`]);
    assert.equal(table.stdout, (await daemon.docker('search', `${index.host}/tool`)).stdout);
    const wrong = await daemon.docker('search', '--limit', '101', `${index.host}/tool`);
    assert.match(wrong.stderr, /limit 101 is outside the range of \[1, 100\]/);
  });

  it('a registry without an index cannot be searched, and says so', async () => {
    const result = await daemon.docker('search', `${registry.host}/tool`);
    assert.equal(result.code, 1);
    assert.match(result.stderr, /cannot be searched: it has no index|unauthorized/);
  });
});

describe('docker import of a URL', () => {
  it('fetches the archive, compressed in any way; what is not there is told and leaves nothing', async () => {
    const directory = join(daemon.root, 'tree');
    mkdirSync(directory);
    writeFileSync(join(directory, 'file'), 'from the web\n');
    const tar = execFileSync('tar', ['-C', directory, '-c', 'file']);
    const pack = (program: string) => execFileSync(program, ['-c'], { input: tar });
    await using server = await serve((request, response) => {
      const program = request.url?.slice(1) ?? '';
      if (program === 'plain') response.end(tar);
      else if (['gzip', 'bzip2', 'xz', 'zstd'].includes(program)) response.end(pack(program));
      else response.writeHead(404).end();
    });
    for (const form of ['plain', 'gzip', 'bzip2', 'xz', 'zstd']) {
      const printed = await daemon.ok('import', `http://${server.host}/${form}`, `web:${form}`);
      assert.match(printed, /sha256:[0-9a-f]{64}$/);
      await daemon.ok('create', '--name', 'look', `web:${form}`, 'none');
      await daemon.ok('cp', 'look:/file', join(daemon.root, 'fetched'));
      assert.equal(readFileSync(join(daemon.root, 'fetched'), 'utf8'), 'from the web\n');
      await daemon.ok('rm', 'look');
      await daemon.ok('rmi', `web:${form}`);
    }
    const missing = await daemon.docker('import', `http://${server.host}/nosuch`, 'web:no');
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, /the server answers 404/);
    const gone = await serve(() => {});
    await gone[Symbol.asyncDispose]();
    const away = await daemon.docker('import', `http://${gone.host}/x`, 'web:no');
    assert.match(away.stderr, /cannot download http:\/\/127\.0\.0\.1:\d+\/x: .*ECONNREFUSED/);
    assert.equal(await daemon.ok('images', '-q', 'web'), '');
  });
});
