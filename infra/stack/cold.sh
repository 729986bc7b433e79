#!/usr/bin/env bash
# Times a first start as on a machine where nothing has been downloaded or built: a fresh clone of HEAD, and empty
# caches of npm, Cargo, Go and pip. What apt has installed stays installed.
#
#   infra/stack/cold.sh                    npm start -- --once --fresh
#   infra/stack/cold.sh test               npm test
set -euo pipefail

top=$(git -C "$(dirname "$0")" rev-parse --show-toplevel)
work=$(mktemp -d "${TMPDIR:-/tmp}/livepod-cold-XXXXXX")
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT # Go's modules are read-only

git clone --quiet "$top" "$work/clone"
mkdir -p "$work/cargo"
# where a registry's mirror is named
cp "${CARGO_HOME:-$HOME/.cargo}"/config* "$work/cargo/" 2>/dev/null || true
export CARGO_HOME="$work/cargo" GOPATH="$work/go" GOMODCACHE="$work/go/mod" GOCACHE="$work/go/build"
export PIP_CACHE_DIR="$work/pip" npm_config_cache="$work/npm" CI=1

cd "$work/clone"
[ $# -gt 0 ] || set -- start -- --once --fresh
time npm "$@"
