#!/usr/bin/env bash
# Builds and runs the tests of one preset: test.sh [release|asan|tsan|dev]. The last line is `N passed, N failed`.
set -euo pipefail
cd "$(dirname "$0")/../.."
preset=${1:-release}
tree=build/$preset

select=()
case $preset in
  release | dev) ;;
  asan)
    # The libraries of the system are not instrumented, so a container that crosses their border looks overflowed.
    export ASAN_OPTIONS=detect_container_overflow=0:detect_leaks=1:${ASAN_OPTIONS:-}
    export LSAN_OPTIONS=suppressions=$PWD/tests/support/lsan.supp:print_suppressions=0:${LSAN_OPTIONS:-}
    export UBSAN_OPTIONS=print_stacktrace=1:${UBSAN_OPTIONS:-}
    ;;
  tsan)
    export TSAN_OPTIONS=ignore_noninstrumented_modules=1:suppressions=$PWD/tests/support/tsan/tsan.supp:${TSAN_OPTIONS:-}
    select=(-L '^tsan$')
    ;;
  *) echo "test: unknown preset '$preset'; known are release, asan, tsan, dev" >&2; exit 2 ;;
esac

deploy/scripts/build.sh "$preset" all

results=$PWD/$tree/results
rm -rf "$results"
mkdir -p "$results"
echo "test: running the tests of $preset; their output is in $tree/results"
status=0
GTEST_OUTPUT=xml:$results/ ctest --test-dir "$tree" -j 2 --output-on-failure "${select[@]}" \
  --no-tests=error --output-junit "$results/ctest.xml" -Q -O "$results/ctest.log" >/dev/null || status=$?
exec /usr/bin/python3 tests/support/count_results.py "$results" "$status"
