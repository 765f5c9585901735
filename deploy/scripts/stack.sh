#!/usr/bin/env bash
# The suite in containers: builds the image, starts PostgreSQL and the six services, runs the demo pipeline through them
# and prints its digest. Leaves them running; KEEP=0 removes them at the end, `stack.sh down` later.
set -euo pipefail
cd "$(dirname "$0")/../.."

compose=(docker compose)
docker compose version >/dev/null 2>&1 || compose=(docker-compose)
command -v "${compose[0]}" >/dev/null || { echo "stack: needs docker with its compose command" >&2; exit 1; }
docker info >/dev/null 2>&1 || { echo "stack: no docker engine answers" >&2; exit 1; }

# One key for people and for the calls between services; made once.
keys=build/stack
mkdir -p $keys
if [[ ! -s $keys/api_key ]]; then
  (umask 077 && od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >$keys/api_key)
fi
BREADTHFLOW_API_KEY=$(cat $keys/api_key)
export BREADTHFLOW_API_KEY

if [[ ${1:-} == down ]]; then
  "${compose[@]}" down -v
  exit
fi

# The services run as a user of their own that has to read it.
cat >$keys/keys.yaml <<YAML
- key: $BREADTHFLOW_API_KEY
  name: stack
  scopes: [admin]
YAML
chmod 644 $keys/keys.yaml

echo "stack: building the image"
DOCKER_BUILDKIT=${DOCKER_BUILDKIT:-0} docker build -q -t breadthflow:local -f deploy/Dockerfile . >/dev/null
echo "stack: starting"
"${compose[@]}" up -d --no-build
[[ ${KEEP:-1} == 1 ]] || trap '"${compose[@]}" down -v' EXIT

# The orchestrator starts when everything it needs is healthy, so it is the last.
for _ in $(seq 240); do
  state=$(docker inspect -f '{{.State.Health.Status}}' "$("${compose[@]}" ps -q orchestrator)" 2>/dev/null || true)
  [[ $state == healthy ]] && break
  sleep 0.5
done
[[ ${state:-} == healthy ]] || { "${compose[@]}" ps; "${compose[@]}" logs --tail 20; echo "stack: not healthy" >&2; exit 1; }

addresses=data=data:50051,signal=signal:50052,backtest=backtest:50053,training=training:50054,registry=registry:50055,orchestrator=orchestrator:50056
"${compose[@]}" exec -T orchestrator breadthflow --server $addresses \
  pipeline run /etc/breadthflow/pipelines/demo.yaml --report /tmp/report.html 2>&1
echo "stack: is up; remove it with: deploy/scripts/stack.sh down"
