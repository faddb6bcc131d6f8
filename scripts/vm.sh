#!/bin/sh
# npm run test:vm: the tests that need another host than this one, in Debian 12 in a virtual machine (QEMU without
# KVM: minutes). Pure cgroup v2 with systemd and AppArmor, pure v1, hybrid.
#   npm run test:vm -- v2                                 on one kind of host
#   npm run test:vm -- v2 test/e2e/logs.e2e.test.ts       these files
#   npm run test:vm -- shell v1                           a console (root, no password); Ctrl-A X ends it
set -eu
cd "$(dirname "$0")/.."
[ "$(id -u)" = 0 ] || { echo "npm run test:vm needs root, to make the file systems: sudo npm run test:vm" >&2; exit 1; }
scripts/install.sh --vm
exec node_modules/node/bin/node --disable-warning=ExperimentalWarning test/vm/main.ts "$@"
