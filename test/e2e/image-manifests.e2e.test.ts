import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { pack } from 'tar-stream';
import { Daemon } from '../fixtures/daemon.ts';

const daemon = Daemon.forThisFile();
type Json = Record<string, unknown>;

const sha256 = (data: Buffer) => `sha256:${createHash('sha256').update(data).digest('hex')}`;

async function tar(files: Readonly<Record<string, Buffer | string>>): Promise<Buffer> {
  const stream = pack();
  for (const [name, content] of Object.entries(files)) stream.entry({ name }, content);
  stream.finalize();
  return buffer(stream);
}

const STATEMENT = '{"_type":"https://in-toto.io/Statement/v0.1","predicate":{"big":12345678901234567890}}';
const PREDICATE = 'https://slsa.dev/provenance/v0.2';

/** An OCI layout with an image for two platforms, and BuildKit's attestation of the first. */
class Layout {
  readonly files: Record<string, Buffer | string> = { 'oci-layout': '{"imageLayoutVersion":"1.0.0"}' };

  add(mediaType: string, content: Buffer | object | string) {
    const data = Buffer.isBuffer(content)
      ? content
      : Buffer.from(typeof content === 'string' ? content : JSON.stringify(content));
    const digest = sha256(data);
    this.files[`blobs/${digest.replace(':', '/')}`] = data;
    return { mediaType, digest, size: data.length };
  }

  async image(architecture: string) {
    const layer = await tar({ architecture });
    const config = this.add('application/vnd.oci.image.config.v1+json', {
      os: 'linux',
      architecture,
      config: { Cmd: ['/x'], Labels: { architecture } },
      rootfs: { type: 'layers', diff_ids: [sha256(layer)] },
      history: [{ created_by: `made for ${architecture}` }],
    });
    const layers = [this.add('application/vnd.oci.image.layer.v1.tar', layer)];
    return this.manifest(config, layers);
  }

  manifest(config: object, layers: readonly object[]) {
    const mediaType = 'application/vnd.oci.image.manifest.v1+json';
    return this.add(mediaType, { schemaVersion: 2, mediaType, config, layers });
  }

  async archive(): Promise<{ archive: Buffer; attested: string; statement: string }> {
    const amd64 = { ...(await this.image('amd64')), platform: { os: 'linux', architecture: 'amd64' } };
    const arm64 = { ...(await this.image('arm64')), platform: { os: 'linux', architecture: 'arm64' } };
    const statement = this.add('application/vnd.in-toto+json', STATEMENT);
    const config = this.add('application/vnd.oci.image.config.v1+json', {
      os: 'unknown',
      architecture: 'unknown',
      rootfs: { type: 'layers', diff_ids: [statement.digest] },
    });
    const attestation = {
      ...this.manifest(config, [{ ...statement, annotations: { 'in-toto.io/predicate-type': PREDICATE } }]),
      platform: { os: 'unknown', architecture: 'unknown' },
      annotations: {
        'vnd.docker.reference.type': 'attestation-manifest',
        'vnd.docker.reference.digest': amd64.digest,
      },
    };
    const mediaType = 'application/vnd.oci.image.index.v1+json';
    const index = this.add(mediaType, {
      schemaVersion: 2,
      mediaType,
      manifests: [amd64, arm64, attestation],
    });
    const annotations = {
      'org.opencontainers.image.ref.name': 'multi:1',
      'io.containerd.image.name': 'docker.io/library/multi:1',
    };
    this.files['index.json'] = JSON.stringify({ schemaVersion: 2, manifests: [{ ...index, annotations }] });
    return { archive: await tar(this.files), attested: amd64.digest, statement: statement.digest };
  }
}

const { archive, attested, statement } = await new Layout().archive();
const get = async (path: string, status = 200): Promise<unknown> => {
  const answer = await daemon.request('GET', path);
  assert.equal(answer.status, status, answer.body);
  return answer.json;
};
const platform = (architecture: string) => encodeURIComponent(JSON.stringify({ os: 'linux', architecture }));
const load = (query = '') => daemon.request('POST', `/v1.52/images/load?quiet=1${query}`, archive);
const architectures = async (): Promise<string[]> => {
  const { Manifests } = (await get('/v1.52/images/multi:1/json?manifests=1')) as { Manifests: Json[] };
  return Manifests.filter(({ Kind, Available }) => Kind === 'image' && Available).map(
    (row) => (row['Descriptor'] as { platform: { architecture: string } }).platform.architecture,
  );
};
const reset = async () => {
  await daemon.docker('rmi', '-f', 'multi:1');
  assert.equal((await load()).status, 200);
};

