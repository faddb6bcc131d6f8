import { descriptionOf, excerpt, type Finding, type Lines, ruleUrl } from '#dockerfile';
import { type Inspection, outlineOf, targetsOf } from '#engine/build';

export type BuildCall = 'lint' | 'outline' | 'targets';

/** As BuildKit's front end answers a subrequest: one document for machines, one for people. */
export interface CallResult {
  readonly 'result.json': string;
  readonly 'result.txt': string;
  /** `1` when something is wrong. */
  readonly 'result.statuscode': string;
}

/** @throws what is wrong with the Dockerfile, unless that is what was asked for */
export function callResult(call: BuildCall, inspection: Inspection): CallResult {
  if (call === 'lint') return lintResult(inspection);
  if (inspection.error) throw inspection.error;
  return call === 'outline' ? outlineResult(inspection) : targetsResult(inspection);
}

type Understood = Exclude<Inspection, { readonly error: object }>;

const json = (value: object): string => JSON.stringify(value, undefined, 2);

/** BuildKit's `pb.Location`. */
const location = (lines: Lines | undefined) =>
  lines && {
    location: {
      ranges: [{ start: { line: lines.first, character: 0 }, end: { line: lines.last, character: 0 } }],
    },
  };

const sourcesOf = ({ source: { source } }: Inspection): string[] => [Buffer.from(source).toString('base64')];

function lintResult({ findings, source, error }: Inspection): CallResult {
  const document = {
    warnings: findings.map(({ rule, message, lines }) => ({
      ruleName: rule,
      description: descriptionOf(rule),
      url: ruleUrl(rule),
      detail: message,
      ...location(lines),
    })),
    sources: [
      { filename: source.name, language: 'Dockerfile', data: Buffer.from(source.source).toString('base64') },
    ],
    ...(error && { buildError: { message: error.message, ...location(linesOf(error)) } }),
  };
  const failed = findings.length > 0 || error !== undefined;
  return {
    'result.json': json(document),
    'result.txt': lintText({ findings, source, error }),
    'result.statuscode': failed ? '1' : '0',
  };
}

const linesOf = (error: Error): Lines | undefined =>
  'lines' in error ? (error.lines as Lines | undefined) : undefined;

function lintText({ findings, source, error }: Pick<Inspection, 'findings' | 'source' | 'error'>): string {
  const blocks = findings.map((finding) => {
    const { rule, message, lines } = finding;
    const heading = `WARNING: ${rule} - ${ruleUrl(rule)}\n${message}`;
    return `${heading}${lines ? `\n${excerpt(source.source, lines, source.name)}` : ''}\n`;
  });
  if (error) {
    const place = 'excerpt' in error ? `\n${String(error.excerpt)}` : '';
    blocks.push(`ERROR: ${error.message}${place}\n`);
  }
  return blocks.map((block) => `\n${block}`).join('');
}

const outlineArgs = (args: readonly { name: string; value: string | undefined; description: string }[]) => [
  ['BUILD ARG', 'VALUE', 'DESCRIPTION'],
  ...args.map(({ name, value = '', description }) => [name, value, description]),
];

function outlineResult(inspection: Understood): CallResult {
  const { name, description, args, secrets, ssh, caches } = outlineOf(inspection.plan, inspection.dockerfile);
  const needed = (list: typeof secrets) =>
    list.map(({ id, required, lines }) => ({ name: id, ...(required && { required }), ...location(lines) }));
  const document = {
    ...(name && { name }),
    ...(description && { description }),
    ...(args.length > 0 && {
      args: args.map((arg) => ({
        name: arg.name,
        ...(arg.description && { description: arg.description }),
        ...(arg.value && { value: arg.value }),
        ...location(arg.lines),
      })),
    }),
    ...(secrets.length > 0 && { secrets: needed(secrets) }),
    ...(ssh.length > 0 && { ssh: needed(ssh) }),
    ...(caches.length > 0 && { cache: caches.map(({ id, lines }) => ({ ID: id, ...location(lines) })) }),
    sources: sourcesOf(inspection),
  };
  const requirement = (title: string, list: typeof secrets) =>
    list.length === 0
      ? []
      : [table([[title, 'REQUIRED'], ...list.map(({ id, required }) => [id, required ? 'true' : ''])])];
  const about = [['TARGET:', name || '(default)'], ...(description ? [['DESCRIPTION:', description]] : [])];
  const text = [
    table(about),
    ...(args.length > 0 ? [table(outlineArgs(args))] : []),
    ...requirement('SECRET', secrets),
    ...requirement('SSH', ssh),
    ...(caches.length > 0 ? [table([['CACHE MOUNT'], ...caches.map(({ id }) => [id])])] : []),
  ].join('\n');
  return { 'result.json': json(document), 'result.txt': text, 'result.statuscode': '0' };
}

function targetsResult(inspection: Understood): CallResult {
  const targets = targetsOf(inspection.dockerfile);
  const document = {
    targets: targets.map(({ name, isDefault, description, base, platform, lines }) => ({
      ...(name && { name }),
      ...(isDefault && { default: true }),
      ...(description && { description }),
      ...(base && { base }),
      ...(platform && { platform }),
      ...location(lines),
    })),
    sources: sourcesOf(inspection),
  };
  const rows = targets.map(({ name, isDefault, description }) => [
    [name, isDefault ? '(default)' : ''].filter(Boolean).join(' '),
    description,
  ]);
  const text = table([['TARGET', 'DESCRIPTION'], ...rows]);
  return { 'result.json': json(document), 'result.txt': text, 'result.statuscode': '0' };
}

/** Columns, three spaces between them. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, at) => cell.padEnd((widths[at] ?? 0) + 3))
          .join('')
          .trimEnd()}\n`,
    )
    .join('');
}

/** ` 2 warnings found:` and a line for each: how builds end that have some. */
export function findingsText(findings: readonly Pick<Finding, 'rule' | 'message' | 'lines'>[]): string {
  if (findings.length === 0) return '';
  const count = findings.length === 1 ? '1 warning' : `${findings.length} warnings`;
  const lines = findings.map(
    (finding) =>
      ` - ${finding.rule}: ${finding.message}${finding.lines ? ` (line ${finding.lines.first})` : ''}\n`,
  );
  return `\n ${count} found:\n${lines.join('')}`;
}
