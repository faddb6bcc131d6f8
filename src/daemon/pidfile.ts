import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { codeOf, conflict } from '#lib/errors';

/** Writes our pid to `path`; dispose removes it. @throws conflict while another daemon has it */
export function writePidfile(path: string): Disposable {
  const other = daemonIn(path);
  if (other !== undefined) {
    throw conflict(
      `process with PID ${other} is still running: stop it, or remove ${path} if it is no berthd`,
    );
  }
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  writeFileSync(path, String(process.pid), { mode: 0o644 });
  return {
    [Symbol.dispose]: () => {
      if (read(path) === String(process.pid)) rmSync(path, { force: true });
    },
  };
}

/** The pid in the file when it still is a daemon's: after a crash or a reboot it may be anybody's. */
function daemonIn(path: string): number | undefined {
  const pid = Number(read(path) ?? Number.NaN);
  if (!Number.isInteger(pid) || pid <= 0 || pid === process.pid) return undefined;
  // A daemon that was killed stays a zombie until its parent looks: it has let go of everything.
  const [, name, state] = /^\d+ \((.*)\) (\w)/s.exec(read(`/proc/${pid}/stat`) ?? '') ?? [];
  return name === 'berthd' && state !== 'Z' && state !== 'X' ? pid : undefined;
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ESRCH') return undefined;
    throw error;
  }
}
