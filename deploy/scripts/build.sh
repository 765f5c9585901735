#!/usr/bin/env bash
# Configures a preset where needed and builds a target of it: build.sh PRESET [TARGET] [CMAKE_OPTION...]
set -euo pipefail
cd "$(dirname "$0")/../.."
preset=${1:-release}
target=${2:-all}
options=("${@:3}")
tree=build/$preset

# Two compilers at once fit the memory of small machines; gRPC units take a gigabyte each.
jobs=${JOBS:-$(nproc)}

mkdir -p "$tree"
log=$tree/configure.log
if [[ ! -f $tree/build.ninja || ${#options[@]} -gt 0 ]]; then
  cmake --preset "$preset" "${options[@]}" >"$log" 2>&1 || { cat "$log" >&2; exit 1; }
fi
pending=$(ninja -C "$tree" -n "$target" 2>/dev/null | grep -c '^\[' || true)
[[ $pending -le 4 ]] || echo "build: $preset $target, about $pending steps on $jobs cores"
log=$tree/build-$target.log
if [[ -t 1 ]]; then
  cmake --build "$tree" --target "$target" -j "$jobs"
elif ! cmake --build "$tree" --target "$target" -j "$jobs" >"$log" 2>&1; then
  grep -nE 'error|FAILED|undefined' "$log" | head -40 >&2 || true
  tail -40 "$log" >&2
  echo "build: failed; all of it is in $log" >&2
  exit 1
fi
