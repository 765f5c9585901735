#!/usr/bin/env python3
"""Runs every benchmark of a build, prints a table and writes results.json.

Each google-benchmark program in <build>/benchmarks reports one number per benchmark in the counter "value", with its unit as
the label; the benchmark's name is the result's name. Peers (peers.py and what `make bench-peers` installs) report the same
names; a result with a peer gets ratio = how many times better it is. For `area.work_ns` with a peer there is also `area.work_x`,
the ratio itself, and `area.geomean_x`. Programs of the suite are measured here as processes.

  run.py --build build/release --out build/bench/results.json [--only PREFIX] [--repetitions 5]
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time

LOWER_IS_BETTER = {"ms", "s", "us", "ns", "MB", "bytes/bar", "ns/bar"}


def run_program(program, only, repetitions):
    """Values of one google-benchmark program: {name: (unit, [value per repetition])}."""
    command = [str(program), "--benchmark_format=json", f"--benchmark_repetitions={repetitions}",
               "--benchmark_display_aggregates_only=false", "--benchmark_enable_random_interleaving=true"]
    if only:
        command.append(f"--benchmark_filter=^{re.escape(only)}")
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        sys.exit(f"{program.name} failed with exit status {done.returncode}")
    if not done.stdout.strip():
        return {}
    values = {}
    for entry in json.loads(done.stdout)["benchmarks"]:
        if entry.get("run_type") != "iteration":
            continue
        if entry.get("error_occurred"):
            sys.exit(f"{program.name}: {entry['name']}: {entry.get('error_message')}")
        name = entry["name"].split("/")[0]
        values.setdefault(name, (entry.get("label", ""), []))[1].append(entry["value"])
    return values


def wait_ready(process, timeout=60):
    started = time.monotonic()
    while time.monotonic() - started < timeout:
        line = process.stdout.readline()
        if not line:
            break
        if line.startswith("ready "):
            return line
    process.kill()
    sys.exit("the process under measurement did not become ready")


def resident_mb(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def measure_standalone(build, repetitions):
    """Seconds from exec to the ready line with an existing data directory; resident memory once idle."""
    program = build / "bin" / "breadthflow-standalone"
    if not program.exists():
        return {}
    folder = pathlib.Path(tempfile.mkdtemp(prefix="bf-bench-"))
    os.chmod(folder, 0o755)
    ready, memory = [], []
    environment = {**os.environ, "BREADTHFLOW__SERVER__PORT": "0", "BREADTHFLOW__SERVER__METRICS_PORT": "0"}
    try:
        for attempt in range(repetitions + 1):
            started = time.monotonic()
            process = subprocess.Popen([str(program), "--data-dir", str(folder / "data")], stdout=subprocess.PIPE,
                                       stderr=subprocess.DEVNULL, text=True, env=environment)
            wait_ready(process)
            if attempt > 0:
                ready.append(time.monotonic() - started)
                time.sleep(2)
                memory.append(resident_mb(process.pid))
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return {"process.standalone_ready_s": ("s", ready), "process.standalone_rss_mb": ("MB", memory)}


def load_peers(build, only):
    script = pathlib.Path(__file__).with_name("peers.py")
    if not script.exists():
        return {}
    python = build.parent / "bench-peers" / "bin" / "python"
    command = [str(python) if python.exists() else sys.executable, str(script)] + (["--only", only] if only else [])
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        print("peers: could not be measured", file=sys.stderr)
        return {}
    return json.loads(done.stdout)


def result(name, unit, values, peer):
    value = statistics.median(values)
    row = {"name": name, "value": value, "unit": unit, "peer": None, "peer_value": None, "ratio": 1,
           "runs": len(values), "min": min(values), "max": max(values)}
    if peer:
        row["peer"], row["peer_value"] = peer["peer"], peer["value"]
        row["ratio"] = peer["value"] / value if unit in LOWER_IS_BETTER else value / peer["value"]
    return row


def ratios(rows):
    """`area.work_x` for each `area.work_ns` that has a peer, and their geometric mean by area."""
    found = {}
    for row in rows:
        if row["peer"] and row["name"].endswith("_ns"):
            found.setdefault(row["name"].split(".")[0], []).append(row)
    derived = []
    for area, with_peer in found.items():
        for row in with_peer:
            derived.append(result(row["name"][:-3] + "_x", "x", [row["ratio"]], None))
        derived.append(result(f"{area}.geomean_x", "x", [statistics.geometric_mean(r["ratio"] for r in with_peer)], None))
    return derived


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--only", default="")
    parser.add_argument("--repetitions", type=int, default=5)
    options = parser.parse_args()

    measured = {}
    for program in sorted((options.build / "benchmarks").glob("*")):
        if program.is_file() and os.access(program, os.X_OK):
            print(f"running {program.name} ...", file=sys.stderr)
            measured.update(run_program(program, options.only, options.repetitions))
    if "process".startswith(options.only) or options.only.startswith("process"):
        measured.update(measure_standalone(options.build, min(options.repetitions, 3)))
    if not measured:
        sys.exit(f"no benchmark matches '{options.only}'")

    peers = load_peers(options.build, options.only)
    # A program may measure a peer by itself, as NAME.peer with what it is in place of the unit.
    for name in [name for name in measured if name.endswith(".peer")]:
        what, values = measured.pop(name)
        peers[name.removesuffix(".peer")] = {"peer": what, "value": statistics.median(values)}
    rows = [result(name, unit, values, peers.get(name)) for name, (unit, values) in sorted(measured.items())]
    rows += ratios(rows)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(rows, indent=1) + "\n")

    print(f"{'name':44} {'value':>14} {'unit':10} {'min':>14} {'max':>14} {'ratio':>7}  peer")
    for row in rows:
        peer = f"{row['peer']} {row['peer_value']:.4g}" if row["peer"] else ""
        print(f"{row['name']:44} {row['value']:14,.4g} {row['unit']:10} {row['min']:14,.4g} {row['max']:14,.4g} "
              f"{row['ratio']:7.2f}  {peer}")
    print(f"written to {options.out}")


if __name__ == "__main__":
    main()
