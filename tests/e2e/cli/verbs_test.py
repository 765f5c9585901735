#!/usr/bin/env python3
"""Every verb of the command line against a running suite: JSON on standard output only, tables for people, exit status 0."""

import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support.suite import SERVICES, SOURCE, Standalone  # noqa: E402

BIN = pathlib.Path(sys.argv.pop(1)).resolve()
SYMBOLS = ("--symbols", "AAPL,MSFT")


class Verbs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.suite = Standalone(BIN)
        cls.addClassCleanup(cls.suite.close)
        cls.done(cls.suite.cli("data", "fetch", *SYMBOLS, "--timeframe", "1day", "--start", "2013-01-01", "--end", "2018-01-01"))

    @staticmethod
    def done(answer):
        assert answer.status == 0, repr(answer)
        return answer.json

    def both(self, *words):
        """The JSON of a command that also prints a table."""
        table = self.suite.cli(*words, output="table")
        self.assertEqual((table.status, table.out), (0, ""), table)
        self.assertNotEqual(table.people, "", words)
        return self.done(self.suite.cli(*words))

    def test_data(self):
        self.assertEqual(len(self.both("data", "summary")["series"]), 2)
        self.assertEqual([source["component"]["name"] for source in self.both("data", "sources")["sources"]], ["alpha_vantage", "csv_file", "polygon", "sec_edgar", "simulated", "yahoo"])
        self.assertIn("resources/stock_price", [resource["name"] for resource in self.both("data", "resources")["resources"]])
        self.assertEqual(self.both("data", "resources", "stock_price")["name"], "resources/stock_price")
        rows = self.both("data", "read", *SYMBOLS, "--start", "2013-06-01", "--end", "2013-07-01", "--fields", "close,volume", "--limit", "5")
        self.assertEqual([sum(row["symbol"] == symbol for row in rows) for symbol in ("AAPL", "MSFT")], [5, 5], "of each symbol")
        self.assertEqual(set(rows[0]), {"symbol", "time", "close", "volume"})
        snapshot = self.both("data", "snapshot", *SYMBOLS)
        self.assertEqual(self.done(self.suite.cli("data", "snapshot", snapshot["name"]))["contentSha256"], snapshot["contentSha256"])
        self.assertEqual([one["calendar"] for one in self.both("data", "quality", snapshot["name"])["series"]], ["XNYS", "XNYS"])

    def test_fetching_again_changes_nothing(self):
        answer = self.done(self.suite.cli("data", "fetch", *SYMBOLS, "--start", "2013-01-01", "--end", "2018-01-01"))
        self.assertEqual([result["changedRowCount"] for result in answer["results"]], ["0", "0"])

    def test_old_rows_are_dropped(self):
        fetch = ("data", "fetch", "--symbols", "DROP", "--start", "2013-01-01", "--end", "2018-01-01")
        self.done(self.suite.cli(*fetch))
        drop = ("data", "drop", "--before", "2015-01-01", "--symbols", "DROP")
        told = self.both(*drop, "--check")["series"]
        shown = self.suite.cli(*drop, "--check", output="table").people
        self.assertIn("rows of 1 series before 2015-01-01 would go\n", shown, "a day is said as one, and no bytes where there are none")
        self.assertIn("is free only when the later ones that share it are dropped, too", shown)
        self.assertEqual(len(self.done(self.suite.cli("data", "read", "--symbols", "DROP", "--start", "2014-12-01", "--limit", "1"))), 1)
        self.assertEqual(self.done(self.suite.cli(*drop))["series"], told)
        self.assertEqual(self.done(self.suite.cli(*drop))["series"], [], "a second time there is nothing")
        self.done(self.suite.cli(*fetch))
        rows = self.done(self.suite.cli("data", "read", "--symbols", "DROP", "--limit", "1"))
        self.assertEqual(rows[0]["time"][:7], "2015-01")
        self.assertEqual(self.suite.cli("data", "drop", "--before", "2015-01-01").status, 2, "of which symbols?")

    def test_signals_and_backtests(self):
        run = self.done(self.suite.cli("signals", "generate", *SYMBOLS, "--strategy", "technical_analysis"))
        self.assertEqual(run["job"]["state"], "STATE_SUCCEEDED")
        self.assertEqual(self.both("signals", "show", run["name"])["name"], run["name"])
        self.assertEqual(self.both("signals", "summary", run["name"])["symbols"], 2)
        self.assertIn(run["name"], [entry["name"] for entry in self.both("signals", "list")["signalRuns"]])
        self.assertIn(self.both("signals", "read", run["name"], "--limit", "3")[0]["direction"], (-1, 0, 1))

        backtest = self.done(self.suite.cli("backtest", "run", "--signals", run["name"], "--cash", "50000"))
        again = self.done(self.suite.cli("backtest", "run", "--signals", "latest", "--cash", "50000"))
        self.assertEqual(backtest["digest"], again["digest"])
        self.assertEqual(self.both("backtest", "show", backtest["name"])["digest"], backtest["digest"])
        self.assertGreaterEqual(len(self.both("backtest", "list")["backtestRuns"]), 2)
        self.both("backtest", "trades", backtest["name"])
        unknown = self.suite.cli("backtest", "trades", backtest["name"], "--symbol", "NOPE")
        self.assertEqual(unknown.status, 2)
        self.assertIn("which has AAPL, MSFT", unknown.people)
        page = self.suite.folder / "report.html"
        report = self.done(self.suite.cli("backtest", "report", backtest["name"], "--html", page))
        self.assertEqual(report["run"]["digest"], backtest["digest"])
        self.assertIn("<html", page.read_text())
        whole = self.done(self.suite.cli("backtest", "run", *SYMBOLS))
        self.assertEqual(whole["job"]["state"], "STATE_SUCCEEDED")

    def test_training(self):
        run = self.done(self.suite.cli("training", "train", "--model-type", "random_forest", *SYMBOLS, "--timeframe", "1day", "--strategy",
                                       "classification", "--end", "2016-01-01", "--param", "trees=20"))
        model = self.both("training", "show", run["model"])
        self.assertGreater(len(model["scores"]), 0)
        self.assertIn(run["model"], [entry["name"] for entry in self.both("training", "list")["models"]])
        row = ",".join("0.1" for _ in model["features"])
        predicted = self.both("training", "predict", run["model"], "--row", row, "--row", row)["probabilities"]
        self.assertEqual(len(predicted), 2)
        signals = self.done(self.suite.cli("signals", "generate", *SYMBOLS, "--strategy", "ml_model", "--model", "latest"))
        self.assertEqual(signals["spec"]["model"], run["model"])
        for name in ("random_forest", "random_forest/1", run["model"], run["model"].split("/")[1], run["model"].split("/")[1][:30]):
            self.assertEqual(self.done(self.suite.cli("training", "show", name))["name"], run["model"], name)
        failed = self.suite.cli("signals", "generate", *SYMBOLS, "--strategy", "ml_model", "--model", "random_forest", "--end", "2014-06-01")
        self.assertEqual((failed.status, failed.json["job"]["state"]), (1, "STATE_FAILED"), failed)
        backtest = self.done(self.suite.cli("backtest", "run", "--signals", "latest"))
        self.assertEqual(backtest["spec"]["signalRun"], signals["name"], "the newest that succeeded")
        answer = self.suite.cli("training", "show", "random_forest/7")
        self.assertEqual(answer.status, 1)
        self.assertIn("versions of random_forest are 1", answer.people)

    def test_components(self):
        components = self.both("components", "list")["components"]
        kinds = {component["info"]["kind"] for component in components}
        self.assertTrue({"data_source", "indicator", "strategy", "execution_engine", "risk_manager", "model", "pipeline_step"} <= kinds, kinds)
        self.assertTrue(all(c["info"]["kind"] == "indicator" for c in self.both("components", "list", "--kind", "indicator")["components"]))
        self.assertEqual(self.both("components", "show", "indicator/rsi")["info"]["name"], "rsi")

    def test_pipelines(self):
        run = self.done(self.suite.cli("pipeline", "run", SOURCE / "config/pipelines/technical_analysis.yaml", "--set", "SYMBOLS=AAPL,MSFT"))
        self.assertIn(run["name"], [entry["name"] for entry in self.both("pipeline", "list")["pipelineRuns"]])
        self.assertEqual(self.both("pipeline", "show", run["name"])["name"], run["name"])
        self.assertEqual(self.done(self.suite.cli("pipeline", "watch", run["name"]))["job"]["state"], "STATE_SUCCEEDED")
        retried = self.done(self.suite.cli("pipeline", "retry", run["name"], "--from", "signals"))
        generations = {step["step"]: step["generation"] for step in retried["steps"]}
        self.assertEqual((generations["fetch"], generations["signals"], generations["backtest"]), (1, 2, 2))
        self.assertEqual(self.suite.digest_of(run), self.suite.digest_of(retried))
        self.assertEqual(self.done(self.suite.cli("pipeline", "cancel", run["name"]))["job"]["state"], "STATE_SUCCEEDED")
        self.assertIn("was over already: SUCCEEDED", self.suite.cli("pipeline", "cancel", run["name"], output="table").people)
        again = self.suite.cli("pipeline", "retry", run["name"])
        self.assertEqual(again.status, 1)
        self.assertIn("--from STEP", again.people)

    def test_health_and_doctor(self):
        health = self.both("ops", "health")
        self.assertEqual({entry["status"] for entry in health}, {"SERVING"})
        self.assertEqual(len(health), len(SERVICES) + 1)
        self.assertTrue(all(finding["good"] for finding in self.both("doctor")))

    def test_names_may_be_cut_where_they_stay_unique(self):
        def snapshot():
            return self.done(self.suite.cli("data", "snapshot", *SYMBOLS))["name"]

        name, other = snapshot(), snapshot()
        if name[:len("snapshots/") + 8] != other[:len("snapshots/") + 8]:  # the clock turned between the two
            name, other = other, snapshot()
        self.assertEqual(self.done(self.suite.cli("data", "snapshot", name.split("/")[1][:30]))["name"], name)
        several = self.suite.cli("data", "snapshot", name.split("/")[1][:8])
        self.assertEqual(several.status, 2, several)
        self.assertIn(name, several.people)
        self.assertIn(other, several.people)

    def test_progress_is_one_line_per_ten_per_cent_without_a_terminal_and_none_when_quiet(self):
        words = ("data", "fetch", *SYMBOLS, "--start", "2013-01-01", "--end", "2018-01-01")
        self.assertIn("fetch: 100 %", self.suite.cli(*words).people)
        quiet = self.suite.cli("--quiet", *words)
        self.assertEqual((quiet.status, quiet.people), (0, ""))
        json.loads(quiet.out)


if __name__ == "__main__":
    unittest.main()
