import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { berthBuild } from '../fixtures/berth-build.ts';
import { buildContexts, dockerfile } from '../fixtures/build-context.ts';
import { Daemon } from '../fixtures/daemon.ts';
import { Registry } from '../fixtures/registry.ts';

const daemon = Daemon.forThisFile();
const context = buildContexts();
const { at, berth, build } = berthBuild(daemon);

const both = ['--platform', 'linux/amd64,linux/s390x'];

interface Index {
  readonly mediaType: string;
  readonly annotations?: object;
  readonly manifests: readonly {
    readonly digest: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly platform: { readonly os: string; readonly architecture: string };
  }[];
}

const raw = (source: string): Index =>
  JSON.parse(
    execFileSync('skopeo', ['inspect', '--tls-verify=false', '--raw', source], { encoding: 'utf8' }),
  ) as Index;

// The compiler's machine does the work for all: nothing of the other machine is run.
const CROSS = {
  Dockerfile: dockerfile(
    'FROM --platform=$BUILDPLATFORM busybox AS tools',
    'RUN cat /proc/sys/kernel/random/uuid > /tool',
    'FROM tools AS build',
    'ARG TARGETARCH',
    'RUN echo "for $TARGETARCH" > /out && cat /tool >> /out',
    'FROM scratch',
    'COPY --from=build /out /bin/out',
    'CMD ["/bin/out"]',
  ),
};

describe('building for several platforms', () => {
  it('an index of them, wherever it goes; what does not depend on the platform is done once', async () => {
    await using registry = await Registry.start();
    const name = `${registry.host}/cross:1`;
    const outputs = [
      `type=oci,dest=${at('cross.tar')}`,
      `type=local,dest=${at('cross')}`,
      `type=image,push=true,annotation-index.org.example=all`,
    ];
    const told = await build(...both, ...outputs.flatMap((each) => ['-o', each]), '-t', name, context(CROSS));
    assert.match(told, /Step 1\/16 : \[linux\/amd64\] FROM/);
    assert.match(told, /\[linux\/s390x\] RUN cat/);
    const index = raw(`docker://${name}`);
    assert.equal(index.mediaType, 'application/vnd.oci.image.index.v1+json');
    assert.deepEqual(index.annotations, { 'org.example': 'all' });
    assert.deepEqual(
      index.manifests.map(({ platform }) => platform),
      [
        { architecture: 'amd64', os: 'linux' },
        { architecture: 's390x', os: 'linux' },
      ],
    );
    assert.deepEqual(raw(`oci-archive:${at('cross.tar')}`).manifests, index.manifests);
    assert.deepEqual(readdirSync(at('cross')).sort(), ['linux_amd64', 'linux_s390x']);
    const [amd, ibm] = ['amd64', 's390x'].map((arch) =>
      readFileSync(at(`cross/linux_${arch}/bin/out`), 'utf8').split('\n'),
    );
    assert.deepEqual([amd?.[0], ibm?.[0]], ['for amd64', 'for s390x']);
    assert.equal(amd?.[1], ibm?.[1]);
    // The engine has the whole of it, and hands it on whole.
    await daemon.ok('save', '-o', at('saved.tar'), name);
    assert.deepEqual(raw(`oci-archive:${at('saved.tar')}`).manifests, index.manifests);
    await daemon.ok('rmi', name);
    await daemon.ok('load', '-i', at('cross.tar'));
    const other = ['image', 'inspect', '--platform', 'linux/s390x', '-f', '{{.Architecture}}', name];
    assert.equal((await berth(other)).stdout.trim(), 's390x');
  });

  it('peers copy it whole', async () => {
    const copied = at('copied');
    await build(...both, '-o', `type=oci,dest=${at('peer.tar')}`, '-t', 'peer', context(CROSS));
    execFileSync('skopeo', [
      '--insecure-policy',
      'copy',
      '-q',
      '--all',
      `oci-archive:${at('peer.tar')}`,
      `oci:${copied}`,
    ]);
    assert.deepEqual(raw(`oci:${copied}`).manifests, raw(`oci-archive:${at('peer.tar')}`).manifests);
  });

  it('a command of a machine that nobody here can play: refused at its line, before anything is done', async () => {
    const root = context({
      Dockerfile: dockerfile('FROM nowhere.invalid/base', '', 'RUN echo here', 'RUN true'),
    });
    const foreign = await berth(['build', '--platform', 'linux/mips64le', root]);
    assert.match(
      foreign.stdout + foreign.stderr,
      /a command for linux\/mips64le cannot be run on linux\/\w+: no emulator is registered for mips64le/,
    );
    assert.match(foreign.stdout + foreign.stderr, />>> RUN echo here/);
    const odd = await berth(['build', '--platform', 'windows/amd64', root]);
    assert.match(odd.stderr, /a command for windows\/amd64 cannot be run/);
    assert.match(
      (await berth(['build', '--platform', 'a/b/c/d', root])).stderr,
      /invalid platform: "a\/b\/c\/d"/,
    );
    const one = await berth(['build', '-o', 'type=image,annotation-index.a=b', context(CROSS)]);
    assert.match(one.stderr, /annotations of an index need one/);
  });
});

const STATUS = 'Package: bash\nStatus: install ok installed\nVersion: 5.2\nArchitecture: amd64\n';

interface Attached {
  readonly predicateType: string;
  readonly subject: readonly { readonly name: string; readonly digest: { readonly sha256: string } }[];
  readonly predicate: object;
}

