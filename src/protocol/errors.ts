/** The body of every failed answer. */
export interface ErrorBody {
  readonly message: string;
}
