import { posix } from 'node:path';
import { parseDuration } from '#lib/durations';
import { invalid } from '#lib/errors';
import { signalNumber } from '#linux/process';
import type { HealthcheckConfig, ImageConfig } from './image.ts';
import { splitWords, unquote } from './shell-words.ts';

type Apply = (config: ImageConfig, rest: string) => Partial<ImageConfig>;

/** Applies Dockerfile-style changes (`CMD ["x"]`, `ENV a=b`) to a config: commit and import use it. @throws invalid */
export function applyChanges(config: ImageConfig, changes: readonly string[]): ImageConfig {
  let result = config;
  let commandSet = false;
  for (const change of changes.flatMap((text) => text.split('\n'))) {
    if (change.trim() === '') continue;
    const [, word = '', rest = ''] = /^\s*(\S+)\s*(.*?)\s*$/s.exec(change) ?? [];
    const instruction = word.toUpperCase();
    const apply = INSTRUCTIONS.get(instruction);
    if (!apply) throw invalid(`${word} is not a valid change command`);
    if (rest === '') throw invalid(`${instruction} requires at least one argument`);
    result = { ...result, ...apply(result, rest) };
    if (instruction === 'CMD') commandSet = true;
    // The old command was written as arguments for the old entry point.
    if (instruction === 'ENTRYPOINT' && !commandSet) result = { ...result, cmd: undefined };
  }
  return result;
}

const INSTRUCTIONS: ReadonlyMap<string, Apply> = new Map<string, Apply>([
  ['CMD', (config, rest) => ({ cmd: commandLine(config, rest) })],
  ['ENTRYPOINT', (config, rest) => ({ entrypoint: commandLine(config, rest) })],
  ['ENV', (config, rest) => ({ env: withEnv(config.env, keyValues(config, rest)) })],
  [
    'LABEL',
    (config, rest) => ({ labels: { ...config.labels, ...Object.fromEntries(keyValues(config, rest)) } }),
  ],
  [
    'EXPOSE',
    (config, rest) => ({ exposedPorts: union(config.exposedPorts, words(config, rest).flatMap(ports)) }),
  ],
  ['VOLUME', (config, rest) => ({ volumes: union(config.volumes, jsonForm(rest) ?? words(config, rest)) })],
  ['USER', (config, rest) => ({ user: expand(config, rest) })],
  [
    'WORKDIR',
    (config, rest) => ({ workingDir: posix.resolve('/', config.workingDir, expand(config, rest)) }),
  ],
  ['STOPSIGNAL', (config, rest) => ({ stopSignal: signal(expand(config, rest)) })],
  [
    'SHELL',
    (_, rest) => ({ shell: jsonForm(rest) ?? refuse('SHELL requires the arguments to be in JSON form') }),
  ],
  ['ONBUILD', (config, rest) => ({ onBuild: [...(config.onBuild ?? []), trigger(rest)] })],
  ['HEALTHCHECK', (_, rest) => ({ healthcheck: healthcheck(rest) })],
]);

function refuse(message: string): never {
  throw invalid(message);
}

function commandLine(config: ImageConfig, rest: string): readonly string[] {
  return jsonForm(rest) ?? [...(config.shell ?? ['/bin/sh', '-c']), rest];
}

/** `["a", "b"]`; anything that is no JSON list of strings is a shell's business. */
function jsonForm(text: string): string[] | undefined {
  if (!text.startsWith('[')) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  } catch {
    // The shell form it is.
  }
  return undefined;
}

const variablesOf = ({ env }: ImageConfig): Map<string, string> =>
  new Map(env.map((entry) => [entry.split('=', 1)[0] ?? '', entry.slice(entry.indexOf('=') + 1)]));

const expand = (config: ImageConfig, text: string): string => unquote(text, variablesOf(config));
const words = (config: ImageConfig, text: string): string[] =>
  splitWords(text).map((word) => expand(config, word));

