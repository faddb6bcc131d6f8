import { type Distribution, distroOf, type Package, purl } from './package.ts';

/** What dpkg has installed: paragraphs of fields, deb822(5). */
export function parseDpkgStatus(text: string, source: string, distribution: Distribution): Package[] {
  return text.split(/\n{2,}/).flatMap((paragraph) => {
    const fields = fieldsOf(paragraph);
    const name = fields.get('package');
    const version = fields.get('version');
    // A part of a package that stands alone (distroless) says nothing of its state.
    const status = fields.get('status') ?? 'install ok installed';
    if (!name || !version || !status.endsWith(' installed')) return [];
    const [, upstream = ''] = /^(\S+)/.exec(fields.get('source') ?? '') ?? [];
    const qualifiers = {
      arch: fields.get('architecture') ?? '',
      distro: distroOf(distribution),
      upstream,
    };
    const url = purl('deb', [distribution.id || 'debian', name], version, qualifiers);
    return [{ name, version, url, license: '', supplier: fields.get('maintainer') ?? '', source }];
  });
}

/** Lines that begin with a space go on with the field before; none of those is needed here. */
function fieldsOf(paragraph: string): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of paragraph.split('\n')) {
    const colon = line.indexOf(':');
    if (colon <= 0 || /^\s/.test(line)) continue;
    fields.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return fields;
}
