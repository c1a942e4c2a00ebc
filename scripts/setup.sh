#!/bin/sh
# Installs what Strata needs on Debian and builds it. Idempotent; prints one line per step.
#   scripts/setup.sh          what running Strata needs
#   scripts/setup.sh --tests  and what its tests need
set -eu
cd "$(dirname "$0")/.."

RUNTIME_PACKAGES="aardvark-dns btrfs-progs ca-certificates conmon conntrack crun e2fsprogs gcc iproute2 kmod libc6-dev libisal-dev libisal2 mount nftables procps runc tini util-linux"
DEMO_PACKAGES="busybox-static mmdebstrap"
TEST_PACKAGES="apache2-utils attr containerd containernetworking-plugins curl diffutils docker-registry erofs-utils fuse-overlayfs fuse3 git iptables libcap2-bin openssl python3-minimal qemu-system-x86 skopeo strace systemd tmux umoci xfsprogs xz-utils zstd"

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }
fail() { printf 'strata set-up: %s\n' "$*" >&2; exit 1; }

[ "$(id -u)" = 0 ] || fail "needs root (containers, mounts and cgroups do)"
[ "$(uname -s)" = Linux ] || fail "needs Linux"
command -v npm >/dev/null || fail "needs Node.js 18 or newer with npm: apt-get install nodejs npm"

install_packages() {
  command -v apt-get >/dev/null || { say "no apt-get here: install yourself: $*"; return; }
  missing=""
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
  done
  [ -n "$missing" ] || return 0
  say "Installing from Debian:$missing"
  apt-get update -qq
  # The list is ours and holds no spaces inside names.
  # shellcheck disable=SC2086
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
}

install_packages $RUNTIME_PACKAGES $DEMO_PACKAGES
[ "${1:-}" != --tests ] || install_packages $TEST_PACKAGES

version=$(sed -n 's/.*"packageManager": "pnpm@\([^"]*\)".*/\1/p' package.json)
if [ "$(.tools/bin/pnpm --version 2>/dev/null || true)" != "$version" ]; then
  say "Installing pnpm $version"
  npm install --global --silent --no-fund --no-audit --prefix .tools "pnpm@$version" >/dev/null
fi
PATH="$PWD/.tools/bin:$PATH"
export PATH TURBO_TELEMETRY_DISABLED=1

say "Installing npm packages"
pnpm install --frozen-lockfile --reporter=silent
say "Building"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
pnpm exec turbo run build --output-logs=errors-only --log-order=grouped >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
