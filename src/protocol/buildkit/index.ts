/** What of BuildKit's gRPC is spoken here, as it is on the wire. Made from the .proto files here: scripts/protobuf.sh. */
export { type StatusResponse, StatusResponseSchema } from './control_pb.ts';
export { Auth, FileSync } from './filesync_pb.ts';
export type { Packet, Stat } from './fsutil_pb.ts';
export { Secrets } from './secrets_pb.ts';
