import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, describe, it } from 'node:test';
import { Daemon } from '../fixtures/daemon.ts';
import { Registry } from '../fixtures/registry.ts';

const PASSWORD = 'open sesame';
/** bcrypt of it. */
const USERS = 'ali:$2b$05$abcdefghijklmnopqrstuupx2xBUC4954936wVIjyyPHmUBFu0wCW\n';
let registry: Registry;
const daemon = Daemon.forThisFile({}, async () => {
  registry = await Registry.start({ htpasswd: USERS });
});
/** What Docker Hub has for `docker search`, and no registry. */
const index = createServer((request, response) => {
  const found = {
    name: `app-${new URL(request.url ?? '', 'http://x').searchParams.get('q')}`,
    star_count: 7,
  };
  response.setHeader('content-type', 'application/json').end(JSON.stringify({ results: [found] }));
}).listen(0, '127.0.0.1');
after(async () => {
  index.close();
  await registry[Symbol.asyncDispose]();
});

for (const version of ['1.24', '1.30', '1.40', '1.43', '1.44', '1.50'])
  describe(`a docker CLI that speaks ${version}`, () => {
    const docker = async (...args: readonly string[]) => {
      const result = await daemon.run('docker', args, { env: { DOCKER_API_VERSION: version } });
      assert.equal(result.code, 0, `${args.join(' ')}: ${result.stderr}`);
      return result.stdout.trim();
    };

    it('runs, looks, acts and cleans up', async () => {
      assert.equal(await docker('run', '--rm', 'busybox', 'echo', 'hi'), 'hi');
      await docker(
        'run',
        '-d',
        '--name',
        'box',
        '-p',
        '80',
        '-v',
        'data:/data',
        '-m',
        '64m',
        'busybox',
        'sleep',
        '600',
      );
      assert.equal(await docker('exec', 'box', 'cat', '/proc/1/comm'), 'sleep');
      assert.match(
        await docker('ps', '--format', '{{.Names}} {{.Status}} {{.Ports}}'),
        /^box Up .*->80\/tcp/,
      );
      assert.equal(
        await docker('inspect', '-f', '{{.State.Status}} {{.HostConfig.Memory}}', 'box'),
        'running 67108864',
      );
      assert.match(await docker('port', 'box'), /^80\/tcp -> /);
      assert.match(await docker('top', 'box'), /sleep 600/);
      assert.equal(await docker('logs', 'box'), '');
      await docker('cp', '/etc/hostname', 'box:/copied');
      assert.match(await docker('diff', 'box'), /A \/copied/);
      await docker('pause', 'box');
      await docker('unpause', 'box');
      await docker('stop', '-t', '0', 'box');
      assert.equal(await docker('wait', 'box'), '137');
      await docker('rm', 'box');
      await docker('volume', 'rm', 'data');
      assert.match(await docker('images', '--format', '{{.Repository}}:{{.Tag}}'), /busybox:latest/);
      assert.match(await docker('history', '--format', '{{.Size}}', 'busybox'), /MB/);
      assert.match(await docker('network', 'ls', '--format', '{{.Name}}'), /bridge/);
      assert.match(await docker('info', '--format', '{{.ServerVersion}}'), /^\d/);
      if (version !== '1.24') assert.match(await docker('system', 'df'), /^TYPE/);
    });
  });

/** What concerns registries: `$r`, and the index `$i`. */
const REGISTRY_VERBS = String.raw`set -ex
docker login -u ali --password-stdin $r <<<"$password" | grep Succeeded
docker tag busybox $r/app:$n
docker push $r/app:$n | grep "$n: digest: sha256:"
docker push -q $r/app:$n | grep "$r/app:$n"
docker rmi $r/app:$n
docker pull $r/app:$n | grep "Status: .*$r/app:$n"
docker image inspect -f '{{index .RepoDigests 0}}' $r/app:$n | grep "$r/app@sha256:"
docker rmi $r/app:$n
docker create --name pulled $r/app:$n
docker rm pulled
docker rmi $r/app:$n
docker pull -a -q $r/app
docker rmi $(docker images -q --filter reference=$r/app --format '{{.Repository}}:{{.Tag}}')
docker search --limit 3 --filter stars=5 $i/$n | grep app-$n
docker logout $r
! docker pull $r/app:$n`;

