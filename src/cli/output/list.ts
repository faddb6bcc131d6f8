import { messageOf } from '#lib/errors';
import type { Template } from '#lib/template';
import { Exit } from '../errors.ts';
import type { Output } from './output.ts';
import { alignTabs } from './tabs.ts';

/** One object as `--format` sees it: field -> text, in alphabetical order, and methods such as `.Label "x"`. */
export type Row = Readonly<Record<string, unknown>>;

export interface Listing {
  /** Field -> column title. Fields that only templates show have one too. */
  readonly titles: Readonly<Record<string, string>>;
  /** Fields of the default table, left to right. */
  readonly columns: readonly string[];
  /** The field that `--quiet` prints. */
  readonly quiet?: string;
}

export interface ListStyle {
  /** `--format`: '', table, table TEMPLATE, json or TEMPLATE. */
  readonly format: string;
  readonly quiet?: boolean;
}

/**
 * Prints rows as Docker's list commands do.
 * @throws Exit when the template is wrong
 */
export async function printList(
  out: Output,
  listing: Listing,
  rows: readonly Row[],
  style: ListStyle,
): Promise<void> {
  out.write(await formatList(listing, rows, style));
}

/** @throws Exit when the template is wrong */
export async function formatList(listing: Listing, rows: readonly Row[], style: ListStyle): Promise<string> {
  const format = style.format.trim();
  if (style.quiet && listing.quiet !== undefined && isDefault(format)) {
    const field = listing.quiet;
    return rows.map((row) => `${row[field]}\n`).join('');
  }
  if (isDefault(format)) return table(listing, rows);
  const isTable = /^table\s/.test(format);
  const source = format === 'json' ? '{{json .}}' : unescape(isTable ? format.slice(6).trim() : format);
  const template = await compile(source);
  const lines = rows.map((row) => execute(() => template(row), listing));
  if (!isTable) return lines.map((line) => `${line}\n`).join('');
  const header = execute(() => template.header(titleRow(listing)), listing);
  return alignTabs([header, ...lines].map((line) => `${line}\n`).join(''));
}

async function compile(source: string): Promise<Template> {
  const { compileTemplate } = await import('#lib/template');
  try {
    return compileTemplate(source);
  } catch (error) {
    throw new Exit(1, `failed to parse template: ${messageOf(error)}`, { cause: error });
  }
}

function execute<T>(action: () => T, { titles }: Listing): T {
  try {
    return action();
  } catch (error) {
    const fields = /no entry for key/.test(messageOf(error))
      ? `\nThe fields are: ${Object.keys(titles).join(', ')}`
      : '';
    throw new Exit(1, `failed to execute template: ${messageOf(error)}${fields}`, { cause: error });
  }
}

const isDefault = (format: string) => format === '' || format === 'table';

function table({ columns, titles }: Listing, rows: readonly Row[]): string {
  const lines = rows.map((row) => columns.map((field) => row[field]).join('\t'));
  return alignTabs(
    [columns.map((field) => titles[field] ?? field).join('\t'), ...lines].map((line) => `${line}\n`).join(''),
  );
}

/** Shells pass `\t` on as two characters. */
const unescape = (format: string) => format.replaceAll('\\t', '\t').replaceAll('\\n', '\n');

const titleRow = ({ titles }: Listing): Row => ({ ...titles, Label: (name: unknown) => String(name) });
