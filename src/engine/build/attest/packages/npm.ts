import { type Package, purl } from './package.ts';

/** What a package.json in node_modules says of its package. Undefined when it says nothing, as examples' do. */
export function parsePackageJson(text: string, source: string): Package | undefined {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof document !== 'object' || document === null) return undefined;
  const said = document as Record<string, unknown>;
  const name = textOf(said['name']);
  const version = textOf(said['version']);
  if (name === '' || version === '') return undefined;
  const license = textOf(said['license']) || nameIn(said['license'], 'type');
  const supplier = textOf(said['author']) || nameIn(said['author'], 'name');
  return { name, version, url: purl('npm', name.split('/'), version, {}), license, supplier, source };
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value.trim() : '');

const nameIn = (value: unknown, key: string): string =>
  typeof value === 'object' && value !== null && key in value
    ? textOf((value as Record<string, unknown>)[key])
    : '';