/** Every other verb; each must succeed. `$n`: the version, so that names differ. */
const OTHER_VERBS = String.raw`set -ex
docker create -i --name made busybox sh -c 'echo out; echo err >&2; cat'
docker container ls -a --filter name=made --format '{{.Image}} {{.RunningFor}} {{.Size}} {{.Labels}} {{.Mounts}}' | grep busybox
echo in | docker start -ai made 2>&1 | grep in
docker logs -t --since 1h made | grep out
docker rename made named
docker commit -m note -c 'CMD ["true"]' named kept:$n | grep sha256
docker container inspect -s named | grep SizeRw
docker export named | tar t >/dev/null
docker restart -t 0 named
docker kill -s KILL named 2>&1 | grep 'named\|not running'
docker update --restart no -m 32m --memory-swap 64m named
docker rm -f named
docker image inspect kept:$n | grep RepoTags
docker save kept:$n | docker load | grep kept
docker tag kept:$n again:$n
docker image ls --filter dangling=false -q --no-trunc | grep sha256
docker rmi again:$n kept:$n
printf 'FROM busybox\nRUN echo built >/built\nCMD cat /built\n' | docker build -t built:$n - | grep -i success
docker run --rm built:$n | grep built
docker rmi built:$n
docker export $(docker create --name source busybox) | docker import - imported:$n
docker rm source
docker rmi imported:$n
docker network create --label a=b --subnet 10.254.1.0/24 net
docker run -d --name on --network net --network-alias alias busybox sleep 600
docker network create other
docker network connect --alias second other on
docker network inspect -f '{{len .Containers}}' net | grep 1
docker network disconnect other on
docker exec -u 33 on id -u | grep 33
docker stats --no-stream --format '{{.Name}} {{.MemPerc}} {{.PIDs}}' on | grep on
docker attach --no-stdin --sig-proxy=false on </dev/null & attached=$!
docker cp on:/etc/passwd - | tar t | grep passwd
docker rm -f on
wait $attached || true
docker network rm net other
docker volume create --label a=b vol
docker volume inspect vol | grep local
docker volume ls -q --filter label=a | grep vol
docker volume rm vol
docker events --since 1m --until $(date +%s.%N) --filter type=volume | grep destroy
docker version --format '{{.Server.Version}} {{.Client.APIVersion}}' | grep " $n"`;
/** Since 1.25. */
const PRUNES = String.raw`set -ex
docker create --label stale busybox
docker container prune -f --filter label=stale | grep Deleted
docker network create stale
docker network prune -f | grep stale
docker volume create stale
docker volume prune -f $(case $n in 1.2* | 1.3* | 1.40 | 1.41) ;; *) echo -a ;; esac) | grep stale
docker image prune -f
docker system df -v | grep Images
docker system prune -f | grep Total`;

for (const version of ['1.24', '1.41', '1.50'])
  it(`every other verb of a docker CLI that speaks ${version}`, async () => {
    const { port } = index.address() as AddressInfo;
    const registries = { r: registry.host, i: `127.0.0.1:${port}`, password: PASSWORD };
    const env = { DOCKER_API_VERSION: version, n: version, ...registries };
    const all = [OTHER_VERBS, REGISTRY_VERBS, ...(version === '1.24' ? [] : [PRUNES])].join('\n');
    const { code, stdout, stderr } = await daemon.run('bash', ['-c', `set -o pipefail; ${all}`], {
      env,
      timeout: 90_000,
    });
    assert.equal(code, 0, `${stdout.slice(-500)}\n${stderr}`);
  });

