import { Exit } from '../errors.ts';
import type { Output } from './output.ts';

/** sysexits.h, EX_USAGE: what Docker ends with for a template that cannot be read. */
const EXIT_TEMPLATE = 64;

/**
 * Prints objects as `inspect` does: an indented JSON list, or each through the template on a line of its own;
 * `json` is every object on one line.
 * @throws Exit
 */
export async function printObjects(out: Output, objects: readonly unknown[], format: string): Promise<void> {
  if (format === '') {
    out.line(objects.length === 0 ? '[]' : JSON.stringify(objects, null, 4));
    return;
  }
  const { compileTemplate } = await import('#lib/template');
  const template = attempt(EXIT_TEMPLATE, () => compileTemplate(format === 'json' ? '{{json .}}' : format));
  const lines = objects.map((object) => attempt(1, () => template(object)));
  out.write(lines.length === 0 ? '\n' : lines.map((line) => `${line}\n`).join(''));
}

/** One object through a template, ended by a line break. @throws Exit */
export async function printObject(out: Output, object: unknown, format: string): Promise<void> {
  await printObjects(out, [object], format);
}

function attempt<T>(status: number, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw new Exit(
      status,
      `template parsing error: ${error instanceof Error ? error.message : String(error)}`,
      { cause: error },
    );
  }
}
