import { invalid } from '#lib/errors';

/** Linux' generic numbers (signal(7)): x86-64, arm64 and riscv64 agree. */
const NUMBERS: Readonly<Record<string, number>> = {
  HUP: 1,
  INT: 2,
  QUIT: 3,
  ILL: 4,
  TRAP: 5,
  ABRT: 6,
  BUS: 7,
  FPE: 8,
  KILL: 9,
  USR1: 10,
  SEGV: 11,
  USR2: 12,
  PIPE: 13,
  ALRM: 14,
  TERM: 15,
  STKFLT: 16,
  CHLD: 17,
  CONT: 18,
  STOP: 19,
  TSTP: 20,
  TTIN: 21,
  TTOU: 22,
  URG: 23,
  XCPU: 24,
  XFSZ: 25,
  VTALRM: 26,
  PROF: 27,
  WINCH: 28,
  IO: 29,
  PWR: 30,
  SYS: 31,
};

const ALIASES: Readonly<Record<string, number>> = { IOT: 6, CLD: 17, POLL: 29 };

/** glibc keeps the first two real-time signals for itself. */
const RTMIN = 34;
const RTMAX = 64;

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(NUMBERS).map(([name, number]) => [number, name]),
);

/**
 * `SIGTERM`, `TERM`, `term`, `15`, `RTMIN+3`, `RTMAX-1` -> number.
 * @throws invalid
 */
export function signalNumber(name: string): number {
  const bare = name.toUpperCase().replace(/^SIG/, '');
  const number = /^\d{1,3}$/.test(name) ? Number(name) : (lookUp(bare) ?? realTime(bare));
  if (number === undefined || number < 1 || number > RTMAX) throw invalid(`invalid signal: ${name}`);
  return number;
}

function lookUp(name: string): number | undefined {
  if (Object.hasOwn(NUMBERS, name)) return NUMBERS[name];
  return Object.hasOwn(ALIASES, name) ? ALIASES[name] : undefined;
}

function realTime(name: string): number | undefined {
  const match = /^(?:RTMIN(?:\+(\d{1,2}))?|RTMAX(?:-(\d{1,2}))?)$/.exec(name);
  if (!match) return undefined;
  const number = name.startsWith('RTMIN') ? RTMIN + Number(match[1] ?? 0) : RTMAX - Number(match[2] ?? 0);
  return number >= RTMIN && number <= RTMAX ? number : undefined;
}

/** 15 -> `TERM`, 36 -> `RTMIN+2`, 63 -> `RTMAX-1`; the number itself for one without a name. */
export function signalName(number: number): string {
  const name = NAMES.get(number);
  if (name !== undefined) return name;
  if (number < RTMIN || number > RTMAX) return String(number);
  // As kill -l counts: the lower half from RTMIN, the upper from RTMAX.
  const [above, below] = [number - RTMIN, RTMAX - number];
  if (above <= 15) return above === 0 ? 'RTMIN' : `RTMIN+${above}`;
  return below === 0 ? 'RTMAX' : `RTMAX-${below}`;
}