/** Path, what is asked about the answer, and the versions that have it: the first, and the last where it has gone. */
const SHAPES: readonly (readonly [path: string, field: string, first: string, last?: string])[] = [
  ['/images/json', '0.VirtualSize', '1.24', '1.43'],
  ['/images/json', '0.Descriptor', '1.48'],
  ['/images/busybox/json', 'VirtualSize', '1.24', '1.43'],
  ['/images/busybox/json', 'ContainerConfig', '1.24', '1.44'],
  ['/images/busybox/json', 'Container', '1.24', '1.44'],
  ['/images/busybox/json', 'Config.Hostname', '1.24', '1.49'],
  ['/images/busybox/json', 'Config.Domainname', '1.24', '1.49'],
  ['/images/busybox/json', 'Config.Entrypoint', '1.24', '1.51'],
  ['/images/busybox/json', 'Descriptor', '1.48'],
  ['/containers/json', '0.Health', '1.52'],
  ['/containers/json', '0.HostConfig.Annotations', '1.46'],
  ['/containers/json', '0.ImageManifestDescriptor', '1.48'],
  ['/containers/one/json', 'NetworkSettings.IPAddress', '1.24', '1.51'],
  ['/containers/one/json', 'NetworkSettings.Bridge', '1.24', '1.51'],
  ['/containers/one/json', 'ImageManifestDescriptor', '1.48'],
  ['/containers/one/stats?stream=0&one-shot=1', 'os_type', '1.52'],
  ['/info', 'BridgeNfIptables', '1.24', '1.49'],
  ['/info', 'RuncCommit.Expected', '1.24', '1.48'],
  ['/info', 'CDISpecDirs', '1.44'],
  ['/info', 'FirewallBackend', '1.49'],
  ['/networks/bridge', 'Status', '1.52'],
  ['/system/df', 'LayersSize', '1.24', '1.52'],
  ['/system/df', 'ImageUsage', '1.52'],
];

describe('the API’s versions', () => {
  it('fields come and go with them', async () => {
    await daemon.ok('run', '-d', '--name', 'one', '--annotation', 'a=b', 'busybox', 'sleep', '600');
    const answers = new Map<string, unknown>();
    const at = async (version: number, path: string) => {
      const url = `/v1.${version}${path}`;
      if (!answers.has(url)) answers.set(url, (await daemon.request('GET', url)).json);
      return answers.get(url);
    };
    const has = (value: unknown, [name = '', ...rest]: readonly string[]): boolean => {
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return false;
      return rest.length === 0 || has(Object.entries(value).find(([key]) => key === name)?.[1], rest);
    };
    for (const [path, field, first, last] of SHAPES) {
      const minor = (version: string) => Number(version.slice(2));
      const [from, to] = [minor(first), minor(last ?? '1.56')];
      for (const version of [from - 1, from, to, to + 1]) {
        if (version < 24 || version > 56) continue;
        const expected = version >= from && version <= to;
        assert.equal(
          has(await at(version, path), field.split('.')),
          expected,
          `1.${version} ${path} ${field}`,
        );
      }
    }
    await daemon.ok('rm', '-f', 'one');
  });

  it('are negotiated; too new and too old ones are refused', async () => {
    const ping = await daemon.request('GET', '/_ping');
    assert.deepEqual([ping.status, ping.body], [200, 'OK']);
    assert.match(String(ping.headers['api-version']), /^1\.\d+$/);
    assert.equal((await daemon.request('HEAD', '/_ping')).status, 200);
    assert.equal((await daemon.request('GET', '/v1.24/version')).status, 200);
    const tooNew = await daemon.request('GET', '/v1.99/version');
    assert.equal(tooNew.status, 400);
    assert.match(tooNew.body, /client version 1\.99 is too new\. Maximum supported API version is 1\.\d+/);
    const tooOld = await daemon.request('GET', '/v1.12/version');
    assert.equal(tooOld.status, 400);
    assert.match(tooOld.body, /client version 1\.12 is too old\. Minimum supported API version is 1\.24/);
  });
});
