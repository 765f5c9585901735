#!/usr/bin/env python3
"""kill -9 of any process at random moments of the pipeline: the run completes by itself, with the same digest and no row twice.

BF_KILLS (10) is how often, BF_SEED the seed of the moments; both are printed.
"""

import os
import pathlib
import random
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support.suite import SOURCE, SixProcesses, Standalone  # noqa: E402

BIN = pathlib.Path(sys.argv.pop(1)).resolve()
DEMO = SOURCE / "config/pipelines/demo.yaml"
KILLS = int(os.environ.get("BF_KILLS", "10"))
SEED = int(os.environ.get("BF_SEED", str(random.randrange(1 << 30))))


class Kill(unittest.TestCase):
    def counts(self, suite):
        """What a second execution of any effect would change."""
        summary = suite.ask("data", "summary")["series"]
        return {
            "rows": {series["key"]["symbol"]: series["rowCount"] for series in summary},
            "models": len(suite.ask("training", "list").get("models", [])),
            "signal runs": len(suite.ask("signals", "list").get("signalRuns", [])),
            "backtests": len(suite.ask("backtest", "list").get("backtestRuns", [])),
        }

    def survives(self, suite, kills, rng):
        expected, _ = suite.run_pipeline(DEMO)
        base = self.counts(suite)
        started = time.monotonic()
        suite.run_pipeline(DEMO)
        duration = time.monotonic() - started
        once = self.counts(suite)
        done = 0
        while done < kills:
            before = self.counts(suite)
            command = suite.popen("pipeline", "run", DEMO)
            for _ in range(min(2, kills - done)):
                time.sleep(rng.uniform(0.02, max(0.2, duration)))
                suite.kill_and_restart(rng.choice(suite.victims()))
                done += 1
            _, errors = command.communicate(timeout=240)
            self.assertEqual(command.returncode, 0, f"seed {SEED}: {errors[-3000:]}\n{suite.logs()}")
            run = suite.ask("pipeline", "show", "latest")
            self.assertEqual(suite.digest_of(run), expected, f"seed {SEED}")
            after = self.counts(suite)
            for name in ("models", "signal runs", "backtests"):
                self.assertEqual(after[name] - before[name], once[name] - base[name], f"seed {SEED}: {name}")
            self.assertEqual(after["rows"], base["rows"], f"seed {SEED}")

    def test_six_processes(self):
        print(f"seed {SEED}, {KILLS} kills", file=sys.stderr)
        with SixProcesses(BIN) as six:
            self.survives(six, KILLS, random.Random(SEED))

    def test_one_process(self):
        print(f"seed {SEED}", file=sys.stderr)
        with Standalone(BIN) as one:
            self.survives(one, max(2, KILLS // 3), random.Random(SEED + 1))


if __name__ == "__main__":
    unittest.main()
