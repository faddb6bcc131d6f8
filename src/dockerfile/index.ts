/** The Dockerfile language: reading it, its variables, its patterns, its lint. Nothing here touches a file. */
export { DockerfileError, excerpt, type Lines, located } from './error.ts';
export { IgnoreRules, readIgnoreFile } from './ignore/ignore.ts';
export { compilePattern } from './ignore/pattern.ts';
export { expandInstruction } from './instructions/expand.ts';
export type {
  Add,
  Arg,
  Command,
  Copy,
  From,
  Healthcheck,
  Instruction,
  KeyValues,
  OnBuild,
  Run,
  Shell,
  SingleValue,
  StartCommand,
  WordList,
} from './instructions/instruction.ts';
export { parseMount, type RunMount } from './instructions/mount.ts';
export { isScript } from './instructions/run.ts';
export { lintFile } from './lint/file.ts';
export {
  descriptionOf,
  type Finding,
  Lint,
  type LintSettings,
  parseLintSettings,
} from './lint/lint.ts';
export { type Rule, ruleUrl } from './lint/rules.ts';
export { type LintedStage, StageLint } from './lint/stage.ts';
export { type Dockerfile, parseDockerfile, parseTrigger, type Stage } from './parse.ts';
export type { Heredoc } from './statement.ts';
export { suggest } from './suggest.ts';
export { type Environment, Lookups } from './words/environment.ts';
export { expandWord } from './words/expand.ts';
