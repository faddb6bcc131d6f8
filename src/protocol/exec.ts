import { array, boolean, integer, object, type Static, string, strings } from './schema.ts';

/** POST /containers/{id}/exec */
export const execCreateRequest = object({
  User: string,
  Privileged: boolean,
  Tty: boolean,
  /** Rows, columns. */
  ConsoleSize: array(integer),
  AttachStdin: boolean,
  AttachStderr: boolean,
  AttachStdout: boolean,
  DetachKeys: string,
  Env: array(string),
  WorkingDir: string,
  Cmd: strings,
});
export type ExecCreateRequest = Static<typeof execCreateRequest>;

export interface ExecCreateResponse {
  readonly Id: string;
}

/** POST /exec/{id}/start */
export const execStartRequest = object({ Detach: boolean, Tty: boolean, ConsoleSize: array(integer) });
export type ExecStartRequest = Static<typeof execStartRequest>;

/** GET /exec/{id}/json */
export interface ExecInspect {
  readonly ID: string;
  readonly Running: boolean;
  readonly ExitCode: number | null;
  readonly ProcessConfig: {
    readonly tty: boolean;
    readonly entrypoint: string;
    readonly arguments: readonly string[];
    readonly privileged: boolean;
    readonly user?: string;
  };
  readonly OpenStdin: boolean;
  readonly OpenStderr: boolean;
  readonly OpenStdout: boolean;
  readonly CanRemove: boolean;
  readonly ContainerID: string;
  readonly DetachKeys: string;
  readonly Pid: number;
}
