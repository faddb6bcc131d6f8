import { boolean, object, type Static, string } from './schema.ts';

/** POST /containers/{id}/checkpoints */
export const checkpointCreateRequest = object({
  CheckpointID: string,
  CheckpointDir: string,
  /** The container ends with it. */
  Exit: boolean,
});
export type CheckpointCreateRequest = Static<typeof checkpointCreateRequest>;

/** GET /containers/{id}/checkpoints */
export interface CheckpointSummary {
  readonly Name: string;
}
