import { invalid } from '#lib/errors';
import type { CreateFlags } from './flags.ts';

/** @throws invalid */
export function parseStream(text: string): 'stdin' | 'stdout' | 'stderr' {
  const stream = text.toLowerCase();
  if (stream === 'stdin' || stream === 'stdout' || stream === 'stderr') return stream;
  throw invalid('valid streams are STDIN, STDOUT and STDERR');
}

/** @throws invalid */
export function parseCapability(text: string): string {
  if (text.trim() === '') throw invalid('a capability has no name (use one such as NET_ADMIN, or ALL)');
  return text;
}

const SYSCTLS = new Set([
  'kernel.msgmax',
  'kernel.msgmnb',
  'kernel.msgmni',
  'kernel.sem',
  'kernel.shmall',
  'kernel.shmmax',
  'kernel.shmmni',
  'kernel.shm_rmid_forced',
]);

/** Only what a namespace of its own holds. @throws invalid */
export function checkSysctl(text: string): void {
  const [name = '', ...value] = text.split('=');
  const allowed = SYSCTLS.has(name) || name.startsWith('net.') || name.startsWith('fs.mqueue.');
  if (!allowed || value.length === 0) throw invalid(`sysctl '${text}' is not allowed`);
}

const NEED_CONTAINER = /^container:.+$/;

/** What one option alone cannot know to be wrong. @throws invalid */
export function checkTogether(flags: CreateFlags, given: ReadonlySet<string>): void {
  if (flags.rm && given.has('restart') && flags.restart !== 'no' && flags.restart !== '') {
    throw invalid('conflicting options: cannot specify both --restart and --rm');
  }
  if (!['always', 'missing', 'never'].includes(flags.pull)) {
    throw invalid(`invalid pull option: '${flags.pull}': must be one of "always", "missing" or "never"`);
  }
  const health =
    given.has('health-cmd') ||
    given.has('health-interval') ||
    given.has('health-retries') ||
    given.has('health-timeout') ||
    given.has('health-start-period') ||
    given.has('health-start-interval');
  if (flags['no-healthcheck'] && health) throw invalid('--no-healthcheck conflicts with --health-* options');
  mode('pid', 'PID', flags.pid, ['', 'host'], NEED_CONTAINER);
  mode('uts', 'UTS', flags.uts, ['', 'host']);
  mode('userns', 'USER', flags.userns, ['', 'host', 'private']);
  mode('cgroupns', 'CGROUP', flags.cgroupns, ['', 'host', 'private']);
  mode('ipc', 'IPC', flags.ipc, ['', 'none', 'private', 'shareable', 'host'], NEED_CONTAINER);
  const swappiness = flags['memory-swappiness'] ?? -1;
  if (swappiness < -1 || swappiness > 100) {
    throw invalid(`invalid value: ${swappiness}. Valid memory swappiness range is 0-100`);
  }
  between('oom-score-adj', flags['oom-score-adj'], -1000, 1000);
  if (flags['use-api-socket']) throw notYet('--use-api-socket');
  for (const name of [
    'cpu-count',
    'cpu-percent',
    'io-maxbandwidth',
    'io-maxiops',
    'credential-spec',
  ] as const) {
    if (given.has(name)) throw invalid(`--${name} is for Windows containers only`);
  }
  if (flags.isolation !== '' && flags.isolation !== 'default') {
    throw invalid(`invalid isolation '${flags.isolation}': only 'default' is possible on Linux`);
  }
}

const notYet = (option: string) => invalid(`${option} is not supported by berth`);

function mode(
  option: string,
  kind: string,
  value: string,
  allowed: readonly string[],
  pattern?: RegExp,
): void {
  if (!allowed.includes(value) && !pattern?.test(value)) throw invalid(`--${option}: invalid ${kind} mode`);
}

function between(option: string, value: number | undefined, min: number, max: number): void {
  if (value !== undefined && (value < min || value > max))
    throw invalid(`invalid value for --${option}: ${value} (range is ${min} to ${max})`);
}
