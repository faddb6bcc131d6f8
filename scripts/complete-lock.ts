import { readFileSync, writeFileSync } from 'node:fs';

// npm leaves an optional package out of the lock file when the registry at hand does not have it, which happens to
// those of other platforms on a partial mirror; `npm ci` then refuses the lock file. Run this after `npm install`:
// it names them, with the platform that their name tells, so that npm skips them everywhere else.

interface Entry {
  version?: string;
  optional?: boolean;
  dev?: boolean;
  os?: string[];
  cpu?: string[];
  libc?: string[];
  optionalDependencies?: Record<string, string>;
}

const path = 'package-lock.json';
const lock = JSON.parse(readFileSync(path, 'utf8')) as { packages: Record<string, Entry> };

/** `@x/binding-linux-arm64-musl`: os, cpu and C library are the last words of the name. */
function platformOf(name: string): Entry {
  const [os = '', cpu = '', abi = ''] =
    /(android|aix|darwin|freebsd|linux|netbsd|openbsd|openharmony|sunos|win32)-([a-z0-9]+)(?:-([a-z]+))?$/
      .exec(name)
      ?.slice(1) ?? [];
  if (os === '') throw new Error(`the name of ${name} does not tell its platform`);
  const libc = /musl/.test(abi) ? ['musl'] : os === 'linux' && /gnu/.test(abi) ? ['glibc'] : undefined;
  return { cpu: [cpu], ...(libc && { libc }), os: [os] };
}

const packages = { ...lock.packages };
for (const entry of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const place = `node_modules/${name}`;
    if (packages[place]) continue;
    packages[place] = { version, ...(entry.dev && { dev: true }), optional: true, ...platformOf(name) };
    console.log(`named ${name}@${version}`);
  }
}
const sorted = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(path, `${JSON.stringify({ ...lock, packages: sorted }, null, 2)}\n`);
