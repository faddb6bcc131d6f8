import { invalid } from '#lib/errors';

/** `--chmod`: all bits anew, or some of them: `u+x,go-w`. */
export type ModeChange = { readonly bits: number } | { readonly clauses: readonly Clause[] };

interface Clause {
  /** Bits of user, group and others that it is about. */
  readonly who: number;
  readonly operator: '+' | '-' | '=';
  /** `rwxXst` */
  readonly permissions: string;
}

const WHO: Readonly<Record<string, number>> = { u: 0o4700, g: 0o2070, o: 0o1007, a: 0o7777 };
const BITS: Readonly<Record<string, number>> = { r: 0o444, w: 0o222, x: 0o111, s: 0o6000, t: 0o1000 };

/** As chmod(1) takes it, octal or symbolic. @throws invalid */
export function parseMode(text: string): ModeChange {
  if (/^[0-7]{1,5}$/.test(text)) return { bits: Number.parseInt(text, 8) & 0o7777 };
  const clauses = text.split(',').flatMap((clause) => clausesOf(clause, text));
  return { clauses };
}

function clausesOf(clause: string, text: string): Clause[] {
  const [, letters = '', changes = ''] = /^([ugoa]*)((?:[+=-][rwxXst]*)+)$/.exec(clause) ?? [];
  if (changes === '') {
    throw invalid(
      `invalid chmod parameter: '${text}': it should be octal, as 0755, or symbolic, as u=rwx,go=rx`,
    );
  }
  const who = Array.from(letters || 'a').reduce((bits, letter) => bits | (WHO[letter] ?? 0), 0);
  return [...changes.matchAll(/([+=-])([rwxXst]*)/g)].map(([, operator, permissions = '']) => ({
    who,
    operator: operator === '+' || operator === '-' ? operator : '=',
    permissions,
  }));
}

export function changeMode(mode: number, change: ModeChange, isDirectory: boolean): number {
  if ('bits' in change) return change.bits;
  return change.clauses.reduce((bits, clause) => apply(bits, clause, isDirectory), mode);
}

function apply(mode: number, { who, operator, permissions }: Clause, isDirectory: boolean): number {
  const wanted =
    Array.from(permissions).reduce((bits, letter) => bits | bitsOf(letter, mode, isDirectory), 0) & who;
  if (operator === '+') return mode | wanted;
  if (operator === '-') return mode & ~wanted;
  return (mode & ~who) | wanted;
}

/** `X`: execute for directories, and for what anybody may execute already. */
function bitsOf(letter: string, mode: number, isDirectory: boolean): number {
  if (letter !== 'X') return BITS[letter] ?? 0;
  return isDirectory || (mode & 0o111) !== 0 ? 0o111 : 0;
}
