#!/bin/sh
# npm run ok: format, lint, types, import rules, unit tests. Seconds.
set -eu
cd "$(dirname "$0")/.."
bin=node_modules/.bin
export PATH="$PWD/node_modules/node/bin:$PATH"
say() { printf '==> %s\n' "$1"; }

say format;       $bin/biome check --error-on-warnings --log-level=warn
say types;        node node_modules/typescript-7/bin/tsc -p .
say lint;         $bin/oxlint --type-aware --quiet src test scripts bench
say "import rules"; $bin/depcruise --config .dependency-cruiser.cjs --output-type err src
[ "${1:-}" = --no-tests ] && exit 0
say "unit tests"
files=$(find src test scripts -name '*.test.ts' ! -name '*.root.test.ts' ! -name '*.e2e.test.ts' ! -name '*.vm.test.ts')
# shellcheck disable=SC2086
exec node --disable-warning=ExperimentalWarning --test --test-reporter=dot $files
