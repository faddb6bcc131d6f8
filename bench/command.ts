import { execFile, spawn } from 'node:child_process';

/** Nothing that is measured here takes longer unless it hangs. */
const TIMEOUT_MS = 120_000;
const LIMITS = { timeout: TIMEOUT_MS, killSignal: 'SIGKILL', maxBuffer: 64 * 2 ** 20 } as const;

/** Runs a command to its end; its standard output. Fails with its standard error, or when it takes too long. */
export function run(argv: readonly string[], input?: Buffer): Promise<string> {
  const [file = '', ...args] = argv;
  return new Promise((resolve, reject) => {
    const child = execFile(file, args, LIMITS, (error, stdout, stderr) => {
      if (error) reject(new Error(`${argv.join(' ')}: ${stderr || error.message}`, { cause: error }));
      else resolve(stdout);
    });
    child.stdin?.on('error', () => {});
    child.stdin?.end(input);
  });
}

/** Milliseconds that a command takes whose output nobody reads. */
export function time(argv: readonly string[]): Promise<number> {
  const [file = '', ...args] = argv;
  const start = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { ...LIMITS, stdio: ['ignore', 'ignore', 'pipe'] });
    let errors = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve(performance.now() - start);
      else reject(new Error(`${argv.join(' ')}: ${errors || `ended with ${code ?? signal}`}`));
    });
  });
}
