#!/usr/bin/env bash
# What is checked without running anything: check.sh changed (clang-tidy on what changed since main) | tidy (on all).
set -euo pipefail
cd "$(dirname "$0")/../.."
scope=${1:-changed}
failed=0
report() { echo "check: $1 FAILED" >&2; failed=1; }

sources() { git ls-files --cached --others --exclude-standard -- 'common/*.h' 'common/*.cc' 'services/*.h' 'services/*.cc' 'tests/*.h' 'tests/*.cc'; }

tidy() {
  [[ $# -gt 0 ]] || { echo "check: clang-tidy: no source changed"; return; }
  echo "check: clang-tidy on $# files"
  [[ -f build/release/compile_commands.json ]] || deploy/scripts/build.sh release help >/dev/null
  cmake --build build/release --target bf_proto -j "$(nproc)" >/dev/null
  # It reads the commands without GCC's precompiled headers, so a source has to name what it includes.
  mkdir -p build/tidy
  sed -E 's/ -(Winvalid-pch|fpch-preprocess)//g; s/ -include [^ ]*cmake_pch\.hxx//g' build/release/compile_commands.json >build/tidy/compile_commands.json
  printf '%s\0' "$@" | xargs -0 -P "$(nproc)" -n 1 clang-tidy -p build/tidy --quiet --warnings-as-errors='*' 2>/dev/null || report clang-tidy
}

if [[ $scope == tidy ]]; then
  mapfile -t all < <(sources | grep '\.cc$')
  tidy "${all[@]}"
  exit $failed
fi

echo "check: format"
sources | xargs -r clang-format --dry-run -Werror || report clang-format

echo "check: layers"
/usr/bin/python3 tests/architecture/layers.py . || report layers

echo "check: protos"
buf=build/tools/node_modules/.bin/buf
if [[ ! -x $buf ]]; then
  echo "check: installing buf"
  npm install --silent --no-fund --no-audit --prefix build/tools @bufbuild/buf@1.50.0 >/dev/null
fi
$buf lint proto || report 'buf lint'

# Where the branch left main: its own remote's, or a local one. On main itself: the commit before.
base=$(git merge-base HEAD origin/main 2>/dev/null || git merge-base HEAD main 2>/dev/null || true)
[[ -n $base && $base != $(git rev-parse HEAD) ]] || base=$(git rev-parse -q --verify HEAD~1 || true)
mapfile -t changed < <({ [[ -z $base ]] || git diff --name-only --diff-filter=d "$base" -- '*.cc'; git ls-files --others --exclude-standard -- '*.cc'; } | sort -u)
tidy "${changed[@]}"

[[ $failed == 0 ]] && echo "check: all good"
exit $failed
