import type { ForwardRequest } from './forwards.ts';

/** What an engine asks of its holder: one line of JSON each, in either direction. */
export type Question =
  | ({ readonly do: 'open' } & ForwardRequest)
  | { readonly do: 'close'; readonly id: number }
  /** All that is wanted has been asked for. */
  | { readonly do: 'settle' }
  /** Nothing runs any more. */
  | { readonly do: 'end' };

export type Answer =
  | { readonly id: number }
  | { readonly error: { readonly message: string; readonly code: string | undefined } };
