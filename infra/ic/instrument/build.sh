#!/bin/sh
# Builds the instrumenter to Wasm: build.sh OUTPUT
# CARGO, RUSTC, LIVEPOD_WASM_LINKER name a toolchain without the wasm32 target (it then builds std itself);
# without them, cargo on the PATH must have the target wasm32-unknown-unknown.
set -eu
output=${1:?usage: build.sh OUTPUT}
here=$(cd "$(dirname "$0")" && pwd)
target=${CARGO_TARGET_DIR:-$here/target}
extra=
if [ -n "${RUSTC_BOOTSTRAP:-}" ]; then extra='-Zbuild-std=std,panic_abort'; fi
cd "$here"
CARGO_TARGET_DIR=$target "${CARGO:-cargo}" build --release --locked --target wasm32-unknown-unknown $extra
mkdir -p "$(dirname "$output")"
cp "$target/wasm32-unknown-unknown/release/instrument.wasm" "$output.tmp"
mv "$output.tmp" "$output"
