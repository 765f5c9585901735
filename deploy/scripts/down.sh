#!/usr/bin/env bash
# Stops what up.sh started, and waits until it has.
set -euo pipefail
cd "$(dirname "$0")/../.."
run=build/run
if [[ ! -f $run/pid ]] || ! kill -0 "$(cat $run/pid)" 2>/dev/null; then
  rm -f $run/pid
  echo "down: nothing runs"
  exit 0
fi
pid=$(cat $run/pid)
kill "$pid"
for _ in $(seq 700); do
  kill -0 "$pid" 2>/dev/null || break
  sleep 0.05
done
if kill -0 "$pid" 2>/dev/null; then
  echo "down: process $pid does not stop; see $run/standalone.log" >&2
  exit 1
fi
rm -f $run/pid
echo "down: stopped"
