/** One message of GET /events */
export interface EventMessage {
  /** The first three are the form before 1.52, for images and containers only. */
  readonly status?: string;
  readonly id?: string;
  readonly from?: string;
  readonly Type: string;
  readonly Action: string;
  readonly Actor: { readonly ID: string; readonly Attributes: Readonly<Record<string, string>> };
  readonly scope: string;
  /** Seconds. */
  readonly time: number;
  /** Nanoseconds: beyond what a number holds exactly. */
  readonly timeNano: number;
}
