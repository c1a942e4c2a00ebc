#!/bin/sh
# One command from a bare Debian machine to a multi-layer image running on two storage drivers.
set -eu
cd "$(dirname "$0")/.."
start=$(date +%s)
say() { printf '\033[1m==>\033[0m %s\n' "$*"; }
show() { printf '\n\033[1m$ %s\033[0m\n' "$*"; "$@"; }

sh scripts/setup.sh
strata="$PWD/packages/cli/bin/strata"
if ln -sf "$strata" /usr/local/bin/strata 2>/dev/null; then
  strata=strata
  share=/usr/local/share
  "$strata" __manual man $share/man/man1 >/dev/null
  for file in bash-completion/completions/strata zsh/site-functions/_strata fish/vendor_completions.d/strata.fish; do
    mkdir -p "$share/${file%/*}"
    "$strata" completion "${file%%[-/]*}" >"$share/$file"
  done
fi
image=strata-demo:latest

if ! "$strata" inspect --type image "$image" >/dev/null 2>&1; then
  say "Making a two-layer Debian image (packages from your apt sources, nothing else)"
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  suite=$(. /etc/os-release && echo "${VERSION_CODENAME:-stable}")
  mmdebstrap --quiet --variant=apt --aptopt='Acquire::Languages "none"' "$suite" "$work/base.tar" 2>"$work/log" ||
    { cat "$work/log" >&2; exit 1; }
  "$strata" import --message "mmdebstrap $suite" --change 'CMD ["bash"]' "$work/base.tar" strata-demo:base >/dev/null
  say "Second layer: git, installed inside a container and committed"
  set -- run --name strata-demo-build --network host
  for path in /etc/apt /etc/ssl /usr/share/keyrings /usr/share/ca-certificates /usr/local/share/ca-certificates; do
    [ -e "$path" ] && set -- "$@" -v "$path:$path:ro"
  done
  "$strata" rm -f strata-demo-build >/dev/null 2>&1 || true
  "$strata" "$@" strata-demo:base sh -ec \
    'apt-get -qq update; DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends git >/dev/null; apt-get clean; rm -rf /var/lib/apt/lists/*' \
    >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
  "$strata" commit --message "apt-get install git" strata-demo-build "$image" >/dev/null
  "$strata" rm strata-demo-build >/dev/null
fi

if ! "$strata" storage ls --format '{{.ID}} {{.Supported}}' | grep -q '^btrfs true'; then
  say "This root is not on btrfs: making a sparse pool for the btrfs driver"
  "$strata" storage init btrfs --size 10G
fi

show "$strata" images
show "$strata" run --rm --storage=overlay "$image" git --version
show "$strata" run --rm --storage=btrfs "$image" git --version
show "$strata" info --format '{{range .Drivers}}{{if eq .Kind "layer"}}{{.ID}}: {{if .Probe.Supported}}supported{{else}}{{.Probe.Reason}}{{end}}
{{end}}{{end}}'

say "Done in $(($(date +%s) - start)) s. \`strata\` is on your PATH. Try next:"
cat <<'T'
    strata run -it --rm strata-demo bash
    strata run -d --name web strata-demo sh -c 'while :; do date; sleep 1; done'
    strata logs -f web        strata exec -it web bash        strata rm -f web
    strata run --rm --storage=btrfs strata-demo sh -c 'mv /usr/share /usr/share2 && echo renamed a lower directory'
    strata pull IMAGE         strata check                    strata --help
T
