/** A piece of software that a package manager noted in a file system. */
export interface Package {
  readonly name: string;
  readonly version: string;
  /** https://github.com/package-url/purl-spec */
  readonly url: string;
  /** As the package says it; '' when it does not. */
  readonly license: string;
  /** Who made it; '' when it does not say. */
  readonly supplier: string;
  /** The file that says so. */
  readonly source: string;
}

/** `ID` and `VERSION_ID` of os-release(5). */
export interface Distribution {
  readonly id: string;
  readonly version: string;
}

export function parseOsRelease(text: string): Distribution {
  const value = (name: string): string =>
    new RegExp(`^${name}=["']?([^"'\\n]*)`, 'm').exec(text)?.[1]?.trim() ?? '';
  return { id: value('ID'), version: value('VERSION_ID') };
}

/** `pkg:deb/debian/bash@5.2?arch=amd64`; a value that is '' is left out. */
export function purl(
  type: string,
  path: readonly string[],
  version: string,
  qualifiers: Readonly<Record<string, string>>,
): string {
  const query = Object.entries(qualifiers)
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .sort();
  const where = path.filter(Boolean).map(encodeURIComponent).join('/');
  return `pkg:${type}/${where}@${encodeURIComponent(version)}${query.length > 0 ? `?${query.join('&')}` : ''}`;
}

export const distroOf = ({ id, version }: Distribution): string => [id, version].filter(Boolean).join('-');
