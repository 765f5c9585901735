#!/usr/bin/env bash
# Installs what the benchmarks are compared with into build/peers: what the package mirrors offer; the rest is left out.
set -euo pipefail
cd "$(dirname "$0")/../.."
venv=build/peers/python
[[ -x $venv/bin/python ]] || { mkdir -p build/peers && /usr/bin/python3 -m venv $venv; } || {
  echo "bench-peers: needs the package python3-venv" >&2; exit 1; }
for peer in numpy pandas scikit-learn xgboost vectorbt backtesting; do
  echo "bench-peers: $peer"
  $venv/bin/pip install -q --disable-pip-version-check "$peer" || echo "bench-peers: $peer is not offered here; left out"
done
if command -v npm >/dev/null; then
  echo "bench-peers: talib"
  npm install --silent --no-fund --no-audit --prefix build/peers/node talib >/dev/null || echo "bench-peers: talib is not offered here; left out"
fi
