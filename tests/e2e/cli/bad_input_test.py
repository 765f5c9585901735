#!/usr/bin/env python3
"""Wrong input through the command line: a clear error with everything that is wrong, an exit status, nothing stored."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support.suite import SOURCE, Standalone, bars_csv  # noqa: E402

BIN = pathlib.Path(sys.argv.pop(1)).resolve()
RANGE = ("--start", "2013-01-01", "--end", "2014-01-01")


class BadInput(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.suite = Standalone(BIN)
        cls.addClassCleanup(cls.suite.close)
        cls.csv = cls.suite.folder / "csv"
        cls.csv.mkdir()
        bars_csv(cls.csv, "GOOD")
        answer = cls.fetch("GOOD")
        assert answer.status == 0, f"{answer!r}\n{cls.suite.logs()}"
        cls.before = cls.stored()

    @classmethod
    def fetch(cls, symbols, *more):
        return cls.suite.cli("data", "fetch", "--symbols", symbols, "--source", "csv_file", "--path", cls.csv, *RANGE, *more)

    @classmethod
    def stored(cls):
        return [(series["key"]["symbol"], series["rowCount"]) for series in cls.suite.cli("data", "summary").json["series"]]

    def refused(self, answer, status, *texts):
        self.assertEqual(answer.status, status, answer)
        for text in texts:
            self.assertIn(text, answer.people)
        self.assertNotIn("Traceback", answer.people)
        self.assertEqual(self.stored(), self.before, "something was stored")

    def file_is_refused(self, rows, *texts, header="date,open,high,low,close,volume"):
        bars_csv(self.csv, "BAD", rows, header)
        self.refused(self.fetch("BAD"), 1, "BAD", *texts)

    def test_unknown_symbol(self):
        self.refused(self.fetch("NOSUCH"), 1, "NOSUCH")

    def test_one_unknown_symbol_among_good_ones_is_named_and_the_others_are_kept(self):
        answer = self.fetch("GOOD,NOSUCH")
        self.refused(answer, 1, "NOSUCH")
        outcomes = {result["symbol"]: result["outcome"] for result in answer.json["results"]}
        self.assertEqual(outcomes, {"GOOD": "OUTCOME_OK", "NOSUCH": "OUTCOME_FAILED"})

    def test_symbols_that_can_not_be(self):
        self.refused(self.fetch("A B;C,GOOD,GOOD"), 2, "symbols")

    def test_unknown_source_and_wrong_parameter_of_a_source(self):
        self.refused(self.suite.cli("data", "fetch", "--symbols", "X", "--source", "nowhere", *RANGE), 2, "nowhere", "simulated")
        self.refused(self.suite.cli("data", "fetch", "--symbols", "X", "--param", "seeed=1", *RANGE), 2, "seeed")
        self.refused(self.suite.cli("data", "fetch", "--symbols", "X", "--param", "seed=many", *RANGE), 2, "seed")

    def test_reversed_range(self):
        self.refused(self.suite.cli("data", "fetch", "--symbols", "X", "--start", "2014-01-01", "--end", "2013-01-01"), 2, "later")

    def test_unknown_strategy_and_wrong_parameter(self):
        snapshot = ("--symbols", "GOOD")
        self.refused(self.suite.cli("signals", "generate", *snapshot, "--strategy", "crystal_ball"), 2, "crystal_ball", "technical_analysis")
        self.refused(self.suite.cli("signals", "generate", *snapshot, "--param", "rsi_periods=3"), 2, "rsi_periods")
        self.assertEqual(self.suite.cli("signals", "list").json.get("signalRuns", []), [])

    def test_symbols_that_are_not_stored(self):
        self.refused(self.suite.cli("signals", "generate", "--symbols", "GOOD,ABSENT"), 1, "ABSENT")

    def test_unknown_model_type(self):
        self.refused(self.suite.cli("training", "train", "--model-type", "oracle", "--symbols", "GOOD"), 2, "oracle", "random_forest")
        self.assertEqual(self.suite.cli("training", "list").json.get("models", []), [])

    def test_wrong_backtest_settings_are_all_named(self):
        answer = self.suite.cli("backtest", "run", "--symbols", "GOOD", "--cash", "-5", "--engine-param", "slippage_bps")
        self.refused(answer, 2, "--cash", "--engine-param")
        self.assertEqual(self.suite.cli("backtest", "list").json.get("backtestRuns", []), [])

    def refused_with_nothing_left(self, words, *texts):
        """Refused with every text, and neither a snapshot nor a run of anything was made."""
        def made():
            return [self.suite.cli(*verb).out for verb in (("data", "snapshot", "latest"), ("signals", "list"), ("training", "list"),
                                                           ("backtest", "list"))]

        before = made()
        self.refused(self.suite.cli(*words), 2, *texts)
        self.assertEqual(made(), before, words)

    def test_everything_that_is_wrong_is_said_at_once_by_flag_and_field(self):
        self.refused_with_nothing_left(
            ("backtest", "run", "--symbols", "GOOD", "--cash", "-5", "--engine", "x", "--risk", "y", "--sizer", "z", "--strategy", "s"),
            "--cash (spec.initial_cash)", "--engine (spec.engine.name)", "--risk (spec.risk.name)", "--sizer (spec.sizer.name)",
            "--strategy (spec.strategy.name)")
        self.refused_with_nothing_left(
            ("training", "train", "--model-type", "random_forest", "--symbols", "GOOD", "--horizon", "0", "--holdout", "2", "--param", "trees=0"),
            "--horizon: ", "--holdout (spec.holdout_share)", "--param trees (spec.model.params.trees)")
        self.refused_with_nothing_left(
            ("signals", "generate", "--symbols", "GOOD", "--param", "rsi_period=9000", "--param", "fast_period=60"),
            "--param rsi_period (spec.strategy.params.rsi_period)", "--param fast_period (spec.strategy.params.fast_period)")
        self.refused_with_nothing_left(
            ("backtest", "run", "--symbols", "GOOD", "--param", "rsi_period=9000", "--sizer-param", "x=1", "--model", "nosuch"),
            "--param rsi_period", "--sizer-param x", "--model: ")

    def test_unknown_columns(self):
        self.refused(self.suite.cli("data", "read", "--symbols", "GOOD", "--fields", "close,vol"), 2, "--fields (fields[1])", "'vol'", "volume")

    def test_an_unknown_kind_of_component_lists_those_there_are(self):
        self.refused(self.suite.cli("components", "list", "--kind", "nope"), 2, "--kind", "nope", "indicator", "data_source")

    def test_csv_with_a_wrong_header(self):
        self.file_is_refused(["2013-06-03,1,2,1,1,5"], "BAD.csv", header="day,first,high,low,close,volume")

    def test_csv_with_an_unparsable_number(self):
        self.file_is_refused(["2013-06-03,1,2,1,1,5", "2013-06-04,1,two,1,1,5"], "BAD.csv:3", "two")

    def test_csv_with_unsorted_or_duplicate_dates(self):
        self.file_is_refused(["2013-06-04,1,2,1,1,5", "2013-06-03,1,2,1,1,5"], "BAD.csv:3")
        self.file_is_refused(["2013-06-03,1,2,1,1,5", "2013-06-03,1,2,1,1,5"], "BAD.csv:3")

    def test_csv_with_a_negative_price_and_a_high_below_the_low(self):
        self.file_is_refused(["2013-06-03,1,2,1,-1,5"], "BAD.csv:2")
        self.file_is_refused(["2013-06-03,1,2,3,1,5"], "BAD.csv:2")

    def test_every_wrong_line_of_a_csv_is_named(self):
        self.file_is_refused(["2013-06-03,1,x,1,1,5", "2013-06-04,1,2,1,1,5", "2013-06-05,1,2,1,y,5"], "BAD.csv:2", "BAD.csv:4")

    def test_empty_csv(self):
        self.file_is_refused([], "BAD.csv", header=None)

    def pipeline_runs(self):
        return [run["name"] for run in self.suite.cli("pipeline", "list").json.get("pipelineRuns", [])]

    def test_pipeline_files_that_are_wrong(self):
        before = self.pipeline_runs()
        path = self.suite.folder / "wrong.yaml"
        path.write_text("id: x\nsteps:\n  - id: a\n    kind: magic\n  - id: b\n    kind: snapshot\n    inputs: {fetch_run: c.fetch_run}\n")
        self.refused(self.suite.cli("pipeline", "run", path), 2, "magic", "no step 'c'")
        path.write_text("id: x\nsteps:\n  - id: a\n    knd: fetch\n")
        self.refused(self.suite.cli("pipeline", "run", path), 2, f"{path}:4", "knd")
        self.refused(self.suite.cli("pipeline", "run", "/no/such.yaml"), 1, "/no/such.yaml")
        path.write_text("id: x\nstepz: 1\nsteps:\n  - id: a\n    kind: magic\n  - id: b\n    kind: fetch\n    params:\n      odd: 1\n")
        self.refused(self.suite.cli("pipeline", "run", path, "--set", "SYMBOLL=X"), 2, f"{path}:2: unknown key 'stepz'", f"{path}:5 (pipeline.steps[0].kind)",
                     f"{path}:9 (pipeline.steps[1].params.odd)", "--set SYMBOLL")
        self.refused(self.suite.cli("pipeline", "run", SOURCE / "config/pipelines/demo.yaml", "--set", "SYMBOLL=X"), 2, "--set SYMBOLL", "SYMBOLS")
        self.assertEqual(self.pipeline_runs(), before)

    def test_a_pipeline_whose_step_fails_says_which_and_why(self):
        answer = self.suite.cli("pipeline", "run", SOURCE / "config/pipelines/demo.yaml", "--set", "SOURCE=csv_file", "--set", f"DATA={self.csv}",
                                "--set", "SYMBOLS=NOSUCH")
        self.refused(answer, 1, "fetch", "NOSUCH")
        self.assertEqual(answer.json["job"]["state"], "STATE_FAILED")
        self.assertEqual([step["skipped"] for step in answer.json["steps"]], [False, True, True, True, True])
        shown = self.suite.cli("pipeline", "show", answer.json["name"], output="table").people
        self.assertEqual(shown.count("SKIPPED"), 4)
        self.assertNotIn("QUEUED", shown)

    def test_names_that_do_not_exist(self):
        for words in (("backtest", "show", "nothing"), ("signals", "show", "nothing"), ("training", "show", "nothing"),
                      ("pipeline", "show", "nothing"), ("data", "quality", "nothing"), ("components", "show", "indicator/nothing")):
            answer = self.suite.cli(*words)
            self.assertIn(answer.status, (1, 2), (words, answer))
            self.assertIn("nothing", answer.people)
            self.assertEqual(answer.out, "")


if __name__ == "__main__":
    unittest.main()
