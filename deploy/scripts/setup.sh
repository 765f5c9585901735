#!/usr/bin/env bash
# Installs the Debian packages that are missing: setup.sh [build] [test] [check] [peers]. Asks apt only when something is.
set -euo pipefail

build=(build-essential cmake ninja-build ccache mold pkg-config
  libgrpc++-dev protobuf-compiler-grpc libprotobuf-dev protobuf-compiler libabsl-dev
  libspdlog-dev libfmt-dev libpqxx-dev libpq-dev libcurl4-openssl-dev prometheus-cpp-dev libyaml-cpp-dev
  nlohmann-json3-dev libxgboost-dev libzstd-dev libssl-dev zlib1g-dev libgtest-dev libgmock-dev libbenchmark-dev
  postgresql-15 postgresql-client-15)
test=(python3 python3-grpcio python3-protobuf)
check=(clang-format clang-tidy python3)
peers=(python3-venv)

wanted=()
for group in "${@:-build}"; do
  case $group in
    build) wanted+=("${build[@]}") ;;
    test) wanted+=("${test[@]}") ;;
    check)
      wanted+=("${check[@]}")
      command -v npm >/dev/null || wanted+=(npm)
      ;;
    peers) wanted+=("${peers[@]}") ;;
    *) echo "setup: unknown group '$group'; known are build, test, check, peers" >&2; exit 2 ;;
  esac
done

if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  echo "setup: this is not Debian 12; run the same command in a container:" >&2
  echo "  docker run --rm -it -v \"\$PWD\":/src -w /src debian:bookworm-slim sh -c" \
    "'apt-get update && apt-get install -y git make ca-certificates && make demo'" >&2
  exit 1
fi

# Absent packages make dpkg-query fail as well as say nothing, so its status does not matter.
installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' "${wanted[@]}" 2>/dev/null | sed -n 's/^installed //p' || true)
missing=()
for package in "${wanted[@]}"; do
  grep -qxF -- "$package" <<<"$installed" || missing+=("$package")
done
[[ ${#missing[@]} -gt 0 ]] || exit 0

as_root=()
if [[ $(id -u) != 0 ]]; then
  command -v sudo >/dev/null || { echo "setup: needs root or sudo to install: ${missing[*]}" >&2; exit 1; }
  as_root=(sudo)
fi
echo "setup: installing ${missing[*]}"

# The suite starts private clusters of its own: the package need not make and start one.
conf=/etc/postgresql-common/createcluster.conf
if [[ ! -e $conf ]]; then
  "${as_root[@]}" install -d "$(dirname $conf)"
  echo 'create_main_cluster = false' | "${as_root[@]}" tee $conf >/dev/null
fi

export DEBIAN_FRONTEND=noninteractive
apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300)
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { "${apt[@]}" update && "${apt[@]}" install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1; then
  tail -30 "$log" >&2
  echo "setup: apt-get failed" >&2
  exit 1
fi
