#!/usr/bin/env python3
"""`breadthflow data stream` against a running suite: rows as they come, a restart of the server, replays, Ctrl-C."""

import json
import pathlib
import signal
import subprocess
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support.suite import Standalone  # noqa: E402

BIN = pathlib.Path(sys.argv.pop(1)).resolve()


class Lines:
    """What a process writes, line by line, while it runs."""

    def __init__(self, pipe):
        self.lines = []
        threading.Thread(target=self._read, args=(pipe,), daemon=True).start()

    def _read(self, pipe):
        for line in pipe:
            self.lines.append(line.rstrip("\n"))

    def wait(self, count, timeout=60):
        end = time.monotonic() + timeout
        while len(self.lines) < count and time.monotonic() < end:
            time.sleep(0.02)
        return self.lines


class Stream(unittest.TestCase):
    def setUp(self):
        self.suite = Standalone(BIN)
        self.addCleanup(self.suite.close)

    def fetch(self, start, end, *symbols):
        answer = self.suite.cli("data", "fetch", "--symbols", ",".join(symbols), "--start", start, "--end", end)
        self.assertEqual(answer.status, 0, answer)

    def read(self, *words):
        answer = self.suite.cli("data", "read", *words)
        self.assertEqual(answer.status, 0, answer)
        return answer.json

    def follow(self, *words):
        process = self.suite.popen("data", "stream", *words)
        self.addCleanup(process.kill)
        return process, Lines(process.stdout), Lines(process.stderr)

    def test_rows_come_as_they_are_stored_and_a_restart_loses_none(self):
        self.fetch("2020-01-01", "2020-02-01", "AAA")
        process, rows, people = self.follow("--symbols", "AAA,BBB", "--from", "2020-01-15")
        stored = len(self.read("--symbols", "AAA", "--start", "2020-01-15"))
        self.assertEqual(len(rows.wait(stored)), stored)
        self.fetch("2020-02-01", "2020-03-01", "AAA", "BBB")
        stored = self.read("--symbols", "AAA", "--start", "2020-01-15") + self.read("--symbols", "BBB")
        rows.wait(len(stored))
        for name in list(self.suite.processes):
            self.suite.kill_and_restart(name)
        self.fetch("2020-03-01", "2020-04-01", "AAA")
        stored = self.read("--symbols", "AAA", "--start", "2020-01-15") + self.read("--symbols", "BBB")
        order = lambda row: (row["symbol"], row["time"])  # noqa: E731
        told = [json.loads(line) for line in rows.wait(len(stored))]
        self.assertEqual(sorted(told, key=order), sorted(stored, key=order))
        self.assertTrue(any("went away" in line for line in people.lines), people.lines)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(10), 0)

    def test_symbols_that_nobody_has_are_told_at_once(self):
        self.fetch("2020-01-01", "2020-02-01", "AAA")
        process, rows, people = self.follow("--symbols", "AAA,NOPE")
        self.assertIn("nothing is stored yet for NOPE; waiting", people.wait(1)[0])
        self.fetch("2020-01-15", "2020-02-01", "NOPE")
        stored = len(self.read("--symbols", "NOPE"))
        self.assertEqual(len(rows.wait(stored)), stored)
        process.send_signal(signal.SIGINT)
        self.assertEqual(process.wait(10), 0)

    def test_a_replay_is_what_is_read(self):
        self.fetch("2020-01-01", "2020-06-01", "AAA", "BBB")
        answer = subprocess.run(
            [str(BIN / "breadthflow"), "--server", self.suite.server, "--output", "json", "data", "stream", "--symbols", "AAA,BBB",
             "--replay", "2020-02-01..2020-05-01"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual((answer.returncode, answer.stderr), (0, ""))
        played = [json.loads(line) for line in answer.stdout.splitlines()]
        stored = self.read("--symbols", "AAA,BBB", "--start", "2020-02-01", "--end", "2020-05-01")
        self.assertEqual(played, sorted(stored, key=lambda row: (row["time"], row["symbol"])))
        table = self.suite.cli("data", "stream", "--symbols", "AAA", "--replay", "2020-02-01..2020-02-08", output="table")
        self.assertEqual((table.status, table.out), (0, ""))
        self.assertEqual(len(table.people.splitlines()), 6)

    def test_mistakes_are_named_by_flag(self):
        for words, flag in (
            (("--symbols", "AAA", "--replay", "2020"), "--replay"),
            (("--symbols", "AAA", "--replay", "2020-02-01..2020-01-01"),
             "--replay: must end later than it starts, was '2020-02-01..2020-01-01'"),
            (("--symbols", "AAA", "--speed", "2"), "--speed"),
            (("--symbols", "AAA", "--poll", "tulips"), "--poll"),
            (("--symbols", "AAA", "--poll", "simulated", "--interval", "5ms"), "--interval"),
            (("--symbols", "AAA", "--silence-after", "soon"), "--silence-after"),
            (("--symbols", "AAA", "--replay", "2020-01-01..2020-02-01", "--conflate"), "--conflate"),
        ):
            answer = self.suite.cli("data", "stream", *words, timeout=20)
            self.assertEqual(answer.status, 2, answer)
            self.assertIn(flag, answer.people)
        answer = self.suite.cli("data", "stream", "--symbols", "NONE", "--replay", "2020-01-01..2020-02-01")
        self.assertEqual(answer.status, 1, answer)


if __name__ == "__main__":
    unittest.main(verbosity=2)
