#!/bin/sh
# Strata beside docker, podman and containerd in one run; writes docs/performance.md.
# STRATA_PEERS: a program that brings the peers up; `peers up`, `peers env` and `peers limit` are used.
set -eu
cd "$(dirname "$0")/.."
for node in node_modules/node-linux-*/bin/node; do
  if [ -x "$node" ] && "$node" -e 0 2>/dev/null; then
    PATH="$PWD/$(dirname "$node"):$PATH"
    export PATH
    break
  fi
done
exec node --conditions=source --no-warnings scripts/bench-peers/main.ts "$@"
