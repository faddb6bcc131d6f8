import { execFile } from 'node:child_process';
import { Exit } from '../errors.ts';

export interface HelperCredentials {
  readonly Username: string;
  readonly Secret: string;
}

/** A helper that hangs on a locked key ring should not hang a pull for ever. */
const TIMEOUT_MS = 60_000;

/** Asks `docker-credential-<name>`. Undefined when it has none. @throws Exit when the helper cannot be run */
export async function getCredentials(helper: string, server: string): Promise<HelperCredentials | undefined> {
  const { status, stdout } = await run(helper, 'get', server);
  if (status !== 0) return undefined;
  return JSON.parse(stdout) as HelperCredentials;
}

/** @throws Exit */
export async function storeCredentials(
  helper: string,
  server: string,
  credentials: HelperCredentials,
): Promise<void> {
  const { status, stdout } = await run(
    helper,
    'store',
    JSON.stringify({ ServerURL: server, ...credentials }),
  );
  if (status !== 0)
    throw new Exit(1, `docker-credential-${helper} could not store the credentials: ${stdout.trim()}`);
}

export async function eraseCredentials(helper: string, server: string): Promise<void> {
  await run(helper, 'erase', server);
}

function run(helper: string, action: string, input: string): Promise<{ status: number; stdout: string }> {
  if (!/^[\w.-]+$/.test(helper)) throw new Exit(1, `invalid credential helper in config.json: ${helper}`);
  return new Promise((resolve, reject) => {
    const program = `docker-credential-${helper}`;
    const child = execFile(program, [action], { timeout: TIMEOUT_MS }, (error, stdout) => {
      if (error && typeof error.code !== 'number')
        reject(new Exit(1, `could not run the credential helper ${program}: ${error.message}`));
      else resolve({ status: error ? Number(error.code) : 0, stdout });
    });
    child.stdin?.on('error', () => {}).end(input);
  });
}
