#!/bin/sh
# Installs what Berth needs on Debian. Safe to repeat; quick when nothing is missing.
#   scripts/install.sh          what the engine runs on
#   scripts/install.sh --test   also the real clients, registries and tools that the tests use
#   scripts/install.sh --bench  also the peers that the benchmark compares with
#   scripts/install.sh --vm     also what the tests in a virtual machine need (npm run test:vm)
#   scripts/install.sh --list   prints the packages that the other options name, and does nothing
set -eu
cd "$(dirname "$0")/.."

engine="libatomic1 crun conmon nftables libnftables1 tini busybox-static golang-github-containers-common isal zstd bzip2 xz-utils uidmap passt"
tests="iproute2 slirp4netns skopeo docker-registry umoci mmdebstrap procps netcat-openbsd iptables ipset curl bind9-dnsutils rsyslog ufw firewalld dbus-daemon python3-docker docker-compose docker.io"
peers="podman runc hyperfine iperf3 sockperf"
machine="qemu-system-x86 mmdebstrap e2fsprogs"

wanted=$engine
list=
for option in "$@"; do
  case $option in
    --test) wanted="$wanted $tests" ;;
    --bench) wanted="$wanted $tests $peers" ;;
    --vm) wanted="$wanted $machine" ;;
    --list) list=yes ;;
    *) echo "install.sh: unknown option $option (known: --test, --bench, --vm, --list)" >&2; exit 2 ;;
  esac
done
[ -z "$list" ] || { echo "$wanted"; exit; }

missing=
for package in $wanted; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
done
if [ -n "$missing" ]; then
  if [ "$(id -u)" != 0 ]; then
    echo "These Debian packages are missing:$missing" >&2
    echo "Install them as root:  sudo apt-get install$missing" >&2
    exit 1
  fi
  echo "==> Debian packages:$missing"
  # Packages bring daemons (docker.io, docker-registry): none of them may start on its own.
  policy=/usr/sbin/policy-rc.d
  [ -e $policy ] || { printf '#!/bin/sh\nexit 101\n' >$policy; chmod +x $policy; trap 'rm -f '$policy EXIT; }
  apt-get update -qq
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
  # Firewalls that the tests run in namespaces: they must not come up at the next boot either.
  for service in firewalld ufw; do
    case " $missing " in *" $service "*) systemctl disable "$service" >/dev/null 2>&1 || true ;; esac
  done
fi

# node_modules is current when npm's own record of it is newer than the lock file.
if [ ! node_modules/.package-lock.json -nt package-lock.json ] || [ ! -x node_modules/node/bin/node ]; then
  echo "==> npm packages (Node 26 among them)"
  npm ci --no-audit --no-fund --loglevel=error
fi
# A bundle that is older than a source would run old code.
stale() {
  [ ! -f "$1" ] || [ -n "$(find bin src scripts package.json node_modules/.package-lock.json -newer "$1" -print -quit)" ]
}
if stale dist/berth.mjs || stale dist/berthd; then npm run --silent build; fi
