#!/usr/bin/env bash
# Installs what the benchmarks are compared with into build/bench-peers: what the package mirrors offer; the rest is left
# out and said so.
set -euo pipefail
cd "$(dirname "$0")/../.."
deploy/scripts/setup.sh peers
venv=build/bench-peers
[[ -x $venv/bin/python ]] || { mkdir -p build && /usr/bin/python3 -m venv $venv; }
for peer in numpy pandas TA-Lib scikit-learn xgboost vectorbt backtesting; do
  echo "bench-peers: $peer"
  $venv/bin/pip install -q --disable-pip-version-check --only-binary :all: "$peer" 2>/dev/null ||
    echo "bench-peers: $peer is not offered here; left out"
done
