#!/bin/sh
# npm test: sets up what is missing, then everything. As an ordinary user: what needs no root.
#   npm test -- src/engine/networks     only what lies below the given paths
set -eu
cd "$(dirname "$0")/.."

if [ "$(id -u)" = 0 ]; then
  scripts/install.sh --test
else
  [ -x node_modules/node/bin/node ] || npm ci --no-audit --no-fund --loglevel=error
  [ -f dist/berth.mjs ] || npm run --silent build
fi

[ $# -gt 0 ] || scripts/ok.sh --no-tests
[ $# -gt 0 ] || set -- src test scripts
# Tests start some thousand processes that run the sources: what one has compiled, the next ones read.
export NODE_COMPILE_CACHE="${NODE_COMPILE_CACHE:-$PWD/node_modules/.cache/compiled}"
exec node_modules/node/bin/node --disable-warning=ExperimentalWarning scripts/test.ts "$@"
