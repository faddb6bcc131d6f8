#!/bin/sh
# npm run soak: a thousand cycles, a thousand containers, many attached clients; what is left over, and how fast. See bench/soak/main.ts.
set -eu
cd "$(dirname "$0")/.."
[ "$(id -u)" = 0 ] || { echo "npm run soak needs root: sudo npm run soak" >&2; exit 1; }
scripts/install.sh --bench
exec node_modules/node/bin/node --disable-warning=ExperimentalWarning bench/soak/main.ts "$@"
