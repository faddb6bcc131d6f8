import { posix } from 'node:path';
import { type Add, type Copy, DockerfileError, type Finding, type Stage } from '#dockerfile';
import { BerthError } from '#lib/errors';
import type { CopyStep, Source } from '../step.ts';
import type { Planner } from './plan.ts';
import type { StageState } from './stage.ts';
import { titleOf } from './title.ts';

/** COPY and ADD: one step for what they take from one place, and another for each other place. */
export async function planFiles(
  planner: Planner,
  stage: Stage,
  state: StageState,
  instruction: Copy | Add,
): Promise<void> {
  const { lines, sources, inline, destination } = instruction;
  if (sources.length + inline.length > 1 && !destination.endsWith('/')) {
    throw new DockerfileError(
      `When using ${instruction.kind} with more than one source file, the destination must be a directory and end with a /`,
      lines,
    );
  }
  planner.options.warn(...ignored(planner, instruction));
  const absolute = absoluteDestination(state.config.workingDir, destination);
  let step = state.step;
  for (const { from, paths } of await sourcesOf(planner, stage, state, instruction)) {
    step = {
      ...stepOf(planner, stage, state, instruction),
      base: step,
      from,
      sources: paths,
      destination: absolute,
    };
  }
  state.add(step, `${instruction.text} # buildkit`);
}

/** Sources in the build context that its `.dockerignore` leaves out. */
function ignored({ options }: Planner, instruction: Copy | Add): Finding[] {
  if (instruction.kind === 'COPY' && instruction.from !== undefined) return [];
  const name = instruction.kind === 'COPY' ? 'Copy' : 'Add';
  return instruction.sources
    .filter(
      (source) => !isRemote(source) && options.isIgnored(posix.join('/', source).replace(/^\/|\/$/g, '')),
    )
    .map((source) => ({
      rule: 'CopyIgnoredFile',
      message: `Attempting to ${name} file "${posix.normalize(source)}" that is excluded by .dockerignore`,
      lines: instruction.lines,
    }));
}

/** The slash at its end says that it is a directory. */
function absoluteDestination(workingDir: string, destination: string): string {
  const path = posix.resolve('/', workingDir, destination);
  const directory = /(?:^|\/)\.?$/.test(destination);
  return directory && path !== '/' ? `${path}/` : path;
}

function stepOf(
  planner: Planner,
  stage: Stage,
  state: StageState,
  instruction: Copy | Add,
): Omit<CopyStep, 'base' | 'from' | 'sources' | 'destination'> {
  return {
    kind: 'copy',
    title: titleOf(planner, stage, state, instruction.text),
    lines: instruction.lines,
    platform: state.platform,
    excludes: instruction.excludes,
    owner: instruction.chown,
    mode: instruction.chmod,
    parents: instruction.kind === 'COPY' && instruction.parents,
    link: instruction.link,
    unpack: unpackOf(instruction),
    noCache: planner.noCache(stage),
  };
}

function unpackOf(instruction: Copy | Add): CopyStep['unpack'] {
  if (instruction.kind === 'COPY' || instruction.unpack === false) return 'never';
  return instruction.unpack ? 'always' : 'local';
}

interface Place {
  readonly from: Source;
  readonly paths: readonly string[];
}

async function sourcesOf(
  planner: Planner,
  stage: Stage,
  state: StageState,
  instruction: Copy | Add,
): Promise<Place[]> {
  const { sources, inline, lines } = instruction;
  const context: Source = { kind: 'context', name: '', tree: planner.options.context };
  const places: Place[] = [];
  if (instruction.kind === 'COPY') {
    const from =
      instruction.from === undefined ? context : await fromOf(planner, stage, state, instruction.from, lines);
    if (sources.length > 0) places.push({ from, paths: sources });
  } else {
    const local = sources.filter((source) => !isRemote(source));
    if (local.length > 0) places.push({ from: context, paths: local });
    for (const source of sources.filter(isRemote)) {
      const from = remoteOf(instruction, source);
      places.push({ from, paths: [from.kind === 'url' ? fileNameOf(source) : '/'] });
    }
  }
  const files = inline.map(({ name, content }) => ({ name, content }));
  if (files.length > 0)
    places.push({ from: { kind: 'inline', files }, paths: files.map(({ name }) => name) });
  return places;
}

async function fromOf(
  planner: Planner,
  stage: Stage,
  state: StageState,
  reference: string,
  lines: Copy['lines'],
): Promise<Source> {
  try {
    return await planner.source(reference, stage, state.platform);
  } catch (error) {
    if (error instanceof DockerfileError || !(error instanceof BerthError) || error.kind !== 'invalid')
      throw error;
    throw new DockerfileError(error.message, lines, { cause: error });
  }
}

const GIT = /^(?:git:\/\/|git@|ssh:\/\/)|^https?:\/\/[^#?]+\.git(?:[#?].*)?$|^github\.com\//;
/** Whether an address is that of a git repository. */
export const isGit = (address: string): boolean => GIT.test(address);
const isRemote = (source: string): boolean => /^(?:https?|git|ssh):\/\//.test(source) || isGit(source);

/** What a download is called when the destination is a directory. */
export function fileNameOf(url: string): string {
  const { pathname } = new URL(url);
  return decodeURIComponent(pathname.slice(pathname.lastIndexOf('/') + 1)) || 'download';
}

function remoteOf({ checksum, keepGitDir }: Add, url: string): Source {
  return GIT.test(url) ? { kind: 'git', url, keepGitDir, checksum } : { kind: 'url', url, checksum };
}
