/** Typed client of the Engine API over unix sockets, TCP, TLS and ssh. */
export { type Archive } from './archive.ts';
export type { AskedStream, BuildRequest } from './build.ts';
export { Client, type ClientOptions } from './client.ts';
export type {
  AttachOptions,
  CommitOptions,
  Containers,
  LogOptions,
  StopOptions,
  WaitCondition,
} from './containers.ts';
export { ConnectionError, ResponseError } from './errors.ts';
export type { Event, EventQuery, Events } from './events.ts';
export type { Exec } from './exec.ts';
export { type Host, parseHost, type TlsFiles } from './host.ts';
export type { Body } from './http/body.ts';
export type { ByteChannel } from './http/channel.ts';
export type { Hijacked } from './http/connection.ts';
export type { Channel } from './http/dial.ts';
export type { Images, ImportOptions, PullOptions } from './images.ts';
export { jsonLines } from './json-lines.ts';
export type { Networks } from './networks.ts';
export type { QueryValue } from './query.ts';
export type { System } from './system.ts';
export type { Volumes } from './volumes.ts';
