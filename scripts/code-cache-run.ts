import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Script } from 'node:vm';

// Runs the bundle as src/cli/load.ts does and writes the code cache when it ends: see code-cache.ts.
const [bundle = '', cache = '', ...argv] = process.argv.slice(2);
const filename = resolve(bundle);
const cachedData = existsSync(cache) ? readFileSync(cache) : undefined;
const script = new Script(readFileSync(filename, 'latin1'), { filename, ...(cachedData && { cachedData }) });
if (script.cachedDataRejected) throw new Error('V8 rejected its own code cache');
process.on('exit', () => writeFileSync(cache, script.createCachedData()));
process.argv.splice(2, process.argv.length, ...argv);
script.runInThisContext();
