#!/usr/bin/env bash
# Starts the suite in the background: up.sh [PRESET]. Returns when it is ready; starts nothing when it already runs.
set -euo pipefail
cd "$(dirname "$0")/../.."
source deploy/scripts/suite.sh
run=build/run
if [[ -f $run/pid ]] && kill -0 "$(cat $run/pid)" 2>/dev/null; then
  echo "up: runs already: $(cat $run/standalone.log.ready)"
  exit 0
fi
options=()
[[ ! -f config/standalone.yaml ]] || options+=(BREADTHFLOW_CONFIG_DIR="$PWD/config")
start_suite "${1:-release}" "${DATA_DIR:-$(data_root)/standalone}" $run/standalone.log "${options[@]}"
echo "$suite_pid" >$run/pid
disown
echo "up: $(cat $run/standalone.log.ready); logs in $run/standalone.log; stop with make down"
