import type { Digest } from '#oci/digest';
import { Refusal } from '../errors.ts';
import { checkDigest, checkName } from '../names.ts';
import type { Registry } from '../registry.ts';
import type { Turn, Upload } from '../uploads/uploads.ts';
import type { Exchange } from './exchange.ts';
import { parseChunkRange } from './range.ts';

export interface UploadRequest {
  readonly name: string;
  readonly id: string;
}

/** POST: begins an upload, does all of it at once (`?digest`), or mounts what another repository has (`?mount&from`). */
export async function beginUpload(registry: Registry, exchange: Exchange, name: string): Promise<void> {
  const { query } = exchange;
  const mount = query.get('mount');
  const from = query.get('from');
  if (mount !== null) {
    const digest = checkDigest(mount);
    if (from !== null && exchange.may(checkName(from), 'pull')) {
      if (await tryMount(registry, exchange, { name, from, digest })) return;
    }
  }
  const digest = query.get('digest');
  const expected = digest === null ? undefined : checkDigest(digest);
  if (expected) registry.quotas.expect(name, exchange.contentLength ?? 0, expected);
  const upload = await registry.uploads.begin(name);
  if (!expected) return accepted(exchange, upload, 202);
  await finish(registry, exchange, upload, expected);
}

async function tryMount(
  registry: Registry,
  exchange: Exchange,
  { name, from, digest }: { name: string; from: string; digest: Digest },
): Promise<boolean> {
  if (!(await registry.blobs.mount(name, from, digest))) return false;
  created(exchange, name, digest);
  return true;
}

/** GET: how much is here. */
export async function uploadStatus(
  registry: Registry,
  exchange: Exchange,
  { name, id }: UploadRequest,
): Promise<void> {
  accepted(exchange, await registry.uploads.find(name, id), 204);
}

/** PATCH: a chunk, which has to go on where the last one ended when it says where it belongs. */
export async function appendUpload(
  registry: Registry,
  exchange: Exchange,
  { name, id }: UploadRequest,
): Promise<void> {
  using turn = await take(registry, exchange, { name, id });
  await receive(registry, exchange, turn);
  accepted(exchange, turn, 202);
}

/** PUT: the rest, if there is any, and what it has to be. */
export async function finishUpload(
  registry: Registry,
  exchange: Exchange,
  { name, id }: UploadRequest,
): Promise<void> {
  const digest = exchange.query.get('digest');
  if (digest === null) throw new Refusal('DIGEST_INVALID', 'the digest is missing: ?digest=<digest>');
  const expected = checkDigest(digest);
  await finish(registry, exchange, await registry.uploads.find(name, id), expected);
}

/** DELETE: the client has changed its mind. */
export async function cancelUpload(
  registry: Registry,
  exchange: Exchange,
  { name, id }: UploadRequest,
): Promise<void> {
  using turn = await take(registry, exchange, { name, id });
  await turn.cancel();
  exchange.end(204);
}

async function finish(
  registry: Registry,
  exchange: Exchange,
  { id, repository }: Upload,
  expected: Digest,
): Promise<void> {
  using turn = await take(registry, exchange, { name: repository, id });
  await receive(registry, exchange, turn, expected);
  await registry.inUse.use(expected);
  registry.quotas.expect(repository, turn.offset, expected);
  const { digest, size } = await turn.commit(expected);
  await registry.blobs.link(repository, digest, size);
  created(exchange, repository, digest);
}

function take(registry: Registry, exchange: Exchange, { name, id }: UploadRequest): Promise<Turn> {
  return registry.uploads.take(name, id, () => exchange.request.destroy());
}

async function receive(registry: Registry, exchange: Exchange, turn: Turn, expected?: Digest): Promise<void> {
  const header = exchange.header('content-range');
  const range = header === undefined ? undefined : parseChunkRange(header);
  const place = { location: locationOf(turn), range: rangeOf(turn.offset) };
  if (header !== undefined && !range)
    throw new Refusal('BLOB_UPLOAD_INVALID', `Content-Range is not <first>-<last>: ${header.slice(0, 80)}`);
  if (range && range.start !== turn.offset)
    throw new Refusal('RANGE_INVALID', `the chunk does not go on where the upload is: at ${turn.offset}`, {
      headers: place,
      detail: { offset: turn.offset },
    });
  const length = range && range.end - range.start + 1;
  const announced = exchange.contentLength;
  if (length !== undefined && announced !== undefined && announced !== length)
    throw new Refusal('SIZE_INVALID', `Content-Range names ${length} bytes, Content-Length ${announced}`);
  // What is announced can be refused before it comes.
  registry.quotas.expect(turn.repository, turn.offset + (announced ?? 0), expected);
  const left = registry.quotas.left(turn.repository, expected);
  const limit = Math.min(
    length ?? Number.POSITIVE_INFINITY,
    left === undefined ? Infinity : left - turn.offset,
  );
  const tooMuch = () =>
    length !== undefined && limit === length
      ? new Refusal('SIZE_INVALID', `the chunk is longer than the ${length} bytes of its Content-Range`)
      : new Refusal('DENIED', `the quota of ${turn.repository} is used up`);
  await turn.append(exchange.body(limit, tooMuch));
  if (length !== undefined && exchange.received < length)
    throw new Refusal('SIZE_INVALID', `the chunk is shorter than the ${length} bytes of its Content-Range`);
}

const locationOf = ({ repository, id }: Upload): string => `/v2/${repository}/blobs/uploads/${id}`;

/** Docker's form: `0-0` both for nothing and for one byte. */
const rangeOf = (offset: number): string => `0-${Math.max(0, offset - 1)}`;

function accepted(exchange: Exchange, upload: Upload, status: 202 | 204): void {
  exchange.end(status, {
    location: locationOf(upload),
    range: rangeOf(upload.offset),
    'docker-upload-uuid': upload.id,
  });
}

function created(exchange: Exchange, name: string, digest: Digest): void {
  exchange.end(201, { location: `/v2/${name}/blobs/${digest}`, 'docker-content-digest': digest });
}
