#!/bin/sh
# npm run bench: Berth beside Debian's docker.io, podman and bare crun, in one run. See bench/main.ts for its flags.
set -eu
cd "$(dirname "$0")/.."
[ "$(id -u)" = 0 ] || { echo "npm run bench needs root: sudo npm run bench" >&2; exit 1; }
scripts/install.sh --bench
exec node_modules/node/bin/node --disable-warning=ExperimentalWarning bench/main.ts "$@"
