import { array, object, type Static, string } from './schema.ts';

/** POST /containers/working/create: Berth's own, as all of this file. */
export interface WorkingCreateResponse {
  readonly Id: string;
  readonly Name: string;
  readonly Warnings: readonly string[];
}

/** POST /containers/{id}/working/config */
export const workingConfigRequest = object({
  /** Dockerfile instructions. */
  Changes: array(string),
  /** Names; `*` for all. Taken out before the changes. */
  Remove: object({
    Env: array(string),
    Labels: array(string),
    ExposedPorts: array(string),
    Volumes: array(string),
  }),
});
export type WorkingConfigRequest = Static<typeof workingConfigRequest>;

/** POST /containers/{id}/working/command: the body is a create's. */
export interface WorkingCommandResponse {
  /** The start's parameter `ticket`. */
  readonly Ticket: string;
  readonly Warnings: readonly string[];
}
