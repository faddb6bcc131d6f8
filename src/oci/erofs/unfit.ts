import { BerthError } from '#lib/errors';

/** The layer is in order, but its image cannot hold it: it has to be kept in another form. */
export class UnfitLayer extends BerthError {
  override readonly name = 'UnfitLayer';

  constructor(what: string) {
    super('unsupported', `an EROFS image cannot hold ${what}`);
  }
}

/** Also of one that came from another thread, where its class did not survive. */
export const isUnfit = (error: unknown): boolean => error instanceof Error && error.name === 'UnfitLayer';