/** Statements that lie beside an image, by the digest of what they are about. */
function attachedTo(layout: string): ReadonlyMap<string, readonly Attached[]> {
  const blob = (digest: string) =>
    JSON.parse(readFileSync(join(layout, 'blobs', digest.replace(':', '/')), 'utf8')) as unknown;
  const attached = new Map<string, Attached[]>();
  for (const { digest, annotations } of raw(`oci:${layout}`).manifests) {
    const subject = annotations?.['vnd.docker.reference.digest'];
    if (subject === undefined) continue;
    assert.equal(annotations?.['vnd.docker.reference.type'], 'attestation-manifest');
    const { layers } = blob(digest) as { layers: { digest: string; annotations: object }[] };
    const statements = layers.map((layer) => blob(layer.digest) as Attached);
    assert.deepEqual(
      layers.map(({ annotations: said }) => said),
      statements.map(({ predicateType }) => ({ 'in-toto.io/predicate-type': predicateType })),
    );
    attached.set(subject, statements);
  }
  return attached;
}

describe('what is said of an image beside it', () => {
  const root = context({
    Dockerfile: dockerfile(
      'FROM busybox AS build',
      'ARG TOKEN',
      'ARG BUILDKIT_SBOM_SCAN_STAGE=true',
      'RUN --mount=type=secret,id=key true',
      'COPY status /var/lib/dpkg/',
      'FROM scratch',
      'COPY --from=build /etc /etc',
      'COPY app /app/node_modules/app',
      'COPY --from=build /var /none',
    ),
    status: STATUS,
    'app/package.json': '{"name":"app","version":"2.0.0","license":"MIT"}',
  });
  const said = ['--build-arg', 'TOKEN=hush', '-t', 'attested:1', root];

  it('lists of software and provenance lie in the index; nothing private in the short form', async () => {
    const layout = at('attested');
    const output = `type=oci,tar=false,dest=${layout}`;
    await build(
      ...both.slice(0, 1),
      'linux/amd64',
      '--sbom=true',
      '--provenance=mode=min',
      '-o',
      output,
      ...said,
    );
    const index = raw(`oci:${layout}`);
    assert.deepEqual(
      index.manifests.map(({ platform }) => platform.architecture),
      ['amd64', 'unknown'],
    );
    const [image] = index.manifests;
    const statements = attachedTo(layout).get(image?.digest ?? '') ?? [];
    for (const { subject } of statements) {
      assert.deepEqual(subject, [
        {
          name: 'pkg:docker/attested@1?platform=linux%2Famd64',
          digest: { sha256: image?.digest.replace('sha256:', '') },
        },
      ]);
    }
    const [own, stage, provenance] = statements.map(({ predicate }) => JSON.stringify(predicate));
    assert.match(own ?? '', /pkg:npm\/app@2\.0\.0/);
    assert.doesNotMatch(own ?? '', /bash/);
    assert.match(stage ?? '', /pkg:deb\/debian\/bash@5\.2\?arch=amd64/);
    assert.match(provenance ?? '', /"uri":"pkg:docker\/busybox@latest\?platform=linux%2Famd64"/);
    assert.doesNotMatch(provenance ?? '', /hush|"key"|llbDefinition/);
  });

  it('the long form tells all but secrets; the engine keeps and shows it', async () => {
    await build('--provenance=mode=max,builder-id=https://ci.example/1', ...said);
    const asked = await daemon.request('GET', '/v1.55/images/attested:1/attestations?statement=1');
    const document = JSON.stringify(asked.json);
    assert.match(document, /https:\/\/ci\.example\/1/);
    assert.match(document, /llbDefinition/);
    assert.match(document, /build-arg:TOKEN/);
  });

  it('beside files they are files, in the words of either version', async () => {
    const root = context(CROSS);
    const output = `type=local,dest=${at('files')}`;
    await build(
      ...both,
      '--attest',
      'type=provenance,version=v0.2',
      '--attest',
      'type=sbom',
      '-o',
      output,
      root,
    );
    const files = readdirSync(at('files/linux_s390x')).sort();
    assert.deepEqual(files, ['bin', 'provenance.json', 'sbom.spdx.json']);
    const statement = JSON.parse(readFileSync(at('files/linux_s390x/provenance.json'), 'utf8')) as Attached;
    assert.equal(statement.predicateType, 'https://slsa.dev/provenance/v0.2');
    assert.deepEqual(
      statement.subject.map(({ name }) => name),
      ['bin/out'],
    );
    const sum = execFileSync('sha256sum', [at('files/linux_s390x/bin/out')], { encoding: 'utf8' });
    assert.equal(statement.subject[0]?.digest.sha256, sum.slice(0, 64));
  });

  it('what cannot be said is refused by name', async () => {
    const refuse = async (flag: string, why: RegExp) =>
      assert.match((await berth(['build', flag, root])).stderr, why);
    await refuse('--attest=type=vex', /unknown attestation type "vex"/);
    await refuse('--attest=mode=max', /type is required/);
    await refuse('--provenance=mode=much', /invalid provenance mode "much": use min or max/);
    await refuse('--provenance=colour=red', /attestation provenance: unknown attribute "colour"/);
    await refuse('--sbom=generator=x', /a generator image for the sbom is not supported/);
    await refuse('--attest=type=sbom,filename=../x', /invalid file name/);
  });
});
