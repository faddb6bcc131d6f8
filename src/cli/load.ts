// What bin/berth runs: the bundled CLI, from V8's code cache beside it. Compiling the bundle anew costs 5 ms a start.
// process.getBuiltinModule instead of import: importing node:fs makes Node load all that hangs on it.
const { readFileSync } = process.getBuiltinModule('node:fs');
const { Script } = process.getBuiltinModule('node:vm');

/** Name of the bundle: the build writes it in. */
declare const BERTH_BUNDLE: string;

const filename = `${import.meta.dirname}/${BERTH_BUNDLE}.js`;

/** Missing, or made by another version of Node: V8 then compiles, and nothing else changes. */
function readCache(): Buffer | undefined {
  try {
    return readFileSync(`${import.meta.dirname}/${BERTH_BUNDLE}.cache`);
  } catch {
    // Not every build has one.
    return undefined;
  }
}

const cachedData = readCache();
new Script(readFileSync(filename, 'latin1'), {
  filename,
  ...(cachedData && { cachedData }),
}).runInThisContext();
