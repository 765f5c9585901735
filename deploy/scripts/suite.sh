# For scripts that start the suite in one process; source it. Sets nothing but functions.

# start_suite PRESET DATA_DIR LOG [NAME=VALUE...]: starts breadthflow-standalone in the background and returns when it is
# ready; sets suite_pid and suite_address. Prints the end of the log and returns 1 when it does not come up.
start_suite() {
  local preset=$1 data_dir=$2 log=$3
  shift 3
  mkdir -p "$(dirname "$log")"
  env "$@" "build/$preset/bin/breadthflow-standalone" --data-dir "$data_dir" >"$log.ready" 2>"$log" </dev/null &
  suite_pid=$!
  for _ in $(seq 1200); do
    suite_address=$(sed -n 's/^ready grpc=\([^ ]*\).*/\1/p' "$log.ready")
    [[ -z $suite_address ]] || return 0
    kill -0 "$suite_pid" 2>/dev/null || break
    sleep 0.05
  done
  echo "the suite did not start; the end of $log:" >&2
  tail -15 "$log" >&2
  stop_suite
  return 1
}

# stop_suite: SIGTERM, and waits for the end.
stop_suite() {
  [[ -n ${suite_pid:-} ]] || return 0
  kill "$suite_pid" 2>/dev/null || true
  wait "$suite_pid" 2>/dev/null || true
  suite_pid=
}

# data_root: where a private PostgreSQL may live: as root its server runs as another user, who has to get there.
data_root() { if [[ $(id -u) == 0 ]]; then echo /var/lib/breadthflow; else echo "$HOME/.local/share/breadthflow"; fi; }
