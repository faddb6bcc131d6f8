import type { MessageInitShape } from '@bufbuild/protobuf';
import type { Engine } from '#engine';
import type { SolvedFile } from '#engine/build';
import { invalid, unsupported } from '#lib/errors';
import { type GatewayResult, type GatewayResultSchema, LLBBridge } from '#protocol/buildkit';
import type { Call, GrpcServer } from '../grpc/server.ts';
import { statOf } from '../session/stat.ts';
import type { SteeredBuilds } from './builds.ts';
import type { Result } from './steered-build.ts';
import { workerOf } from './worker.ts';

/** Names the build that a call is about. */
const BUILD = 'buildkit-controlapi-buildid';

/** What is done of BuildKit's gateway (frontend/gateway/pb/caps.go). */
const GATEWAY_CAPS = [
  'solve.base',
  'return',
  'returnmap',
  'proto.refarray',
  'readfile',
  'readdir',
  'statfile',
  'gateway.solve.metadata',
  'gateway.solve.evaluate',
  'gateway.evaluate.errors',
  'gateway.warnings',
  'frontend.caps',
];

/** What is done beside it (solver/pb/caps.go). */
const BUILD_CAPS = ['exporter.multiple', 'exporter.image.attestations'];

const enabled = (ids: readonly string[]) => ids.map((id) => ({ id, enabled: true }));

/** What a client that steers its build asks. */
export function serveGateway(server: GrpcServer, engine: Engine, builds: SteeredBuilds): void {
  const { method } = LLBBridge;
  const buildOf = (call: Call) => {
    const ref = call.metadata(BUILD);
    if (ref === undefined) throw invalid(`the call names no build: the metadata ${BUILD} is missing`);
    return builds.get(ref, call.signal);
  };
  const filesOf = async (call: Call, ref: string) => await (await buildOf(call)).files(ref);
  server.unary(method.ping, async (_, call) => {
    await buildOf(call);
    const workers = [await workerOf(engine)];
    return { frontendApiCaps: enabled(GATEWAY_CAPS), llbCaps: enabled(BUILD_CAPS), workers };
  });
  server.unary(method.solve, async (request, call) => {
    if ((request.definition?.def.length ?? 0) > 0)
      throw unsupported('graphs of operations are not supported: use the front end dockerfile.v0');
    const build = await buildOf(call);
    const { frontend, frontendOpt: attributes, frontendInputs } = request;
    const result = await build.solve({ frontend, attributes, inputs: Object.keys(frontendInputs) });
    return { ref: result.ref, result: resultOf(result, request.allowResultArrayRef) };
  });
  server.unary(method.return, async ({ result, error }, call) => {
    const build = await buildOf(call);
    if (error) build.fail(error.code, error.message, error.details);
    else build.return(refOf(result));
    return {};
  });
  server.unary(method.inputs, async () => ({}));
  // A result is there when its id is.
  server.unary(method.evaluate, async ({ ref }, call) => {
    await filesOf(call, ref);
    return {};
  });
  server.unary(method.warn, async (warning, call) => {
    (await buildOf(call)).warn(warning);
    return {};
  });
  server.unary(method.readFile, async ({ ref, filePath, range }, call) => {
    const files = await filesOf(call, ref);
    const part = range && { offset: Number(range.offset), length: Number(range.length) };
    return { data: await files.read(filePath, part) };
  });
  server.unary(method.readDir, async ({ ref, dirPath, includePattern }, call) => {
    if (includePattern !== '')
      throw unsupported('patterns of a directory are not supported: ask for all of it');
    const files = await filesOf(call, ref);
    return { entries: (await files.list(dirPath)).map(entryOf) };
  });
  server.unary(method.statFile, async ({ ref, path }, call) => {
    const files = await filesOf(call, ref);
    return { stat: entryOf(await files.stat(path)) };
  });
}

type ResultMessage = MessageInitShape<typeof GatewayResultSchema>;

function resultOf({ ref, metadata }: Result, modern: boolean): ResultMessage {
  if (!modern) return { metadata, result: { case: 'refDeprecated', value: ref } };
  return { metadata, result: { case: 'ref', value: { id: ref, def: {} } } };
}

/** The id of the one result. @throws unsupported for several */
function refOf(message: GatewayResult | undefined): string {
  const { result } = message ?? {};
  switch (result?.case) {
    case 'ref':
      return result.value.id;
    case 'refDeprecated':
      return result.value;
    case 'refs':
      return onlyOf(Object.values(result.value.refs).map(({ id }) => id));
    case 'refsDeprecated':
      return onlyOf(Object.values(result.value.refs));
    default:
      return '';
  }
}

function onlyOf(refs: readonly string[]): string {
  const [first = '', ...more] = new Set(refs);
  if (more.length > 0) throw unsupported('several results of one build are not supported: return one');
  return first;
}

const entryOf = ({ name, link, size, ...node }: SolvedFile) =>
  statOf({ ...node, path: name, fileSize: size, link });
