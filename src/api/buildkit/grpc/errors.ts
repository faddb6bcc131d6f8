import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import type { Any, AnySchema } from '@bufbuild/protobuf/wkt';
import { RunFailed } from '#engine/build';
import { BerthError, type ErrorKind } from '#lib/errors';
import { StatusSchema } from '#protocol/buildkit';
import { solveText } from '../solve-text.ts';

/** google.golang.org/grpc/codes */
export const code = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  failedPrecondition: 9,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** A call that the other side answered with a status other than OK. */
export class GrpcError extends Error {
  override readonly name = 'GrpcError';
  readonly code: number;
  readonly details: readonly Any[];

  constructor(status: number, message: string, details: readonly Any[] = []) {
    super(message);
    this.code = status;
    this.details = details;
  }
}

/** The only place that knows which gRPC status an error of the engine is. */
const CODES: Readonly<Record<ErrorKind, number>> = {
  invalid: code.invalidArgument,
  unauthorized: code.unauthenticated,
  forbidden: code.permissionDenied,
  'not-found': code.notFound,
  conflict: code.alreadyExists,
  'not-modified': code.failedPrecondition,
  unsupported: code.unimplemented,
  unavailable: code.unavailable,
  cancelled: code.cancelled,
  system: code.internal,
};

export function codeOf(error: unknown): number {
  if (error instanceof GrpcError) return error.code;
  if (error instanceof RunFailed || !(error instanceof BerthError)) return code.unknown;
  return CODES[error.kind];
}

/** How a call ends, as headers behind its answer. */
export function trailersOf(error: unknown): Record<string, string> {
  const [status, message] = [codeOf(error), solveText(error) || 'unknown error'];
  const details = detailsOf(error);
  return {
    'grpc-status': String(status),
    'grpc-message': encodeURIComponent(message),
    ...(details.length > 0 && {
      'grpc-status-details-bin': Buffer.from(
        toBinary(StatusSchema, create(StatusSchema, { code: status, message, details: [...details] })),
      ).toString('base64'),
    }),
  };
}

/** Where in the Dockerfile: BuildKit's clients show the place (solver/errdefs: JSON in an Any). */
function detailsOf(error: unknown): readonly MessageInitShape<typeof AnySchema>[] {
  if (error instanceof GrpcError) return error.details;
  if (!(error instanceof Error && 'place' in error)) return [];
  const { name, source, lines } = error.place as {
    readonly name: string;
    readonly source: string;
    readonly lines: { readonly first: number; readonly last: number };
  };
  const document = {
    info: { filename: name, data: Buffer.from(source).toString('base64') },
    ranges: [{ start: { line: lines.first }, end: { line: lines.last } }],
  };
  const typeUrl = 'github.com/moby/buildkit/errdefs.Source+json';
  return [{ typeUrl, value: Buffer.from(JSON.stringify(document)) }];
}
