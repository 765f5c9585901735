#!/usr/bin/env python3
"""The demo pipeline through the command line: the same digest whatever runs it, on simulated and on real bars."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support.suite import SOURCE, SixProcesses, Standalone, shared_bars  # noqa: E402

BIN = pathlib.Path(sys.argv.pop(1)).resolve()
DEMO = SOURCE / "config/pipelines/demo.yaml"
TECHNICAL = SOURCE / "config/pipelines/technical_analysis.yaml"


class DemoPipeline(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.one = Standalone(BIN, {"OMP_NUM_THREADS": "1"})
        cls.addClassCleanup(cls.one.close)
        cls.digest, cls.run_ = cls.one.run_pipeline(DEMO)

    def test_succeeds_step_by_step(self):
        self.assertEqual(self.run_["job"]["state"], "STATE_SUCCEEDED")
        self.assertEqual([step["job"]["state"] for step in self.run_["steps"]], ["STATE_SUCCEEDED"] * len(self.run_["steps"]))
        self.assertEqual(len(self.digest), 64)
        fetched = self.one.cli("data", "summary").json["series"]
        self.assertEqual({series["key"]["symbol"] for series in fetched}, {"AAPL", "MSFT", "JPM", "XOM"})

    def test_gives_the_same_digest_again(self):
        digest, again = self.one.run_pipeline(DEMO)
        self.assertEqual(digest, self.digest)
        self.assertNotEqual(again["name"], self.run_["name"])

    def test_gives_the_same_digest_in_six_processes_with_two_threads(self):
        with SixProcesses(BIN, {"OMP_NUM_THREADS": "2"}) as six:
            digest, run = six.run_pipeline(DEMO)
            self.assertEqual(digest, self.digest, six.logs())
            self.assertEqual(len(run["steps"]), len(self.run_["steps"]))

    def test_the_same_request_id_is_the_same_run(self):
        request_id = "6ba7b810-9dad-41d1-80b4-00c04fd430c8"
        first = self.one.cli("pipeline", "run", TECHNICAL, "--request-id", request_id)
        second = self.one.cli("pipeline", "run", TECHNICAL, "--request-id", request_id)
        self.assertEqual((first.status, second.status), (0, 0), first)
        self.assertEqual(first.json["name"], second.json["name"])

    def test_writes_a_page_that_needs_nothing_else(self):
        page = self.one.folder / "report.html"
        answer = self.one.cli("pipeline", "run", DEMO, "--report", page, output="table")
        self.assertEqual(answer.status, 0, answer)
        self.assertEqual(answer.out, "", "tables are for people")
        for text in ("data quality", "model demo version", "trades by symbol", "sharpe", f"result digest {self.digest}"):
            self.assertIn(text, answer.people)
        html = page.read_text()
        self.assertIn("<svg", html)
        for outside in ("<script src", "<link", "@import", "url(http"):
            self.assertNotIn(outside, html)

    def test_real_bars_give_the_same_digest_everywhere(self):
        bars = shared_bars()
        if bars is None:
            self.skipTest("no real bars beside the checkout")
        flags = [f"--set={name}={value}" for name, value in
                 {"SOURCE": "csv_file", "DATA": bars, "SYMBOLS": "AAPL,MSFT,JPM,XOM"}.items()]
        digest, _ = self.one.run_pipeline(DEMO, *flags)
        self.assertNotEqual(digest, self.digest)
        with SixProcesses(BIN, {"OMP_NUM_THREADS": "2"}) as six:
            self.assertEqual(six.run_pipeline(DEMO, *flags)[0], digest)


if __name__ == "__main__":
    unittest.main()
