import { DockerfileError } from './error.ts';

/** What the first lines of a Dockerfile tell its parser. */
export interface Directives {
  readonly syntax?: string;
  readonly escape: '\\' | '`';
  /** Options of the lint: `skip=A,B;error=true;experimental=C`. */
  readonly check?: string;
}

const NAMES = new Set(['syntax', 'escape', 'check']);
const DIRECTIVE = /^#\s*([a-z][a-z0-9]*)\s*=\s*(.+?)\s*$/i;

/** Directives stand before everything else, comments too, and each but once. @throws DockerfileError */
export function parseDirectives(lines: readonly string[]): Directives {
  const found = new Map<string, string>();
  for (const [index, line] of lines.entries()) {
    const [, name = '', value = ''] = DIRECTIVE.exec(line) ?? [];
    const key = name.toLowerCase();
    if (!NAMES.has(key)) break;
    const place = { first: index + 1, last: index + 1 };
    if (found.has(key)) throw new DockerfileError(`only one ${key} parser directive can be used`, place);
    if (key === 'escape' && value !== '\\' && value !== '`') {
      throw new DockerfileError(`invalid ESCAPE '${value}': it must be \` or \\`, place);
    }
    found.set(key, value);
  }
  const syntax = found.get('syntax') ?? foreignSyntax(lines);
  const check = found.get('check');
  return {
    escape: found.get('escape') === '`' ? '`' : '\\',
    ...(syntax === undefined ? {} : { syntax }),
    ...(check === undefined ? {} : { check }),
  };
}

/** A front end of its own may use `//` comments or JSON: then only the syntax line is looked for. */
function foreignSyntax(lines: readonly string[]): string | undefined {
  const start = lines[0]?.startsWith('#!') ? 1 : 0;
  const first = lines[start] ?? '';
  const commented = /^\/\/\s*syntax\s*=\s*(.+?)\s*$/i.exec(first)?.[1];
  if (commented !== undefined || !first.trimStart().startsWith('{')) return commented;
  try {
    const document: unknown = JSON.parse(lines.slice(start).join('\n'));
    if (typeof document !== 'object' || document === null || !('syntax' in document)) return undefined;
    return typeof document.syntax === 'string' ? document.syntax : undefined;
  } catch {
    return undefined;
  }
}
