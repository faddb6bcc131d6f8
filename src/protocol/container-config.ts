import { array, boolean, integer, map, object, type Static, string, strings } from './schema.ts';

/** What an answer may hold where a request leaves a field out: Go writes nil lists and maps as null. */
export type Nullable<T> = { readonly [K in keyof T]?: T[K] | null };

const emptyObject = object({});

export const healthConfig = object({
  Test: array(string),
  Interval: integer,
  Timeout: integer,
  Retries: integer,
  StartPeriod: integer,
  StartInterval: integer,
});
export type HealthConfig = Static<typeof healthConfig>;

export const containerConfig = object({
  Hostname: string,
  Domainname: string,
  User: string,
  AttachStdin: boolean,
  AttachStdout: boolean,
  AttachStderr: boolean,
  ExposedPorts: map(emptyObject),
  Tty: boolean,
  OpenStdin: boolean,
  StdinOnce: boolean,
  Env: array(string),
  Cmd: strings,
  Healthcheck: healthConfig,
  ArgsEscaped: boolean,
  Image: string,
  Volumes: map(emptyObject),
  WorkingDir: string,
  Entrypoint: strings,
  NetworkDisabled: boolean,
  /** Deprecated: belongs to the endpoint. */
  MacAddress: string,
  OnBuild: array(string),
  Labels: map(string),
  StopSignal: string,
  StopTimeout: integer,
  Shell: strings,
});
export type ContainerConfig = Static<typeof containerConfig>;
