#!/usr/bin/env python3
"""Fetching from a provider as a user does it: what is covered, where rows came from, and who is asked when one can not give them."""

import datetime
import hashlib
import http.server
import json
import pathlib
import sys
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support.suite import Standalone  # noqa: E402

BIN = pathlib.Path(sys.argv.pop(1)).resolve()
RANGE = ("--start", "2020-01-01", "--end", "2020-02-01")
NOT_FOUND = {"chart": {"result": None, "error": {"code": "Not Found", "description": "No data found"}}}


def chart(symbol):
    """Two sessions of January 2020."""
    quote = {"open": [10, 10.5], "high": [11, 11.5], "low": [9, 9.5], "close": [10.5, 11], "volume": [1000, 2000]}
    meta = {"currency": "USD", "symbol": symbol, "exchangeName": "NYQ", "gmtoffset": -18000, "regularMarketTime": 1578344400,
            "dataGranularity": "1d"}
    return {"chart": {"result": [{"meta": meta, "timestamp": [1577975400, 1578061800], "indicators": {"quote": [quote]}}], "error": None}}


class Provider(http.server.BaseHTTPRequestHandler):
    asked = []

    def do_GET(self):
        symbol = self.path.split("?")[0].rsplit("/", 1)[1]
        self.asked.append(symbol)
        body = json.dumps(NOT_FOUND if symbol == "NONE" else chart(symbol)).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


