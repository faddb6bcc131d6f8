import { invalid, unavailable } from '#lib/errors';
import { basicHeader, type Credentials } from './auth.ts';
import { baseUrls } from './endpoints.ts';
import { isLoopback } from './loopback.ts';
import { NetworkError } from './network-errors.ts';
import type { Proxies } from './proxies.ts';
import { type Response, Transport } from './transport.ts';

export interface FoundRepository {
  readonly name: string;
  readonly description: string;
  readonly stars: number;
  readonly official: boolean;
}

export interface SearchOptions {
  readonly auth?: Credentials | undefined;
  /** As RemoteOptions.insecure. */
  readonly insecure?: boolean | undefined;
  /** At most so many. */
  readonly limit: number;
  /** Default: those of the environment. */
  readonly proxies?: Proxies | undefined;
}

const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
/** Docker Hub's index, which is older than the registry's API and at another place. */
const INDEX_HOSTS: Readonly<Record<string, string>> = { 'docker.io': 'index.docker.io' };

/**
 * Asks a registry's index for repositories (`GET /v1/search`, which Docker Hub has and few others).
 * @throws NetworkError, unavailable when it has no index
 */
export async function searchIndex(
  domain: string,
  term: string,
  { auth = {}, insecure = false, proxies, limit }: SearchOptions,
  signal?: AbortSignal,
): Promise<FoundRepository[]> {
  const host = INDEX_HOSTS[domain] ?? domain;
  const bases = baseUrls(host, insecure);
  const transport = new Transport({
    userAgent: 'berth',
    retryDelay: 250,
    proxies,
    insecure: insecure || bases.some(({ hostname }) => isLoopback(hostname)),
  });
  try {
    const query = `v1/search?q=${encodeURIComponent(term)}&n=${limit}`;
    const { username, password } = auth;
    const headers = username ? { authorization: basicHeader(username, password ?? '') } : {};
    const response = await firstAnswer(transport, bases, query, headers, signal);
    return await results(host, response);
  } finally {
    await transport[Symbol.asyncDispose]();
  }
}

async function firstAnswer(
  transport: Transport,
  bases: readonly URL[],
  path: string,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal | undefined,
): Promise<Response> {
  let failure: unknown;
  for (const base of bases) {
    try {
      return await transport.send(new URL(path, base), { method: 'GET', headers, attempts: 1 }, signal);
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error;
      failure = error;
    }
  }
  throw failure;
}

async function results(host: string, response: Response): Promise<FoundRepository[]> {
  const body = await response.read(MAX_ANSWER_BYTES);
  if (response.status === 404) throw unavailable(`registry ${host} cannot be searched: it has no index`);
  if (response.status !== 200)
    throw unavailable(`searching ${host}: unexpected status code ${response.status}`);
  const rows = rowsOf(body.toString());
  if (!rows) throw invalid(`the index of ${host} answers with something else than search results`);
  return rows.map((row) => ({
    name: textOf(row['name']),
    description: textOf(row['description']),
    stars: typeof row['star_count'] === 'number' ? row['star_count'] : 0,
    official: row['is_official'] === true,
  }));
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

function rowsOf(text: string): Record<string, unknown>[] | undefined {
  try {
    const answer: unknown = JSON.parse(text);
    const rows = typeof answer === 'object' && answer !== null ? Reflect.get(answer, 'results') : undefined;
    if (!Array.isArray(rows)) return undefined;
    return rows.filter((row): row is Record<string, unknown> => typeof row === 'object' && row !== null);
  } catch {
    return undefined;
  }
}
