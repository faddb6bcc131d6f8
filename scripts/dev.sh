#!/bin/sh
# npm run dev: an engine in roots of its own, started again whenever a source file is saved.
set -eu
cd "$(dirname "$0")/.."
[ "$(id -u)" = 0 ] || { echo "npm run dev needs root: sudo npm run dev" >&2; exit 1; }
scripts/install.sh
socket=unix:///run/berth-dev/berthd.sock
echo "export DOCKER_HOST=$socket   # then: docker ps, bin/berth ps"
export UV_THREADPOOL_SIZE=16
exec node_modules/node/bin/node --disable-warning=ExperimentalWarning --watch --watch-preserve-output \
  src/daemon/main.ts --data-root /var/lib/berth-dev --exec-root /run/berth-dev -H "$socket" -D "$@"