class Fetch(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Provider)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        cls.addClassCleanup(server.shutdown)
        cls.suite = Standalone(BIN, {"BREADTHFLOW_YAHOO_URL": f"http://127.0.0.1:{server.server_port}"})
        cls.addClassCleanup(cls.suite.close)

    def fetch(self, symbols, *words, status=0, output="json", source="yahoo"):
        answer = self.suite.cli("data", "fetch", "--symbols", symbols, "--source", source, *RANGE, *words, output=output)
        self.assertEqual(answer.status, status, answer)
        return answer

    def test_what_is_covered_is_not_asked_for_again(self):
        first = self.fetch("AAA").json["results"][0]
        self.assertEqual((first["outcome"], first["rowCount"], first["source"], len(first["fetchedRanges"])),
                         ("OUTCOME_OK", "2", "yahoo", 1))
        again = self.fetch("AAA", output="table").people
        self.assertIn("covered already", again)
        self.assertEqual(Provider.asked.count("AAA"), 1)
        self.fetch("AAA", "--refetch")
        self.assertEqual(Provider.asked.count("AAA"), 2)

    def test_where_rows_came_from_down_to_the_bytes(self):
        result = self.fetch("BBB").json["results"][0]
        covered = self.suite.cli("data", "coverage", "BBB").json["coverage"]
        self.assertEqual([(one["source"], one["outcome"], one["rowCount"], one["bodySha256"]) for one in covered],
                         [("yahoo", "OUTCOME_OK", "2", result["bodySha256"])])
        self.assertTrue(covered[0]["fetchRun"].startswith("fetchRuns/"))
        fetched = datetime.datetime.fromisoformat(covered[0]["fetchTime"][:19] + "+00:00")
        self.assertLess(abs((datetime.datetime.now(datetime.timezone.utc) - fetched).total_seconds()), 600)
        table = self.suite.cli("data", "coverage", "BBB", output="table").people
        for text in ("BBB", "yahoo", "2020-01-01", "2020-02-01", result["bodySha256"][:16]):
            self.assertIn(text, table)
        body = self.suite.cli("data", "body", result["bodySha256"]).out
        self.assertEqual(json.loads(body), chart("BBB"))
        self.assertEqual(self.suite.cli("data", "body", result["bodySha256"][:16]).out, body, "the digits that coverage shows do")
        self.assertEqual(hashlib.sha256(body.encode()).hexdigest(), result["bodySha256"])
        path = self.suite.folder / "body.json"
        self.assertEqual(self.suite.cli("data", "body", result["bodySha256"], "--out", path).status, 0)
        self.assertEqual(path.read_text(), body)
        self.assertFalse(path.with_name("body.json.part").exists())

    def test_days_mean_the_same_to_every_verb(self):
        folder = self.suite.folder / "coins"
        folder.mkdir()
        bars = "".join(f"2024-03-{day:02d},{day},{day + 1},{day - 1},{day},100\n" for day in range(8, 16))
        (folder / "BTCUSD.csv").write_text("date,open,high,low,close,volume\n" + bars)
        days = ("--start", "2024-03-11", "--end", "2024-03-13")
        path = ("--symbols", "BTCUSD", "--source", "csv_file", "--path", folder, "--param", "calendar=24/7")
        stored = ("--symbols", "BTCUSD", "--source", "csv_file")
        # The bar of a day in a market that never closes ends with the next midnight.
        ends = ["2024-03-12T00:00:00Z", "2024-03-13T00:00:00Z"]
        fetched = self.suite.cli("data", "fetch", *path, *days)
        self.assertEqual((fetched.status, fetched.json["results"][0]["rowCount"]), (0, "2"), fetched)
        self.assertEqual([row["time"] for row in self.suite.cli("data", "read", *stored).json], ends)
        self.assertEqual(self.suite.cli("data", "fetch", *path, "--start", "2024-03-08", "--end", "2024-03-16").json["results"][0]["changedRowCount"], "6")
        read = self.suite.cli("data", "read", *stored, *days).json
        self.assertEqual([(row["time"], row["close"]) for row in read], list(zip(ends, (11, 12))))
        replayed = self.suite.cli("data", "stream", *stored, "--replay", "2024-03-11..2024-03-13", output="table")
        self.assertEqual((replayed.status, len(replayed.people.splitlines())), (0, 3), "the names of the columns and two rows")
        dropped = self.suite.cli("data", "drop", *stored, "--before", "2024-03-11", "--check").json["series"]
        self.assertEqual([one["rowCount"] for one in dropped], ["3"])

    def test_a_run_can_be_looked_at_afterwards(self):
        run = self.fetch("RRR").json
        listed = self.suite.cli("data", "runs").json["fetchRuns"]
        self.assertEqual(listed[0]["name"], run["name"], "the newest first")
        shown = self.suite.cli("data", "runs", run["name"])
        self.assertEqual(shown.json["results"], run["results"])
        self.assertIn("RRR", self.suite.cli("data", "runs", "latest", output="table").people)
        self.assertEqual(self.suite.cli("data", "runs", run["name"], "--cancel").status, 0, "one that ended stays as it is")
        self.assertEqual(self.suite.cli("data", "runs", "--cancel").status, 2)
        self.assertEqual(self.suite.cli("data", "runs", "fetchRuns/nope").status, 1)

    def test_a_body_that_is_not_kept_is_said_to_be_so(self):
        absent = self.suite.cli("data", "body", "0" * 64, "--out", self.suite.folder / "absent")
        self.assertEqual(absent.status, 1, absent)
        self.assertIn("RAW_BODY_NOT_FOUND", absent.people)
        self.assertFalse((self.suite.folder / "absent").exists())
        self.assertEqual(self.suite.cli("data", "body", "short").status, 2)

    def test_what_one_source_can_not_give_is_asked_of_the_next(self):
        both = self.fetch("NONE,CCC", source="yahoo,simulated")
        self.assertEqual([result["source"] for result in both.json["results"]], ["simulated", "yahoo"])
        table = self.fetch("NONE", "--refetch", source="yahoo,simulated", output="table").people
        self.assertIn("from yahoo or simulated (made-up data)", table)
        self.assertIn("yahoo could not give it (UNKNOWN_SYMBOL)", table)
        alone = self.fetch("NONE", status=1)
        self.assertIn("UNKNOWN_SYMBOL", alone.people)
        cheap = self.fetch("DDD", "--prefer", "cost", source="yahoo,simulated").json["results"][0]
        self.assertEqual((cheap["source"], cheap["attempts"][0]["reason"]), ("simulated", "asks nobody"))
        self.assertNotIn("DDD", Provider.asked)
        self.assertIn("appears twice", self.fetch("EEE", status=2, source="yahoo,yahoo").people)
        other = self.fetch("NONE", "--param", "simulated.seed=7", source="yahoo,simulated").json["results"][0]
        self.assertEqual(other["source"], "simulated:7")

    def test_a_source_without_its_key_is_passed_over(self):
        result = self.fetch("FFF", source="polygon,yahoo").json["results"][0]
        self.assertEqual(result["source"], "yahoo")
        self.assertIn("BREADTHFLOW_POLYGON_KEY", result["attempts"][0]["error"]["message"])

    def test_sources_say_what_they_offer_and_what_they_lack(self):
        table = self.suite.cli("data", "sources", output="table").people
        self.assertIn("polygon is not ready: polygon needs a key: set BREADTHFLOW_POLYGON_KEY", table)
        self.assertIn("4 a minute, 25 a day", table)
        one = self.suite.cli("data", "sources", "yahoo", output="table").people
        for text in ("stock_price", "1min 5min 15min 30min 1hour 1day", "split", "currency", "asked at most 30 a minute"):
            self.assertIn(text, one)
        yahoo = self.suite.cli("data", "sources", "yahoo").json
        self.assertTrue(yahoo["ready"])
        self.assertIn("shares_outstanding", [one["resource"] for one in yahoo["capabilities"]])
        unknown = self.suite.cli("data", "sources", "oracle")
        self.assertEqual(unknown.status, 1, unknown)
        self.assertIn("simulated, yahoo", unknown.people)


class WithoutANetwork(unittest.TestCase):
    def test_a_fetch_says_so_soon(self):
        suite = Standalone(BIN, {"BREADTHFLOW_YAHOO_URL": "http://127.0.0.1:1"})
        self.addCleanup(suite.close)
        begin = time.monotonic()
        answer = suite.cli("data", "fetch", "--symbols", "AAA,BBB,CCC,DDD,EEE,FFF", "--source", "yahoo", *RANGE, output="table", timeout=120)
        self.assertLess(time.monotonic() - begin, 60, "not once more and not symbol by symbol")
        self.assertEqual(answer.status, 1, answer)
        for text in ("PROVIDER_UNREACHABLE", "yahoo is out of reach: could not connect to 127.0.0.1:1", "see to the network"):
            self.assertIn(text, answer.people)
        both = suite.cli("data", "fetch", "--symbols", "AAA", "--source", "yahoo,simulated", *RANGE, timeout=120)
        self.assertEqual((both.status, both.json["results"][0]["source"]), (0, "simulated"), both)


if __name__ == "__main__":
    unittest.main()
