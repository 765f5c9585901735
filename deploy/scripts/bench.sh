#!/usr/bin/env bash
# Builds a release with benchmarks and measures: bench.sh [PREFIX] runs only the benchmarks whose name begins so.
set -euo pipefail
cd "$(dirname "$0")/../.."
deploy/scripts/build.sh release all -DBREADTHFLOW_BENCHMARKS=ON
exec /usr/bin/python3 tests/benchmark/run.py --build build/release --out build/bench/results.json ${1:+--only "$1"}
