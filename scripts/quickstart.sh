#!/bin/sh
# npm run quickstart: from a bare Debian to a container that serves a page. See quickstart.ts.
set -eu
cd "$(dirname "$0")/.."
[ "$(id -u)" = 0 ] || { echo "The engine needs root for namespaces and mounts: sudo npm run quickstart" >&2; exit 1; }
[ "${1:-}" = --stop ] || scripts/install.sh
exec node_modules/node/bin/node --disable-warning=ExperimentalWarning scripts/quickstart.ts "$@"
