import { DockerfileError, type Lines } from '../error.ts';
import { EXPERIMENTAL, RULES, type Rule } from './rules.ts';

/** What a check has found. */
export interface Finding {
  readonly rule: Rule;
  readonly message: string;
  /** Undefined: it is about the file as a whole. */
  readonly lines: Lines | undefined;
}

type Names = ReadonlySet<string> | 'all';

/** What the directive `# check=skip=A,B;error=true;experimental=C` asks for. */
export interface LintSettings {
  readonly skip: Names;
  readonly experimental: Names;
  /** A finding ends the build. */
  readonly error: boolean;
}

/** @throws DockerfileError for an option that is none */
export function parseLintSettings(text = ''): LintSettings {
  const options = new Map<string, string>();
  for (const part of text.split(';').filter((each) => each.trim() !== '')) {
    const [, name = '', value] = /^\s*([a-z]+)\s*=\s*(.*?)\s*$/i.exec(part) ?? [];
    if (value === undefined || !['skip', 'experimental', 'error'].includes(name.toLowerCase())) {
      throw new DockerfileError(`invalid check option "${part.trim()}": use skip=, experimental= or error=`);
    }
    options.set(name.toLowerCase(), value);
  }
  const error = options.get('error') ?? 'false';
  if (!/^(?:true|false|1|0)$/i.test(error)) {
    throw new DockerfileError(`invalid check option error=${error}: it is true or false`);
  }
  return {
    skip: namesOf(options.get('skip')),
    experimental: namesOf(options.get('experimental')),
    error: /^(?:true|1)$/i.test(error),
  };
}

function namesOf(text = ''): Names {
  if (text.toLowerCase() === 'all') return 'all';
  return new Set(
    text
      .split(',')
      .map((name) => name.trim())
      .filter(Boolean),
  );
}

const includes = (names: Names, rule: Rule): boolean => names === 'all' || names.has(rule);

/** Gathers findings, each but once and without those that nobody wants to hear of. */
export class Lint {
  readonly settings: LintSettings;
  readonly #findings = new Map<string, Finding>();

  constructor(settings: LintSettings) {
    this.settings = settings;
  }

  add(...found: readonly Finding[]): void {
    for (const finding of found) {
      const { rule, message, lines } = finding;
      if (includes(this.settings.skip, rule)) continue;
      if (EXPERIMENTAL.has(rule) && !includes(this.settings.experimental, rule)) continue;
      const key = `${rule} ${lines?.first} ${message}`;
      if (!this.#findings.has(key)) this.#findings.set(key, finding);
    }
  }

  /** In the order of the Dockerfile's lines. */
  get findings(): Finding[] {
    return [...this.#findings.values()].sort(
      (a, b) => (a.lines?.first ?? 0) - (b.lines?.first ?? 0) || (a.rule < b.rule ? -1 : 1),
    );
  }

  /** @throws DockerfileError when findings are errors and there are any */
  check(): void {
    const { findings } = this;
    if (!this.settings.error || findings.length === 0) return;
    const rules = [...new Set(findings.map(({ rule }) => rule))];
    throw new DockerfileError(`lint violation found for rules: ${rules.join(', ')}`, findings[0]?.lines);
  }
}

export const descriptionOf = (rule: Rule): string => RULES[rule];
