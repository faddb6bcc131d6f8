import { posix } from 'node:path';
import type {
  Command,
  Healthcheck,
  Instruction,
  KeyValues,
  OnBuild,
  Shell,
  SingleValue,
  StartCommand,
  WordList,
} from '#dockerfile';
import { invalid } from '#lib/errors';
import { signalNumber } from '#linux/process';
import type { ImageConfig } from './image.ts';

/** Those that change nothing but a configuration. */
export type ConfigInstruction =
  | StartCommand
  | KeyValues
  | WordList
  | (SingleValue & { readonly kind: Exclude<SingleValue['kind'], 'MAINTAINER'> })
  | Shell
  | OnBuild
  | Healthcheck;

export const changesConfig = (instruction: Instruction): instruction is ConfigInstruction =>
  !['RUN', 'COPY', 'ADD', 'ARG', 'MAINTAINER'].includes(instruction.kind);

/** A configuration as one instruction leaves it, whose variables are put in. @throws invalid */
export function applyInstruction(config: ImageConfig, instruction: ConfigInstruction): ImageConfig {
  switch (instruction.kind) {
    case 'CMD':
      return { ...config, cmd: commandLine(config, instruction.command) };
    case 'ENTRYPOINT':
      return { ...config, entrypoint: commandLine(config, instruction.command) };
    case 'ENV':
      return { ...config, env: withEnv(config.env, instruction.pairs) };
    case 'LABEL':
      return { ...config, labels: { ...config.labels, ...Object.fromEntries(instruction.pairs) } };
    case 'EXPOSE':
      return { ...config, exposedPorts: union(config.exposedPorts, instruction.words.flatMap(ports)) };
    case 'VOLUME':
      return { ...config, volumes: union(config.volumes, instruction.words) };
    case 'USER':
      return { ...config, user: instruction.value };
    case 'WORKDIR':
      return { ...config, workingDir: posix.resolve('/', config.workingDir, instruction.value) };
    case 'STOPSIGNAL':
      signalNumber(instruction.value);
      return { ...config, stopSignal: instruction.value };
    case 'SHELL':
      return { ...config, shell: instruction.words };
    case 'ONBUILD':
      return { ...config, onBuild: [...(config.onBuild ?? []), instruction.trigger] };
    case 'HEALTHCHECK': {
      const { test, interval, timeout, retries, startPeriod, startInterval } = instruction;
      return { ...config, healthcheck: { test, interval, timeout, retries, startPeriod, startInterval } };
    }
  }
}

export const DEFAULT_SHELL: readonly string[] = ['/bin/sh', '-c'];

/** The words of a command; its shell is the configuration's. */
export function commandLine(
  { shell = DEFAULT_SHELL }: Pick<ImageConfig, 'shell'>,
  command: Command,
): readonly string[] {
  return command.form === 'exec' ? command.words : [...shell, command.script];
}

/** In place, so that the order stays. */
function withEnv(env: readonly string[], values: readonly (readonly [string, string])[]): string[] {
  const result = new Map(env.map((entry) => [entry.split('=', 1)[0] ?? '', entry]));
  for (const [name, value] of values) result.set(name, `${name}=${value}`);
  return [...result.values()];
}

const union = (old: readonly string[], added: readonly string[]): string[] => [
  ...new Set([...old, ...added]),
];

const PORTS = /^(?:(?:\[[\da-f:]*\]|[\w.]*):)?(?:[\d-]*:)?(\d+)(?:-(\d+))?(?:\/(tcp|udp|sctp))?$/i;

/** `80`, `53/udp`, `8000-8010`: as `80/tcp` each. Of `host:80` and `127.0.0.1:8080:80` the container's port counts. */
function ports(word: string): string[] {
  const [, first, last, protocol = 'tcp'] = PORTS.exec(word) ?? [];
  const from = Number(first);
  const to = Number(last ?? first);
  const valid = first !== undefined && from >= 1 && to <= 65535 && from <= to;
  if (!valid) throw invalid(`invalid containerPort: ${word}`);
  return Array.from({ length: to - from + 1 }, (_, index) => `${from + index}/${protocol.toLowerCase()}`);
}
