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
 * @throws TemplateError
 */
export async function printList(
  out: Output,
  listing: Listing,
  rows: readonly Row[],
  style: ListStyle,
): Promise<void> {
  out.write(await formatList(listing, rows, style));
}

/** @throws TemplateError */
export async function formatList(listing: Listing, rows: readonly Row[], style: ListStyle): Promise<string> {
  const format = style.format.trim();
  if (style.quiet && listing.quiet !== undefined && isDefault(format)) {
    const field = listing.quiet;
    return rows.map((row) => `${row[field]}\n`).join('');
  }
  if (isDefault(format)) return table(listing, rows);
  const { compileTemplate } = await import('./template/index.ts');
  const isTable = /^table\s/.test(format);
  const template = compileTemplate(
    format === 'json' ? '{{json .}}' : unescape(isTable ? format.slice(6).trim() : format),
  );
  const lines = rows.map((row) => template(row));
  if (!isTable) return lines.map((line) => `${line}\n`).join('');
  return alignTabs([template.header(titleRow(listing)), ...lines].map((line) => `${line}\n`).join(''));
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
