/** What of BuildKit's gRPC is spoken here, as it is on the wire. Made from the .proto files here: scripts/protobuf.sh. */
export { Content } from './content_pb.ts';
export {
  type BuildHistoryEventSchema,
  type BuildHistoryRecordSchema,
  type BuildHistoryRequest,
  type CacheOptions,
  Control,
  type PruneRequest,
  type SolveRequest,
  type StatusResponse,
  StatusResponseSchema,
  type UpdateBuildHistoryRequest,
  type UsageRecordSchema,
} from './control_pb.ts';
export { Auth, FileSend, FileSync } from './filesync_pb.ts';
export type { Packet, Stat, StatSchema } from './fsutil_pb.ts';
export {
  LLBBridge,
  type Result as GatewayResult,
  type ResultSchema as GatewayResultSchema,
} from './gateway_pb.ts';
export type { Range } from './ops_pb.ts';
export { Secrets } from './secrets_pb.ts';
export { SSH } from './ssh_pb.ts';
export { StatusSchema } from './status_pb.ts';
export { Upload } from './upload_pb.ts';
export type { WorkerRecordSchema } from './worker_pb.ts';
