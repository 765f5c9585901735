#!/usr/bin/env python3
"""A symbol that two sources have stored: every verb can name one, and every result says where its bars come from."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support.suite import Standalone, bars_csv  # noqa: E402

BIN = pathlib.Path(sys.argv.pop(1)).resolve()
MADE_UP = "simulated (made-up data)"


class Sources(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.suite = Standalone(BIN)
        cls.addClassCleanup(cls.suite.close)
        cls.csv = cls.suite.folder / "csv"
        cls.csv.mkdir()
        bars_csv(cls.csv, "AAPL")
        bars_csv(cls.csv, "ONLY")
        cls.simulated = cls.done("data", "fetch", "--symbols", "AAPL,MSFT", "--start", "2013-01-01", "--end", "2018-01-01", output="table")
        cls.filed = cls.done("data", "fetch", "--symbols", "AAPL,ONLY", "--source", "csv_file", "--path", "csv", cwd=cls.suite.folder,
                             output="table")

    @classmethod
    def done(cls, *words, **how):
        answer = cls.suite.cli(*words, **how)
        assert answer.status == 0, repr(answer)
        return answer

    def test_a_fetch_says_its_source_and_range(self):
        self.assertIn(f"from {MADE_UP}, 2013-01-01 to 2018-01-01", self.simulated.people)
        self.assertIn("from csv_file, 1990-01-01 to ", self.filed.people)

    def test_a_file_is_fetched_whole_from_a_path_relative_to_the_user(self):
        bars_csv(self.csv, "OLD", [f"{year}-06-04,1,2,1,1.5,100" for year in (1996, 2002, 2013)], "date,open,high,low,close,volume")
        answer = self.done("data", "fetch", "--symbols", "OLD", "--source", "csv_file", "--param", "path=./csv/../csv", cwd=self.suite.folder)
        self.assertEqual(answer.json["results"][0]["rowCount"], "3")
        self.assertEqual(answer.json["spec"]["source"]["params"]["path"]["stringValue"], str(self.csv))
        self.assertFalse(self.done("data", "quality", "--symbols", "OLD").json["passed"], "three days of twenty years")
        refused = self.suite.cli("data", "quality", "--symbols", "OLD", "--check")
        self.assertEqual((refused.status, refused.json["passed"]), (1, False), "a script can stop here")

    def test_every_verb_names_the_flag_where_two_sources_have_a_symbol(self):
        for words in (("data", "read"), ("data", "snapshot"), ("data", "quality"), ("signals", "generate"), ("backtest", "run"),
                      ("training", "train", "--model-type", "random_forest")):
            answer = self.suite.cli(*words, "--symbols", "AAPL")
            self.assertEqual(answer.status, 1, (words, answer))
            for text in ("AAPL is stored from csv_file, simulated", "--source SOURCE", "SEVERAL_SOURCES"):
                self.assertIn(text, answer.people, words)
            self.assertEqual(answer.out, "")

    def test_all_that_is_stored_is_each_symbol_once(self):
        for verb in ("snapshot", "quality"):
            answer = self.suite.cli("data", verb)
            self.assertEqual(answer.status, 1, answer)
            self.assertIn("--source", answer.people)
            self.assertNotIn("twice", answer.people)
        self.assertEqual(len(self.done("data", "snapshot", "--source", "simulated").json["series"]), 2)
        self.assertEqual(len(self.done("data", "quality", "--source", "simulated").json["series"]), 2)
        self.assertEqual(self.suite.cli("data", "snapshot", "--source", "nowhere").status, 1)
        newest = self.done("data", "snapshots", "--limit", "1").json["snapshots"]
        self.assertEqual(newest[0]["name"], self.done("data", "snapshot", "latest").json["name"])

    def test_read_takes_a_source_and_gives_every_row_to_programs(self):
        self.assertEqual(len(self.done("data", "read", "--symbols", "AAPL", "--source", "csv_file").json), 10)
        rows = self.done("data", "read", "--symbols", "AAPL", "--source", "simulated").json
        self.assertGreater(len(rows), 1000)
        table = self.done("data", "read", "--symbols", "AAPL", "--source", "simulated", output="table")
        self.assertIn(f"the first 20 rows; {len(rows) - 20:,} more with --limit N", table.people)
        self.assertEqual(len(self.done("data", "read", "--symbols", "AAPL", "--source", "simulated", "--limit", "7").json), 7)

    def test_summary_can_be_narrowed(self):
        def stored(*flags):
            return [(series["key"]["symbol"], series["source"]) for series in self.done("data", "summary", *flags).json["series"]]

        self.assertEqual(stored("--symbols", "AAPL"), [("AAPL", "csv_file"), ("AAPL", "simulated")])
        self.assertEqual(stored("--symbols", "AAPL,MSFT", "--source", "simulated"), [("AAPL", "simulated"), ("MSFT", "simulated")])
        self.assertIn(("ONLY", "csv_file"), stored("--source", "csv_file"))
        self.assertEqual(self.suite.cli("data", "summary", "--symbols", "NOPE").status, 1)
        self.assertEqual(self.suite.cli("data", "summary", "--source", "nope").status, 1)

    def test_training_signals_and_backtests_take_a_source_and_say_it(self):
        source = ("--symbols", "AAPL,MSFT", "--source", "simulated")
        said = f"bars of AAPL, MSFT from {MADE_UP}, 2013-01-"
        trained = self.done("training", "train", "--model-type", "random_forest", *source, "--param", "trees=5", "--end", "2016-01-01",
                            output="table")
        self.assertIn(said, trained.people)
        self.assertIn(said, self.done("signals", "generate", *source, output="table").people)
        run = self.done("backtest", "run", *source, "--param", "rsi_period=9", output="table").people
        for text in (said, "strategy   technical_analysis (rsi_period=9)", "execution  standard, risk standard", "symbols    AAPL, MSFT",
                     "period     2013-", "costs      "):
            self.assertIn(text, run)
        page = self.suite.folder / "report.html"
        report = self.done("backtest", "report", "--html", page, output="table").people
        for text in (said, "realised", "shares held"):
            self.assertIn(text, report)
        self.assertIn("simulated data</span>", page.read_text().split("</header>")[0])

    def test_a_snapshot_of_two_sources_is_warned_of(self):
        mixed = self.done("data", "snapshot", "--symbols", "MSFT,ONLY", output="table").people
        self.assertIn(f"warning: this snapshot mixes sources: ONLY from csv_file; MSFT from {MADE_UP}", mixed)
        self.assertNotIn("warning", self.done("data", "snapshot", "--symbols", "ONLY", output="table").people)

    def test_the_range_that_is_asked_for_is_judged(self):
        self.done("data", "import", bars_csv(self.suite.folder, "HALF"), "--source", "half", "--set", "calendar=XNYS")
        of = ("--symbols", "HALF", "--source", "half")
        half = (*of, "--start", "2013-05-20", "--end", "2013-06-15")  # 19 sessions, the last 10 have rows

        def findings(report):
            return {one["check"]: one["severity"] for one in report["series"][0].get("findings", [])}

        judged = self.done("data", "quality", *half).json
        self.assertEqual(findings(judged).get("asked_range"), "SEVERITY_WARNING", judged)
        whole = self.suite.cli("data", "quality", *half, "--expect-whole-range", "--check")
        self.assertEqual((whole.status, whole.json["passed"]), (1, False), whole)
        self.assertEqual(findings(whole.json).get("completeness"), "SEVERITY_ERROR", whole)
        self.assertNotIn("asked_range", findings(self.done("data", "quality", *of).json))
        snapshot = self.done("data", "snapshot", *half).json
        self.assertTrue(snapshot["range"]["startTime"] < snapshot["range"]["endTime"], snapshot["range"])
        again = self.done("data", "quality", snapshot["name"], "--expect-whole-range").json
        self.assertFalse(again["passed"])
        part = self.done("data", "snapshot", *of, "--start", "2013-06-05", "--end", "2013-06-07").json
        self.assertEqual(part["series"][0]["rowCount"], "2", "the days 5 and 6")
        unsaid = self.done("data", "snapshot", *of).json["name"]
        for words in (of, (*of, "--start", "2013-06-03"), (unsaid,), ("--snapshot", unsaid)):
            refused = self.suite.cli("data", "quality", *words, "--expect-whole-range")
            self.assertEqual(refused.status, 2, refused)
            self.assertIn("--expect-whole-range: needs --start and --end", refused.people)
        for verb, words in (("quality", (unsaid,)), ("snapshot", ("--snapshot", unsaid))):
            refused = self.suite.cli("data", verb, *words, "--start", "2013-06-03")
            self.assertEqual(refused.status, 2, refused)
            self.assertIn("--start: a snapshot has its own range", refused.people)

    def test_a_snapshot_has_its_own_source(self):
        name = self.done("data", "snapshot", "--symbols", "ONLY").json["name"]
        for words in (("data", "read"), ("signals", "generate"), ("backtest", "run")):
            answer = self.suite.cli(*words, "--snapshot", name, "--source", "csv_file")
            self.assertEqual(answer.status, 2, (words, answer))
            self.assertIn("--source: a snapshot has its own", answer.people)


if __name__ == "__main__":
    unittest.main()
