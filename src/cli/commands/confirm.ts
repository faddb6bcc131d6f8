import { readSync } from 'node:fs';
import type { Context } from '../context.ts';

/** Asks on the terminal; anything but `y` is no. Nobody there to answer is no, too. */
export async function confirm(
  { out }: Context,
  warning: string,
  question = 'Are you sure you want to continue?',
): Promise<boolean> {
  out.write(`${warning}\n${question} [y/N] `);
  const answer = readLine().trim().toLowerCase();
  if (answer === 'y') return true;
  if (answer === '') out.line();
  return false;
}

function readLine(): string {
  const byte = Buffer.alloc(1);
  let line = '';
  try {
    while (line.length < 1024 && readSync(0, byte) === 1 && byte[0] !== 0x0a) line += byte.toString('latin1');
  } catch {
    // A closed or non-blocking stdin answers nothing.
  }
  return line;
}
