import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { create, type MessageInitShape } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import { newId } from '#lib/ids';
import { readMembers } from '#oci/tar';
import { type Control, StatusSchema } from '#protocol/buildkit';
import { BuildkitClient, type Offered } from '../fixtures/buildkit-client.ts';
import { Daemon } from '../fixtures/daemon.ts';

const daemon = Daemon.forThisFile();
const SOCKET = daemon.host.slice('unix://'.length);
const connect = () => BuildkitClient.connect(SOCKET);

type SolveRequest = MessageInitShape<(typeof Control)['method']['solve']['input']>;

interface Wanted extends Offered {
  readonly Dockerfile: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly attributes?: Readonly<Record<string, string>>;
  readonly request?: SolveRequest;
}

/** As buildx builds: one call for the build, which others steer until they return its result. */
async function build(
  client: BuildkitClient,
  { Dockerfile, files = {}, attributes = {}, request, ...offered }: Wanted,
) {
  const ref = newId().slice(0, 25);
  await client.openSession(ref, {
    ...offered,
    directories: { dockerfile: { Dockerfile }, context: files, ...offered.directories },
  });
  const gateway = client.gateway(ref);
  const steer = async () => {
    await gateway.ping({});
    const { result } = await gateway
      .solve({
        frontend: 'dockerfile.v0',
        frontendOpt: { filename: 'Dockerfile', ...attributes },
        allowResultReturn: true,
        allowResultArrayRef: true,
      })
      .catch(async (error: ConnectError) => {
        await gateway.return({
          error: create(StatusSchema, { code: error.code, message: error.rawMessage }),
        });
        throw error;
      });
    await gateway.return(result ? { result } : {});
    return result;
  };
  const [solved, steered, progress] = await Promise.allSettled([
    client.control.solve({ ref, session: ref, ...request }),
    steer(),
    progressOf(client, ref),
  ]);
  assert.equal(progress.status, 'fulfilled');
  return { ref, solved, steered, ...progress.value };
}

async function progressOf(client: BuildkitClient, ref: string) {
  const [vertexes, errors, output] = [new Set<string>(), new Map<string, string>(), [] as string[]];
  for await (const { vertexes: told, logs } of client.control.status({ ref })) {
    for (const { name, error } of told) {
      vertexes.add(name);
      if (error !== '') errors.set(name, error);
    }
    for (const { msg } of logs) output.push(Buffer.from(msg).toString());
  }
  return { vertexes: [...vertexes], errors, output: output.join('') };
}

async function built(client: BuildkitClient, wanted: Wanted) {
  const { solved, steered, ...more } = await build(client, wanted);
  if (steered.status === 'rejected') throw steered.reason;
  if (solved.status === 'rejected') throw solved.reason;
  return { ...more, response: solved.value.exporterResponse, result: steered.value };
}

async function refused(client: BuildkitClient, wanted: Wanted) {
  const { solved, steered, ...more } = await build(client, wanted);
  assert.equal(steered.status, 'rejected');
  assert.equal(solved.status, 'rejected');
  assert(steered.reason instanceof ConnectError && solved.reason instanceof ConnectError);
  assert.equal(solved.reason.rawMessage, steered.reason.rawMessage);
  return { ...more, error: steered.reason };
}

const tagged = (name: string): SolveRequest => ({ exporters: [{ type: 'moby', attrs: { name } }] });
const shell = (image: string, script: string) => daemon.ok('run', '--rm', image, 'sh', '-c', script);

