import { BerthError, type ErrorKind, notFound } from '#lib/errors';
import { familiarName, familiarRepository, type Reference } from '#oci/reference';

/** A registry's refusal (distribution spec, "Error Codes"). The message is the registry's: `manifest unknown: ...`. */
export class RegistryError extends BerthError {
  override readonly name = 'RegistryError';
  /** HTTP status. */
  readonly status: number;
  /** `MANIFEST_UNKNOWN` and so on. */
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(kindOf(status, code), message);
    this.status = status;
    this.code = code;
  }
}

function kindOf(status: number, code: string): ErrorKind {
  if (code === 'DENIED' || status === 403) return 'forbidden';
  if (code === 'UNAUTHORIZED' || status === 401) return 'unauthorized';
  if (status === 404) return 'not-found';
  if (status === 405) return 'unsupported';
  return status === 429 || status >= 500 ? 'unavailable' : 'invalid';
}

/** What a status means when the answer does not say more (HEAD has no body). */
const DEFAULTS: Readonly<Record<number, readonly [code: string, message: string]>> = {
  401: ['UNAUTHORIZED', 'authentication required'],
  403: ['DENIED', 'requested access to the resource is denied'],
  429: ['TOOMANYREQUESTS', 'too many requests'],
};

export interface Refusal {
  readonly method: string;
  readonly url: URL;
  readonly status: number;
  readonly body: Buffer;
  /** What is missing when the answer is 404 without more. */
  readonly missing?: string | undefined;
  /** When it may be asked again: the header, as it came. */
  readonly retryAfter?: string | undefined;
}

/** The error that an answer other than success stands for. */
export function refusal(details: Refusal): RegistryError {
  const { status, code, message } = explained(details);
  const again = /^\d{1,9}$/.test(details.retryAfter ?? '') && `${details.retryAfter} seconds`;
  return new RegistryError(status, code, again ? `${message} (try again in ${again})` : message);
}

function explained({ method, url, status, body, missing }: Refusal): RegistryError {
  const details = readErrors(body);
  const [first] = details;
  if (first) {
    const message = details
      .map(({ code, message }) => `${words(code)}: ${message || words(code)}`)
      .join('; ');
    return new RegistryError(status, first.code, message);
  }
  const [code, message] = DEFAULTS[status] ?? (status === 404 && missing ? [missing, words(missing)] : []);
  if (code !== undefined) return new RegistryError(status, code, `${words(code)}: ${message}`);
  // Without its query, which may carry a signature.
  const place = `${url.origin}${url.pathname}`;
  return new RegistryError(
    status,
    'UNKNOWN',
    `unexpected status from ${method} request to ${place}: ${status}`,
  );
}

const words = (code: string): string => code.toLowerCase().replaceAll('_', ' ');

interface Detail {
  readonly code: string;
  readonly message: string;
}

function readErrors(body: Buffer): Detail[] {
  let answer: unknown;
  try {
    answer = JSON.parse(body.toString());
  } catch {
    // An error page of whatever stands in front of the registry.
    return [];
  }
  const fields = isObject(answer) ? answer : {};
  if (Array.isArray(fields['errors'])) return fields['errors'].flatMap(readDetail).slice(0, 10);
  // Token servers answer in this form.
  const details = fields['details'] ?? fields['message'];
  return typeof details === 'string' ? [{ code: 'DENIED', message: shorten(details) }] : [];
}

function readDetail(error: unknown): Detail[] {
  const { code, message } = isObject(error) ? error : {};
  if (typeof code !== 'string') return [];
  return [{ code: shorten(code), message: typeof message === 'string' ? shorten(message) : '' }];
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;
const shorten = (text: string): string => (text.length > 1000 ? `${text.slice(0, 1000)}...` : text);

/** What was asked of a registry. Who only looks is told of missing rights as they are, not that there is nothing. */
export type RegistryAction = 'pull' | 'push' | 'inspect';

/**
 * A registry's refusal in the words that Docker has for it, which say what the user asked for. Anything
 * else is returned as it is.
 */
export function explainRefusal(error: unknown, reference: Reference, action: RegistryAction): unknown {
  if (!(error instanceof RegistryError)) return error;
  const repository = familiarRepository(reference);
  if (error.kind === 'forbidden' || error.kind === 'unauthorized') {
    if (action === 'inspect') return error;
    const hint = "repository does not exist or may require 'docker login'";
    const message =
      action === 'pull'
        ? `pull access denied for ${repository}, ${hint}`
        : `push access denied for ${repository}`;
    return notFound(`${message}: ${error.message}`, error);
  }
  if (error.code === 'NAME_UNKNOWN')
    return notFound(`repository ${repository} not found: ${error.message}`, error);
  if (error.kind === 'not-found' && action !== 'push') {
    return notFound(`manifest for ${familiarName(reference)} not found: ${error.message}`, error);
  }
  return error;
}
