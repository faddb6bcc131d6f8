#!/bin/sh
# npm run fuzz: hostile requests to every operation of the API, for ten minutes or as long as is said.
#   npm run fuzz -- --minutes=60
#   npm run fuzz -- --seed=1234 --path=56     what a failure printed: that request again
set -eu
cd "$(dirname "$0")/.."
[ $# -gt 0 ] || set -- --minutes=10
exec unshare --net node_modules/node/bin/node --disable-warning=ExperimentalWarning test/fuzz/run.ts "$@"