describe("BuildKit's API over POST /grpc, as buildx calls it", () => {
  it('says who builds, and what it can', async () => {
    await using client = await connect();
    const { record } = await client.control.listWorkers({});
    assert.deepEqual(
      record.map(({ platforms }) => platforms.map(({ os }) => os)),
      [['linux']],
    );
    assert.match(record[0]?.labels['org.mobyproject.buildkit.worker.moby.host-gateway-ip'] ?? '', /^\d+\./);
    assert.match((await client.control.info({})).buildkitVersion?.version ?? '', /^v\d/);
    // What buildx does first: a build of nothing, to learn what the builder can.
    const ref = newId();
    await client.openSession(ref, {});
    const solved = client.control.solve({ ref, session: ref, internal: true });
    const { frontendApiCaps, llbCaps } = await client.gateway(ref).ping({});
    await client.gateway(ref).return({});
    assert.deepEqual((await solved).exporterResponse, {});
    assert(frontendApiCaps.some(({ id, enabled }) => id === 'return' && enabled));
    assert(llbCaps.length > 0);
    await assert.rejects(client.gateway(ref).ping({}), /has ended/);
  });

  it('builds an image of a name, and tells how it goes', async () => {
    await using client = await connect();
    const { response, vertexes, output } = await built(client, {
      Dockerfile:
        'FROM busybox\nARG WHO=nobody\nCOPY a b /\nRUN --mount=type=secret,id=s,required echo "hello $WHO $(wc -c < /run/secrets/s)" | tee /who\n',
      files: { a: 'of the client', b: '', c: 'not needed' },
      secrets: { s: '24 characters of secret.' },
      attributes: { 'build-arg:WHO': 'you', 'label:from': 'buildx' },
      request: tagged('docker.io/library/steered:1'),
    });
    assert.match(response['containerimage.config.digest'] ?? '', /^sha256:/);
    const descriptor = Buffer.from(response['containerimage.descriptor'] ?? '', 'base64').toString();
    assert.equal((JSON.parse(descriptor) as { digest: string }).digest, response['containerimage.digest']);
    assert.equal(response['image.name'], 'docker.io/library/steered:1');
    assert.equal(await shell('steered:1', 'cat /a /who'), 'of the clienthello you 24');
    assert.equal(await daemon.ok('inspect', '-f', '{{.Config.Labels.from}}', 'steered:1'), 'buildx');
    assert.match(vertexes.join('\n'), /load build definition[\s\S]*COPY a b \/[\s\S]*RUN/);
    assert.match(output, /hello you 24/);
  });

  it('brings a file system and an archive to the client', async () => {
    await using client = await connect();
    const Dockerfile = 'FROM scratch\nCOPY a /dir/\n';
    const wanted = { Dockerfile, files: { a: 'x'.repeat(3_000_000) } };
    await built(client, { ...wanted, request: { exporters: [{ type: 'tar', attrs: {} }] } });
    const members = readMembers(Readable.from([Buffer.concat(client.received.splice(0))]));
    const entries = await Array.fromAsync(members, ({ entry }) => `${entry.path} ${entry.size}`);
    assert(entries.includes('dir/a 3000000'), entries.join());
    await built(client, { ...wanted, request: { exporters: [{ type: 'docker', attrs: { name: 'sent' } }] } });
    const loaded = await daemon.run('docker', ['load'], { input: Buffer.concat(client.received) });
    assert.match(loaded.stdout, /Loaded image: sent:latest/);
  });

  it('shows where a Dockerfile is wrong and what failed, and names nothing then', async () => {
    await using client = await connect();
    const wrong = await refused(client, {
      Dockerfile: 'FROM busybox\nNONSENSE x\n',
      request: tagged('failed'),
    });
    assert.equal(wrong.error.code, Code.InvalidArgument);
    assert.match(wrong.error.rawMessage, /unknown instruction: NONSENSE/);
    const [detail] = wrong.error.details;
    assert(detail && 'type' in detail && detail.value instanceof Uint8Array);
    assert.match(detail.type, /errdefs\.Source\+json$/);
    const place = JSON.parse(Buffer.from(detail.value).toString()) as {
      info: { filename: string; data: string };
      ranges: { start: { line: number } }[];
    };
    assert.equal(place.ranges[0]?.start.line, 2);
    assert.match(Buffer.from(place.info.data, 'base64').toString(), /NONSENSE/);
    const text = /^process "\/bin\/sh -c exit 7" did not complete successfully: exit code: 7$/;
    const failed = await refused(client, {
      Dockerfile: 'FROM busybox\nRUN exit 7\n',
      request: tagged('failed'),
    });
    assert.match(failed.error.rawMessage, text);
    assert.match([...failed.errors.values()].join(), text);
    assert.equal(await daemon.ok('images', '-q', 'failed'), '');
  });

  it('answers what is asked about a Dockerfile', async () => {
    await using client = await connect();
    const ask = async (requestid: string) => {
      const { result } = await built(client, {
        Dockerfile: 'FROM busybox AS first\n# N: how many\nARG N=1\nFROM first as Second\n',
        attributes: { requestid, 'frontend.caps': 'moby.buildkit.frontend.subrequests+forward' },
      });
      return Buffer.from(result?.metadata['result.json'] ?? []).toString();
    };
    assert.match(await ask('frontend.targets'), /"name": "first"/);
    assert.match(await ask('frontend.outline'), /"name": "N"/);
    assert.match(await ask('frontend.lint'), /FromAsCasing/);
  });

  it('takes contexts by name, an archive, and a Dockerfile from elsewhere', async () => {
    await using client = await connect();
    await built(client, {
      Dockerfile: 'FROM base\nCOPY --from=apart / /apart/\n',
      directories: { shared: { a: 'of the directory', 'b.log': 'no', '.dockerignore': '*.log' } },
      attributes: { 'context:apart': 'local:shared', 'context:base': 'docker-image://busybox' },
      request: tagged('named'),
    });
    assert.match(await shell('named', 'cat /apart/a; ls /apart'), /^of the directory/);
    const { stdout } = await daemon.run('sh', ['-c', 'cd /bin && tar c true | base64']);
    await built(client, {
      Dockerfile: 'FROM busybox\nCOPY true /uploaded\n',
      uploads: { here: Buffer.from(stdout, 'base64') },
      attributes: { context: 'http://buildkit-session/here', dockerfilekey: 'dockerfile' },
      request: tagged('uploaded'),
    });
    await shell('uploaded', '[ -s /uploaded ]');
  });

  it('lets a client look at a result before it returns it', async () => {
    await using client = await connect();
    const ref = newId();
    const Dockerfile = 'FROM busybox\nRUN mkdir /d && echo text > /d/file && ln -s /d/file /link\n';
    await client.openSession(ref, { directories: { dockerfile: { Dockerfile }, context: {} } });
    const solved = client.control.solve({ ref, session: ref, ...tagged('looked-at') });
    const gateway = client.gateway(ref);
    const frontendOpt = { filename: 'Dockerfile' };
    const { ref: result } = await gateway.solve({ frontend: 'dockerfile.v0', frontendOpt, evaluate: true });
    const read = await gateway.readFile({
      ref: result,
      filePath: '/link',
      range: { offset: 1n, length: 2n },
    });
    assert.equal(Buffer.from(read.data).toString(), 'ex');
    const { stat } = await gateway.statFile({ ref: result, path: 'd/file' });
    assert.deepEqual([stat?.path, stat?.size, stat?.mode], ['file', 5n, 0o644]);
    const { entries } = await gateway.readDir({ ref: result, dirPath: '/d' });
    assert.deepEqual(
      entries.map(({ path }) => path),
      ['file'],
    );
    await assert.rejects(gateway.statFile({ ref: result, path: '/nothing' }), /no such file/);
    await assert.rejects(gateway.statFile({ ref: 'nobody', path: '/' }), /no result nobody/);
    assert.equal(await daemon.ok('images', '-q', 'looked-at'), '');
    await gateway.return({ result: { result: { case: 'refDeprecated', value: result } } });
    await solved;
    assert.notEqual(await daemon.ok('images', '-q', 'looked-at'), '');
  });

  it('writes nothing for a client that leaves, or that returns an error', async () => {
    const client = await connect();
    const ref = newId();
    await client.openSession(ref, {
      directories: { dockerfile: { Dockerfile: 'FROM busybox\n' }, context: {} },
    });
    const left = assert.rejects(client.control.solve({ ref, session: ref, ...tagged('left') }));
    const frontendOpt = { filename: 'Dockerfile' };
    await client.gateway(ref).solve({ frontend: 'dockerfile.v0', frontendOpt });
    await client[Symbol.asyncDispose]();
    await left;
    await using other = await connect();
    for await (const { type, record } of other.control.listenBuildHistory({ ref })) {
      if (type === 0) continue;
      assert.match(record?.error?.message ?? '', /given up|cancelled/);
      break;
    }
    const again = newId();
    await other.openSession(again, {});
    const failed = assert.rejects(
      other.control.solve({ ref: again, session: again, ...tagged('left') }),
      /I do not like it/,
    );
    await other
      .gateway(again)
      .return({ error: create(StatusSchema, { code: 9, message: 'I do not like it' }) });
    await failed;
    assert.equal(await daemon.ok('images', '-q', 'left'), '');
  });

  it('lists its cache, and forgets it', async () => {
    await using client = await connect();
    await built(client, { Dockerfile: 'FROM busybox\nRUN echo cached\n' });
    const { record } = await client.control.diskUsage({ filter: ['type==regular'] });
    const [known] = record.filter(({ description }) => description.includes('echo cached'));
    assert(known && known.recordType === 'regular');
    const pruned = await Array.fromAsync(client.control.prune({ all: true, filter: [`id==${known.id}`] }));
    assert.deepEqual(
      pruned.map(({ id }) => id),
      [known.id],
    );
    await assert.rejects(
      client.control.diskUsage({ filter: ['color==red'] }),
      /filter "color==red" is not supported/,
    );
  });

  it("keeps its cache in the client's store, finds it there, and an image in an OCI layout", async () => {
    await using client = await connect();
    const Dockerfile = 'FROM busybox\nRUN cat /proc/sys/kernel/random/uuid > /id\n';
    const store = new Map<string, Buffer>();
    const first = await built(client, {
      Dockerfile,
      stores: { 'local:/there': store },
      request: {
        exporters: [{ type: 'moby', attrs: { name: 'first' } }],
        cache: { exports: [{ type: 'local', attrs: { dest: '/there', mode: 'max' } }] },
      },
    });
    const { digest } = JSON.parse(first.response['cache.manifest'] ?? '') as { digest: string };
    assert(store.has(digest));
    const made = await shell('first', 'cat /id');
    await daemon.ok('rmi', 'first');
    await Array.fromAsync(client.control.prune({ all: true }));
    const imports = JSON.stringify([{ Type: 'local', Attrs: { src: '/there', digest } }]);
    await built(client, {
      Dockerfile,
      stores: { 'local:/there': store },
      attributes: { 'cache-imports': imports },
      request: tagged('again'),
    });
    const layout = new Map<string, Buffer>();
    await built(client, { Dockerfile, request: { exporters: [{ type: 'oci', attrs: {} }] } });
    for await (const { entry, body } of readMembers(
      Readable.from([Buffer.concat(client.received.splice(0))]),
    ))
      layout.set(entry.path.replace('blobs/sha256/', 'sha256:'), await buffer(body));
    const index = JSON.parse(layout.get('index.json')?.toString() ?? '') as {
      manifests: [{ digest: string }];
    };
    await built(client, {
      Dockerfile: 'FROM elsewhere\nRUN cp /id /copy\n',
      stores: { 'oci:mine': layout },
      attributes: { 'context:elsewhere': `oci-layout://mine@${index.manifests[0].digest}` },
      request: tagged('of-layout'),
    });
    assert.equal(await shell('again', 'cat /id'), made);
    assert.equal(await shell('of-layout', 'cat /copy'), made);
    const session = newId();
    const written = new Map<string, Buffer>();
    await client.openSession(session, {
      directories: { dockerfile: { Dockerfile }, context: {} },
      stores: { 'local:/here': written },
    });
    const query = new URLSearchParams({
      version: '2',
      session,
      cacheexports: JSON.stringify([{ Type: 'local', Attrs: { dest: '/here' } }]),
    });
    const url = `http://berth/build?${query}`;
    const { stdout } = await daemon.run('curl', ['-s', '-X', 'POST', '--unix-socket', SOCKET, url]);
    assert.notEqual(written.size, 0, stdout);
  });

  it('tells what was built, by the id of its client, and what it said', async () => {
    await using client = await connect();
    const changes = client.control.listenBuildHistory({ activeOnly: true })[Symbol.asyncIterator]();
    const { ref } = await built(client, {
      Dockerfile: 'FROM busybox\nRUN echo remembered\n',
      request: tagged('kept'),
    });
    const began = await changes.next();
    assert.deepEqual([began.value?.type, began.value?.record?.ref], [0, ref]);
    const events = await Array.fromAsync(client.control.listenBuildHistory({ ref, earlyExit: true }));
    assert.deepEqual(
      events.map(({ type, record }) => [type, record?.ref, record?.numCompletedSteps]),
      [[1, ref, 2]],
    );
    await daemon.stop();
    await daemon.start();
    await using again = await connect();
    const { vertexes, output } = await progressOf(again, ref);
    assert.match(vertexes.join(), /RUN echo remembered/);
    assert.match(output, /remembered/);
    await again.control.updateBuildHistory({ ref, delete: true });
    assert.deepEqual(await Array.fromAsync(again.control.listenBuildHistory({ ref, earlyExit: true })), []);
    await assert.rejects(again.control.updateBuildHistory({ ref, delete: true }), /No such build/);
  });

  it('attests, and an image is found by the digest that its client is told', async () => {
    await using client = await connect();
    const { response } = await built(client, {
      Dockerfile: 'FROM busybox\n',
      attributes: { 'attest:provenance': 'mode=min,inline-only=true' },
      request: tagged('attested'),
    });
    const descriptor = Buffer.from(response['containerimage.descriptor'] ?? '', 'base64').toString();
    assert.match(descriptor, /image\.index/);
    await daemon.ok('run', '--rm', response['containerimage.digest'] ?? '', 'true');
  });

  it('refuses what it cannot do, and says so', async () => {
    await using client = await connect();
    const Dockerfile = 'FROM busybox\n';
    const solve = async (request: SolveRequest) => {
      const ref = newId();
      await client.openSession(ref, { directories: { dockerfile: { Dockerfile }, context: {} } });
      return await client.control.solve({ ref, session: ref, ...request });
    };
    await assert.rejects(solve({ definition: { def: [Buffer.of(1)] } }), /graphs of operations/);
    await assert.rejects(solve({ frontend: 'gateway.v0' }), /front end "gateway\.v0"/);
    await assert.rejects(
      solve({ frontend: 'dockerfile.v0', frontendInputs: { context: {} } }),
      /inputs.*context/,
    );
    await assert.rejects(
      solve({ exporters: [{ type: 'floppy', attrs: {} }] }),
      /unknown output type "floppy"/,
    );
    await assert.rejects(
      solve({ frontend: 'dockerfile.v0', entitlements: ['device'] }),
      /entitlement "device"/,
    );
    await assert.rejects(client.control.solve({}), /needs an id/);
    await assert.rejects(
      Array.fromAsync(client.control.listenBuildHistory({ filter: ['a'] })),
      /filters of the/,
    );
    const plain = await daemon.request('POST', '/grpc');
    assert.equal(plain.status, 400);
  });
});