/** `a=b c="d e"`, or the old `a the rest`. */
function keyValues(config: ImageConfig, text: string): [string, string][] {
  const [first = '', ...others] = splitWords(text);
  if (!first.includes('=')) {
    if (others.length === 0) throw invalid(`${first} must have a value: use ${first}=value`);
    return [[expand(config, first), expand(config, text.slice(text.indexOf(first) + first.length).trim())]];
  }
  return [first, ...others].map((word) => {
    const equals = word.indexOf('=');
    if (equals < 0)
      throw invalid(`syntax error: can't find = in ${JSON.stringify(word)}: must be of the form name=value`);
    if (equals === 0) throw invalid('the name of a variable or label cannot be blank');
    return [expand(config, word.slice(0, equals)), expand(config, word.slice(equals + 1))];
  });
}

/** In place, so that the order stays. */
function withEnv(env: readonly string[], values: readonly [string, string][]): string[] {
  const result = new Map(env.map((entry) => [entry.split('=', 1)[0] ?? '', entry]));
  for (const [name, value] of values) result.set(name, `${name}=${value}`);
  return [...result.values()];
}

const union = (old: readonly string[], added: readonly string[]): string[] => [
  ...new Set([...old, ...added]),
];

/** `80`, `53/udp`, `8000-8010`: as `80/tcp` each. */
function ports(word: string): string[] {
  const [, first, last, protocol = 'tcp'] = /^(\d+)(?:-(\d+))?(?:\/(tcp|udp|sctp))?$/i.exec(word) ?? [];
  const from = Number(first);
  const to = Number(last ?? first);
  const valid = first !== undefined && from >= 1 && to <= 65535 && from <= to;
  if (!valid) throw invalid(`invalid containerPort: ${word}`);
  return Array.from({ length: to - from + 1 }, (_, index) => `${from + index}/${protocol.toLowerCase()}`);
}

function signal(name: string): string {
  signalNumber(name);
  return name;
}

function trigger(instruction: string): string {
  const [word = ''] = instruction.toUpperCase().split(/\s/);
  if (word === 'ONBUILD') throw invalid("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
  if (word === 'FROM' || word === 'MAINTAINER') throw invalid(`${word} isn't allowed as an ONBUILD trigger`);
  return instruction;
}

type Times = Omit<HealthcheckConfig, 'test'>;
const HEALTH_FLAGS: Readonly<Record<string, keyof Times>> = {
  interval: 'interval',
  timeout: 'timeout',
  'start-period': 'startPeriod',
  'start-interval': 'startInterval',
  retries: 'retries',
};

function healthcheck(text: string): HealthcheckConfig {
  const times = { interval: 0, timeout: 0, retries: 0, startPeriod: 0, startInterval: 0 };
  let rest = text;
  for (let flag = /^--([a-z-]+)=(\S+)\s*/.exec(rest); flag; flag = /^--([a-z-]+)=(\S+)\s*/.exec(rest)) {
    const [whole, name = '', value = ''] = flag;
    const key = HEALTH_FLAGS[name];
    if (!key) throw invalid(`unknown flag: ${name}`);
    times[key] = key === 'retries' ? retries(value) : duration(name, value);
    rest = rest.slice(whole.length);
  }
  const [, kind = '', command = ''] = /^(\S+)\s*(.*)$/s.exec(rest) ?? [];
  if (kind.toUpperCase() === 'NONE' && command === '') return { ...times, test: ['NONE'] };
  if (kind.toUpperCase() !== 'CMD')
    throw invalid(`Unknown type ${JSON.stringify(kind)} in HEALTHCHECK (try CMD)`);
  if (command === '') throw invalid('Missing command after HEALTHCHECK CMD');
  const list = jsonForm(command);
  return { ...times, test: list ? ['CMD', ...list] : ['CMD-SHELL', command] };
}

function retries(text: string): number {
  if (!/^\d+$/.test(text)) throw invalid(`--retries must be a whole number, not ${text}`);
  return Number(text);
}

function duration(flag: string, text: string): number {
  const value = parseDuration(text);
  if (value !== 0 && value < 1_000_000) throw invalid(`Interval "${flag}" cannot be less than 1ms`);
  return value;
}
