/** BuildKit's gRPC services, as they are on the wire. Made from the .proto files here: scripts/protobuf.sh. */
export * from './control_pb.ts';
export { Auth, FileSend, FileSync } from './filesync_pb.ts';
export { type Packet, PacketSchema, type Stat } from './fsutil_pb.ts';
export * as gateway from './gateway_pb.ts';
export { Secrets } from './secrets_pb.ts';
export { SSH } from './ssh_pb.ts';
export { Upload } from './upload_pb.ts';
export type { WorkerRecord } from './worker_pb.ts';