describe('an image for several platforms', () => {
  it('its manifests, of each kind', async () => {
    await reset();
    const { Manifests } = (await get('/v1.52/images/multi:1/json?manifests=1')) as { Manifests: Json[] };
    assert.deepEqual(
      Manifests.map(({ Kind, Available }) => [Kind, Available]),
      [
        ['image', true],
        ['image', true],
        ['attestation', true],
      ],
    );
    assert.deepEqual(Manifests[2]?.['AttestationData'], { For: attested });
    const [first] = Manifests;
    assert.equal(first?.['ID'], attested);
    const size = first?.['Size'] as { Content: number; Total: number };
    assert.ok(size.Content > 500 && size.Total > size.Content, JSON.stringify(size));
    assert.deepEqual((first?.['ImageData'] as Json | undefined)?.['Platform'], {
      os: 'linux',
      architecture: 'amd64',
    });
    const listed = (await get('/v1.47/images/json?manifests=1')) as {
      RepoTags: string[];
      Manifests: Json[];
    }[];
    assert.equal(listed.find(({ RepoTags }) => RepoTags.includes('multi:1'))?.Manifests.length, 3);
    const old = (await get('/v1.46/images/json?manifests=1')) as Json[];
    assert.ok(old.every((row) => !('Manifests' in row)));
  });

  it('one platform of it', async () => {
    const inspect = async (architecture: string) =>
      ((await get(`/v1.49/images/multi:1/json?platform=${platform(architecture)}`)) as Json)['Architecture'];
    assert.deepEqual([await inspect('amd64'), await inspect('arm64')], ['amd64', 'arm64']);
    await get(`/v1.49/images/multi:1/json?platform=${platform('s390x')}`, 404);
    const both = `/v1.49/images/multi:1/json?manifests=1&platform=${platform('arm64')}`;
    assert.match(JSON.stringify(await get(both, 400)), /manifests and platform options cannot both be set/);
    const history = (await get(`/v1.48/images/multi:1/history?platform=${platform('arm64')}`)) as Json[];
    assert.equal(history[0]?.['CreatedBy'], 'made for arm64');
    assert.match(
      JSON.stringify(await get('/v1.49/images/multi:1/json?platform={"os":7}', 400)),
      /os must be a string/,
    );
    assert.match(
      JSON.stringify(await get('/v1.49/images/multi:1/json?platform={"os":"linux"}', 400)),
      /both OS and Architecture must be provided/,
    );
  });

  it('its attestations, verbatim', async () => {
    const rows = (await get('/v1.55/images/multi:1/attestations')) as Json[];
    assert.equal(rows.length, 1);
    assert.deepEqual([rows[0]?.['PredicateType'], 'Statement' in (rows[0] ?? {})], [PREDICATE, false]);
    assert.equal((rows[0]?.['Descriptor'] as Json | undefined)?.['digest'], statement);
    const whole = await daemon.request('GET', '/v1.55/images/multi:1/attestations?statement=1');
    assert.ok(whole.body.includes(`"Statement":${STATEMENT}`), whole.body);
    assert.deepEqual(await get('/v1.55/images/multi:1/attestations?type=other'), []);
    assert.deepEqual(await get(`/v1.55/images/multi:1/attestations?platform=${platform('arm64')}`), []);
    assert.deepEqual(await get('/v1.55/images/busybox/attestations'), []);
    await get(`/v1.55/images/multi:1/attestations?platform=${platform('s390x')}`, 404);
    await get(`/v1.55/images/multi:1/attestations?platform=a&platform=b`, 400);
    await get('/v1.55/images/nosuch/attestations', 404);
  });

  it('is saved and loaded with the platforms that are asked for', async () => {
    await reset();
    const saved = async (query: string): Promise<string[]> => {
      const file = join(daemon.root, 'saved.tar');
      const answer = await fetchTar(`/v1.52/images/multi:1/get${query}`);
      writeFileSync(file, answer);
      await daemon.ok('rmi', '-f', 'multi:1');
      await daemon.ok('load', '-q', '-i', file);
      const found = await architectures();
      await reset();
      return found;
    };
    assert.deepEqual(await saved(''), ['amd64', 'arm64']);
    assert.deepEqual(await saved(`?platform=${platform('amd64')}&platform=${platform('arm64')}`), [
      'amd64',
      'arm64',
    ]);
    const two = `?platform=${platform('amd64')}&platform=${platform('arm64')}`;
    assert.match(
      JSON.stringify(await get(`/v1.51/images/multi:1/get${two}`, 400)),
      /API version 1\.52 or later/,
    );
    await get(`/v1.52/images/multi:1/get?platform=${platform('s390x')}`, 404);

    await daemon.ok('rmi', '-f', 'multi:1');
    assert.equal((await load(`&platform=${platform('arm64')}`)).status, 200);
    assert.deepEqual(await architectures(), ['arm64']);
    await daemon.ok('rmi', '-f', 'multi:1');
    assert.match(
      (await load(`&platform=${platform('s390x')}`)).body,
      /does not match the specified platform/,
    );
    assert.equal((await daemon.docker('image', 'inspect', 'multi:1')).code, 1);
  });

  it('means the host, whichever platform was asked for last, and is one row', async () => {
    await daemon.ok('rmi', '-f', 'multi:1');
    assert.equal((await load(`&platform=${platform('arm64')}`)).status, 200);
    const shown = () => daemon.ok('inspect', '-f', '{{.Architecture}} {{.RepoTags}}', 'multi:1');
    assert.equal(await shown(), 'arm64 [multi:1]');
    await load();
    assert.equal((await load(`&platform=${platform('arm64')}`)).status, 200);
    await load();
    assert.equal(await shown(), 'amd64 [multi:1]');
    assert.equal(await daemon.ok('images', '--filter', 'dangling=true', '-q'), '');
    const docker = await daemon.ok('image', 'ls', '--tree');
    const berth = (await daemon.berth('image', 'ls', '--tree')).stdout;
    for (const tree of [docker, berth]) assert.match(tree, /multi:1.*\n.*linux\/amd64.*\n.*linux\/arm64/);
    assert.equal((await daemon.berth('image', 'ls', '--tree', '-q')).code, 1);
  });

  it('stays while a container uses any platform of it, and by force as an image without a name', async () => {
    await reset();
    await daemon.ok('create', '--name', 'other', '--platform', 'linux/arm64', 'multi:1');
    const refused = await daemon.docker('rmi', 'multi:1');
    assert.match(refused.stderr, /must force.* container .* is using its referenced image/);
    await daemon.ok('rmi', '-f', 'multi:1');
    const left = await daemon.ok('images', '-f', 'dangling=true', '--format', '{{.Repository}}');
    assert.equal(left, '<none>');
    assert.equal(await daemon.ok('image', 'prune', '-f'), 'Total reclaimed space: 0B');
    await daemon.ok('rm', 'other');
    assert.match(
      (await daemon.berth('image', 'prune', '--dry-run')).stdout,
      /^Would delete Images:\ndeleted: /,
    );
    assert.match(await daemon.ok('image', 'prune', '-f'), /^Deleted Images:\ndeleted: /);
    assert.equal(await daemon.ok('images', '-f', 'dangling=true', '-q'), '');
  });

  it('gives up one platform after the other', async () => {
    await reset();
    const remove = (architecture: string) =>
      daemon.request('DELETE', `/v1.50/images/multi:1?platforms=${platform(architecture)}`);
    await daemon.ok('create', '--name', 'user', 'multi:1');
    const used = await remove('amd64');
    assert.equal(used.status, 409, used.body);
    await daemon.ok('rm', 'user');
    assert.equal((await remove('s390x')).status, 404);
    assert.deepEqual((await remove('amd64')).json, [{ Deleted: attested }]);
    assert.deepEqual(await architectures(), ['arm64']);
    const last = (await remove('arm64')).json as Json[];
    assert.ok(
      last.some(({ Untagged }) => Untagged === 'multi:1'),
      JSON.stringify(last),
    );
    await get('/v1.50/images/multi:1/json', 404);
  });
});

async function fetchTar(path: string): Promise<Buffer> {
  const file = join(daemon.root, 'got.tar');
  const result = await daemon.run('curl', [
    '-sf',
    '--unix-socket',
    `${daemon.root}/s`,
    '-o',
    file,
    `http://d${path}`,
  ]);
  assert.equal(result.code, 0, result.stderr);
  return readFileSync(file);
}
