export { exitNow } from './exit.ts';
export { bootId, ProcessHandle, type ProcessIdentity } from './handle.ts';
export { pipe, readAll, readLine } from './pipe.ts';
export { findProgram, isExecutable } from './program.ts';
export { releaseMemory } from './release-memory.ts';
export { type RunOptions, type RunResult, run } from './run.ts';
export { SealedProgram } from './sealed-program.ts';
export { signalName, signalNumber } from './signals.ts';
export { type SpawnOptions, spawnProcess } from './spawn.ts';
export {
  DirectSpawner,
  type GuardedSpawner,
  openGuardedSpawner,
  openSpawner,
  type Spawner,
} from './spawner.ts';
export type { ExitStatus } from './status.ts';
export { tryWait, wait } from './wait.ts';
