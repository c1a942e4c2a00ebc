#!/bin/sh
# Every test, after the same set-up as the quickstart. Extra arguments go to vitest.
set -eu
cd "$(dirname "$0")/.."
sh scripts/setup.sh --tests
PATH="$PWD/.tools/bin:$PATH"
export PATH TURBO_TELEMETRY_DISABLED=1
printf '\033[1m==>\033[0m Checking types, lint and dead code\n'
pnpm run --silent check
printf '\033[1m==>\033[0m Running the tests\n'
exec pnpm exec vitest run "$@"
