import { exitProcess } from '../ffi/process.ts';

/**
 * Ends the process without Node's own farewell. `process.exit` waits for V8's threads, and one of them that compiles
 * may just then wait for the main thread to collect garbage: neither ever ends (nodejs/node#54918). Nothing is flushed:
 * what was written synchronously is written.
 */
export function exitNow(status: number): never {
  exitProcess(status);
  throw new Error('unreachable: _exit returned');
}
