#!/usr/bin/env bash
# Runs the demo pipeline in a suite of its own and stops it: bars, quality, a model, signals, a backtest, a report.
# SOURCE, DATA, SYMBOLS, START, END, TRAIN_END and MODEL go into the pipeline; STRATEGY=technical_analysis takes the one
# without a model, or names any file of config/pipelines.
set -euo pipefail
cd "$(dirname "$0")/../.."
source deploy/scripts/suite.sh
preset=${PRESET:-release}
cli=build/$preset/bin/breadthflow

pipeline=config/pipelines/demo.yaml
case ${STRATEGY:-ml_model} in
  ml_model) ;;
  *) pipeline=config/pipelines/$STRATEGY.yaml ;;
esac
if [[ ! -f $pipeline ]]; then
  echo "demo: there is no pipeline for STRATEGY=$STRATEGY; known are ml_model$(cd config/pipelines && printf ', %s' *.yaml | sed 's/, demo\.yaml//; s/\.yaml//g')" >&2
  exit 2
fi
# The suite reads the files, wherever it runs.
if [[ -n ${DATA:-} ]]; then
  [[ -d $DATA ]] || { echo "demo: DATA=$DATA is no folder" >&2; exit 2; }
  DATA=$(realpath "$DATA")
fi
if [[ ${SOURCE:-} == csv_file && -z ${DATA:-} ]]; then
  echo "demo: SOURCE=csv_file needs DATA=<folder of SYMBOL.csv>" >&2
  exit 2
fi

set_flags=()
for name in SOURCE DATA SYMBOLS START END TRAIN_END MODEL; do
  [[ -z ${!name:-} ]] || set_flags+=(--set "$name=${!name}")
done

trap stop_suite EXIT
echo "demo: starting the suite"
start_suite "$preset" "$(data_root)/demo" build/demo/standalone.log BREADTHFLOW__SERVER__PORT=0 BREADTHFLOW__SERVER__METRICS_PORT=0
"$cli" --server "$suite_address" pipeline run "$pipeline" "${set_flags[@]}" --report "$PWD/build/demo/report.html" 2>&1
