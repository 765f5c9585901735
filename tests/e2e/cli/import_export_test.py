#!/usr/bin/env python3
"""Files of one's own: imported, exported, imported again; and every real file beside the checkout by a documented command."""

import json
import os
import pathlib
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))
from support.suite import SOURCE, Standalone, bars_csv, clean_environment  # noqa: E402

BIN = pathlib.Path(sys.argv.pop(1)).resolve()
SHARED = SOURCE.parent / "shared/data"


class ImportExport(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.suite = Standalone(BIN)
        cls.addClassCleanup(cls.suite.close)
        cls.folder = cls.suite.folder / "files"
        cls.folder.mkdir()

    def done(self, *words, **how):
        answer = self.suite.cli(*words, **how)
        assert answer.status == 0, repr(answer)
        return answer

    def content(self, symbols, source, *flags):
        """Content hash of each series, as a snapshot has it."""
        snapshot = self.done("data", "snapshot", "--symbols", symbols, "--source", source, *flags).json
        return [series["contentSha256"] for series in snapshot["series"]]

    def versions(self):
        return int(self.suite.sql("SELECT count(*) FROM data.series_version"))

    def test_a_folder_is_imported_and_again_changes_nothing(self):
        folder = self.folder / "many"
        folder.mkdir()
        for symbol in ("AAA", "BBB", "CCC"):
            bars_csv(folder, symbol)
        first = self.done("data", "import", folder)
        self.assertEqual([(r["symbol"], r["rowCount"], r["changedRowCount"]) for r in first.json["results"]],
                         [(symbol, "10", "10") for symbol in ("AAA", "BBB", "CCC")])
        before = self.versions()
        again = self.done("data", "import", folder / "*.csv", output="table")
        self.assertEqual(self.versions(), before)
        self.assertIn("3 symbols of stock_price from 3 files", again.people)
        self.assertIn("30 rows: 0 new or changed", again.people)
        self.assertIn("import: 100 %", again.people)

    def test_an_import_says_what_it_corrected_and_removed(self):
        folder = self.folder / "corrected"
        folder.mkdir()
        path = bars_csv(folder, "CORR")
        self.done("data", "import", path, "--source", "corrected")
        lines = path.read_text().splitlines()
        lines[1] = lines[1].replace(",1000000,", ",1000500,")
        path.write_text("\n".join(lines[:5]) + "\n")
        said = self.done("data", "import", path, "--source", "corrected", output="table").people
        self.assertIn("4 rows: 0 new, 1 corrected", said)
        year = ("--replace", "--start", "2013-01-01", "--end", "2014-01-01", "--source", "corrected")
        said = self.done("data", "import", path, *year, output="table").people
        self.assertIn("4 rows: 0 new or changed, 6 removed", said)
        self.assertIn("CORR: WARNING: 6 rows that were stored are gone", said)
        again = self.done("data", "import", path, *year).json["results"][0]
        self.assertEqual([again[name] for name in ("changedRowCount", "revisedRowCount", "removedRowCount")], ["0", "0", "0"])

    def test_weeks_may_have_the_date_of_their_monday_or_friday(self):
        monday = self.folder / "monday.csv"
        friday = self.folder / "friday.csv"
        header = "date,open,high,low,close,volume\n"
        monday.write_text(header + "2013-06-03,1,2,1,2,10\n2013-06-10,2,3,2,3,10\n")
        friday.write_text(header + "2013-06-07,1,2,1,2,10\n2013-06-14,2,3,2,3,10\n")
        for name, path in (("monday", monday), ("friday", friday)):
            self.done("data", "import", path, "--symbol", "WEEK", "--timeframe", "1week", "--basis", "split", "--source", name)
        contents = [self.content("WEEK", name, "--timeframe", "1week") for name in ("monday", "friday")]
        self.assertEqual(contents[0], contents[1])

    def test_what_is_exported_comes_back_equal_in_every_format(self):
        self.done("data", "fetch", "--symbols", "RTA,RTB", "--start", "2015-01-01", "--end", "2016-01-01")
        for name in ("all.csv", "all.jsonl", "all.columnar"):
            out = self.folder / name
            told = self.done("data", "export", "--symbols", "RTA,RTB", "--source", "simulated", "--out", out, output="table").people
            self.assertIn("read it back: breadthflow data import", told)
            self.assertFalse(out.with_name(name + ".part").exists())
            source = "back_" + name.split(".")[1]
            flags = told.split("data import ")[1].split()[1:]
            self.done("data", "import", out, *flags, "--source", source)
            self.assertEqual(self.content("RTA,RTB", source), self.content("RTA,RTB", "simulated"), name)

    def test_ticks_and_texts_come_back_equal(self):
        counts = self.folder / "trades.csv"
        counts.write_text("timestamp,price,size,exchange,sale_condition,suspicious\n" + "".join(
            f"2013-10-07T09:30:00.00{i // 3},{100 + i / 7:.3f},{i + 1},{'' if i % 2 else 'Q'},\"a,b\",0\n" for i in range(20)))
        self.done("data", "import", counts, "--resource", "trade", "--symbol", "TICK")
        for name in ("ticks.csv", "ticks.jsonl", "ticks.columnar"):
            out = self.folder / name
            self.done("data", "export", "--resource", "trade", "--symbols", "TICK", "--source", "import", "--out", out)
            source = "ticks_" + name.split(".")[1]
            self.done("data", "import", out, "--resource", "trade", "--source", source)
            flags = ("--resource", "trade", "--timeframe", "tick")
            read = [self.done("data", "read", "--symbols", "TICK", "--source", which, *flags).json for which in ("import", source)]
            self.assertEqual(read[0], read[1])
            self.assertEqual(len(read[0]), 20)

    def test_exported_bars_of_any_size_come_back_as_what_they_are(self):
        self.done("data", "fetch", "--symbols", "SIZE", "--timeframe", "1hour", "--start", "2020-01-01", "--end", "2020-02-01")
        self.done("data", "fetch", "--symbols", "SIZE", "--start", "2020-01-01", "--end", "2021-01-01")
        made = {"hour": ("--timeframe", "1hour"), "month": ("--resample", "1month"), "day": ()}
        for size, flags in made.items():
            for end in ("csv", "jsonl", "csv.gz"):
                out = self.folder / f"size_{size}.{end}"
                self.done("data", "export", "--symbols", "SIZE", "--source", "simulated", *flags, "--out", out)
                source = f"size_{size}_{end.replace('.', '_')}"
                self.done("data", "import", out, "--source", source)
                read = ("--symbols", "SIZE", "--source", source, "--timeframe", f"1{size}")
                self.assertEqual(self.done("data", "read", *read).json,
                                 self.done("data", "read", "--symbols", "SIZE", "--source", "simulated", *flags).json, out.name)
        refused = self.suite.cli("data", "import", self.folder / "size_hour.csv", "--timeframe", "1day", "--source", "nodays")
        self.assertEqual(refused.status, 2, refused)
        self.assertIn("stock_price 1hour", refused.people)
        plain = self.folder / "plain.csv"
        for size, text in (("hour", "plain.csv:3: is 1 hour after the row before"), ("month", "bars of months and not of 1day")):
            with open(self.folder / f"size_{size}.csv") as rows:
                lines = [line.split(",") for line in rows]
            plain.write_text("".join(",".join(line[:2] + line[5:]) for line in lines))
            refused = self.suite.cli("data", "import", plain, "--source", "nodays")
            self.assertEqual(refused.status, 2, refused)
            self.assertIn(text, refused.people)

    def piped(self, content, *words):
        """`data import` of what comes through a pipe."""
        done = subprocess.run([str(BIN / "breadthflow"), "--server", self.suite.server, "--output", "json", "data", "import", "/dev/stdin", *words],
                              input=content, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=clean_environment(), timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr.decode()[-1500:])
        return json.loads(done.stdout)["results"]

    def test_what_comes_through_a_pipe_is_read_from_its_first_byte(self):
        rows = "".join(f"2013-10-07T{10 + i // 3600}:{i // 60 % 60:02d}:{i % 60:02d}.000,{100 + i % 50}.25,7,Q,,0\n" for i in range(20000))
        text = "timestamp,price,size,exchange,sale_condition,suspicious\n" + rows
        results = self.piped(text.encode(), "--resource", "trade", "--symbol", "TP")
        self.assertEqual([(one["symbol"], one["rowCount"]) for one in results], [("TP", "20000")])
        self.done("data", "import", bars_csv(self.folder, "PIPED"))
        self.assertEqual(self.piped((self.folder / "PIPED.csv").read_bytes(), "--symbol", "PIPED", "--source", "pipe_text")[0]["rowCount"], "10")
        nobody = subprocess.run([str(BIN / "breadthflow"), "--server", self.suite.server, "data", "import", "/dev/stdin"],
                                input=(self.folder / "PIPED.csv").read_bytes(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                env=clean_environment(), timeout=120)
        self.assertEqual(nobody.returncode, 2, nobody)
        self.assertIn(b"--symbol", nobody.stderr, "a pipe has no name that tells whose rows it has")
        for name, format in (("piped.csv", "csv"), ("piped.csv.gz", "csv"), ("piped.jsonl", "jsonl"), ("piped.columnar", "columnar")):
            out = self.folder / name
            self.done("data", "export", "--symbols", "PIPED", "--source", "import", "--out", out)
            source = "pipe_" + name.replace(".", "_")
            self.assertEqual(self.piped(out.read_bytes(), "--format", format, "--source", source)[0]["rowCount"], "10", name)
            self.assertEqual(self.content("PIPED", source), self.content("PIPED", "import"), name)

    def test_weeks_and_months_of_every_year_come_back(self):
        self.done("data", "fetch", "--symbols", "OLDIE", "--start", "2001-06-01", "--end", "2002-06-01")
        for size in ("week", "month"):
            out = self.folder / f"oldie_{size}.csv"
            self.done("data", "export", "--symbols", "OLDIE", "--source", "simulated", "--resample", f"1{size}", "--out", out)
            self.done("data", "import", out, "--source", f"oldie_{size}")
        times = [row["time"][:10] for row in self.done("data", "read", "--symbols", "OLDIE", "--source", "oldie_week", "--timeframe", "1week").json]
        self.assertIn("2001-09-10", times, "the exchange was closed from that Tuesday on")

    def test_rows_that_no_trade_made_are_not_imported_and_that_is_said(self):
        self.done("data", "fetch", "--symbols", "FILL", "--start", "2020-01-01", "--end", "2020-02-01")
        out = self.folder / "filled.csv"
        export = ("data", "export", "--symbols", "FILL", "--source", "simulated", "--resample", "1week", "--fill-forward", "--out", out)
        self.assertIn("it can not be imported again: it has rows that repeat the close", self.done(*export, output="table").people)
        for words in ((), ("--set", "order=any")):
            refused = self.suite.cli("data", "import", out, "--source", "filled", *words)
            self.assertEqual(refused.status, 2, refused)
            self.assertIn("is_filled", refused.people)
            self.assertIn("export without --fill-forward", refused.people)

    def test_a_table_has_the_columns_of_all_its_rows(self):
        header = "date,open,high,low,close,volume"
        bars_csv(self.folder, "FEW", ["2013-06-03,10,11,9,10,100", "2013-06-04,10,11,9,10,100"], header)
        bars_csv(self.folder, "MORE", ["2013-06-03,10,11,9,10,100,10.5", "2013-06-04,10,11,9,10,100,10.25"], header + ",vwap")
        for symbol in ("FEW", "MORE"):
            self.done("data", "import", self.folder / f"{symbol}.csv", "--source", "wide")
        export = ("data", "export", "--source", "wide", "--symbols")
        for symbols in ("FEW,MORE", "MORE,FEW"):
            lines = self.done(*export, symbols, output="table").out.splitlines()
            self.assertEqual(lines[0], "symbol,time,resource,timeframe,price_basis,open,high,low,close,volume,vwap", symbols)
            self.assertEqual(sorted(line.split(",")[-1] for line in lines[1:]), ["", "", "10.25", "10.5"])
            out = self.folder / "wide.csv.gz"
            self.done(*export, symbols, "--out", out)
            self.done("data", "import", out, "--source", "wide_" + symbols[:3].lower())
            self.assertEqual(self.content("FEW,MORE", "wide_" + symbols[:3].lower()), self.content("FEW,MORE", "wide"))

    def heads(self, symbols, source, *flags):
        """Price basis and content of each series."""
        snapshot = self.done("data", "snapshot", "--symbols", symbols, "--source", source, *flags).json
        return [(series.get("basis"), series["contentSha256"]) for series in snapshot["series"]]

    def test_exports_in_a_folder_are_fetched_as_they_are_imported(self):
        folder = self.folder / "exports"
        folder.mkdir()
        self.done("data", "fetch", "--symbols", "EXA,EXB", "--start", "2015-01-01", "--end", "2016-01-01", "--param", "basis=raw", "--param", "seed=7")
        market = self.done("data", "summary", "--symbols", "EXA").json["series"][0]["source"]
        for symbol, file in (("EXA", "EXA.csv"), ("EXB", "EXB.csv.gz"), ("EXA,EXB", "all.csv.gz")):
            self.done("data", "export", "--symbols", symbol, "--source", market, "--out", folder / file)
        stored = self.heads("EXA,EXB", market)
        self.assertEqual([basis for basis, _ in stored], ["PRICE_BASIS_RAW"] * 2)
        told = self.done("data", "fetch", "--source", "csv_file", "--path", folder, "--symbols", "EXA,EXB", output="table").people
        self.assertNotIn("nothing says how the prices", told)
        self.assertEqual(self.heads("EXA,EXB", "csv_file"), stored)
        self.done("data", "import", folder / "EXA.csv", folder / "EXB.csv.gz", "--source", "ex_folder")
        self.assertEqual(self.heads("EXA,EXB", "ex_folder"), stored)
        again = self.done("data", "fetch", "--source", "csv_file", "--path", folder / "all.csv.gz", "--symbols", "EXA,EXB").json
        self.assertEqual([(one["rowCount"] != "0", one.get("changedRowCount", "0")) for one in again["results"]], [(True, "0")] * 2)
        # What is read of them is the same.
        read = [self.done("data", "read", "--symbols", "EXA", "--source", which, "--adjustment", "split_dividend", "--resample", "1week").json
                for which in (market, "csv_file", "ex_folder")]
        self.assertEqual(read[0], read[1])
        self.assertEqual(read[0], read[2])
        refused = self.suite.cli("data", "fetch", "--source", "csv_file", "--path", folder, "--symbols", "EXA", "--timeframe", "1hour")
        self.assertEqual(refused.status, 1, refused)
        self.assertIn("EXA.csv:2: says that it is of bars of 1day, not of 1hour", refused.people)

    def test_exports_of_weeks_ticks_texts_and_joins_are_fetched_too(self):
        folder = self.folder / "kinds"
        folder.mkdir()
        made = ("--symbols", "KIND", "--start", "2018-01-01", "--end", "2020-01-01")
        self.done("data", "fetch", *made)
        for kind in ("earnings", "news_sentiment"):
            self.done("data", "fetch", "--resource", kind, *made)
        for kind, end in (("trade", "2019-01-02T15:00:00Z"), ("option_chain", "2019-01-04"), ("order_book", "2019-01-02T15:00:00Z")):
            self.done("data", "fetch", "--resource", kind, "--symbols", "KIND", "--start", "2019-01-02", "--end", end)
        cases = {"day": ("stock_price", "1day", ()), "week": ("stock_price", "1week", ("--resample", "1week")),
                 "joined": ("stock_price", "1day", ("--join", "earnings.eps_diluted,news_sentiment.headline"))}
        for kind in ("trade", "news_sentiment", "option_chain", "order_book"):
            cases[kind] = (kind, "tick", ())
        for case, (resource, timeframe, more) in cases.items():
            of = ("--symbols", "KIND", "--resource", resource)
            size = ("--timeframe", timeframe)
            file = folder / f"{case}.csv"
            self.done("data", "export", *of, "--source", "simulated", *more, *(size if resource != "stock_price" else ()), "--out", file)
            self.assertGreater(len(file.read_text().splitlines()), 5, case)
            self.done("data", "fetch", "--source", "csv_file", "--path", file, *of, *size)
            self.done("data", "import", file, "--source", "kind_" + case)
            self.done("data", "import", file, "--source", "set_" + case, "--set", "delimiter=comma")
            rows = [self.done("data", "read", *of, *size, "--source", source).json for source in ("csv_file", "kind_" + case, "set_" + case)]
            self.assertEqual(rows[0], rows[1], case)
            self.assertEqual(rows[0], rows[2], case)
            self.assertEqual(rows[0], self.done("data", "read", *of, *(size if not more else ()), *more, "--source", "simulated").json, case)

    def test_what_is_said_of_texts_holds_for_exports(self):
        bars_csv(self.folder, "SAYS")
        self.done("data", "import", self.folder / "SAYS.csv")
        out = self.folder / "says_export.csv.gz"
        self.done("data", "export", "--symbols", "SAYS", "--source", "import", "--out", out)
        self.done("data", "import", out, "--source", "says", "--set", "order=any", "--set", "calendar=24/7")
        self.assertEqual(self.heads("SAYS", "says"), self.heads("SAYS", "import"))
        for words, text in ((("--set", "basis=raw"), "--set basis: must not differ from the basis of the spec, split"),
                            (("--set", "layout=bars_time"), "layout bars_time has no column symbol"),
                            (("--set", "order=any", "--timeframe", "1hour"), "is stock_price 1day, prices split: that is not what the flags say")):
            refused = self.suite.cli("data", "import", out, "--source", "says", *words)
            self.assertEqual(refused.status, 2, refused)
            self.assertIn(text, refused.people)

    def test_the_calendar_that_was_named_comes_along(self):
        file = self.folder / "COIN.csv"
        file.write_text("symbol,time,open,high,low,close,volume\n" + "".join(
            f"COIN,2024-08-{day:02d}T15:{minute:02d}:00Z,1,2,1,1.5,{minute + 1}\n" for day in (5, 6, 7, 8) for minute in range(60)))
        of = ("--symbols", "COIN", "--timeframe", "1min")

        def days(source):
            return self.done("data", "read", *of, "--resample", "1day", "--source", source).json

        self.done("data", "import", file, "--timeframe", "1min", "--source", "coin_plain")
        self.done("data", "import", file, "--timeframe", "1min", "--source", "coin", "--set", "calendar=24/7")
        self.assertNotEqual(days("coin_plain"), days("coin"), "the rows alone look like those of an exchange")
        for name in ("coin.csv", "coin.jsonl", "coin.columnar"):
            out = self.folder / name
            source = "coin_" + name.split(".")[1]
            self.done("data", "export", *of, "--source", "coin", "--out", out)
            refused = self.suite.cli("data", "import", out, "--source", source, "--set", "calendar=XNYS")
            self.assertEqual(refused.status, 2, refused)
            self.assertIn("the calendar 24/7, but the parameter calendar", refused.people)
            self.done("data", "import", out, "--source", source)
            self.assertEqual(days(source), days("coin"), name)
            again = self.folder / ("again_" + name)
            self.done("data", "export", *of, "--source", source, "--out", again)
            self.done("data", "import", again, "--source", source + "_again", "--set", "calendar=24/7")
            self.assertEqual(days(source + "_again"), days("coin"), name)
        self.assertEqual((self.folder / "coin.csv").read_text().splitlines()[0],
                         "symbol,time,resource,timeframe,price_basis,calendar,open,high,low,close,volume")
        self.done("data", "fetch", "--source", "csv_file", "--path", self.folder / "coin.csv", *of)
        self.assertEqual(days("csv_file"), days("coin"))
        # Of several series in one table some have one.
        self.done("data", "import", file, "--symbol", "COIN", "--timeframe", "1min", "--source", "both", "--set", "calendar=24/7")
        other = self.folder / "ACME.csv"
        other.write_text(file.read_text().replace("COIN,", "ACME,"))
        self.done("data", "import", other, "--timeframe", "1min", "--source", "both")
        table = self.folder / "both.csv"
        self.done("data", "export", "--symbols", "ACME,COIN", "--timeframe", "1min", "--source", "both", "--out", table)
        self.done("data", "import", table, "--source", "both_again")
        self.assertEqual(days("both_again"), days("coin"))
        self.assertEqual(self.suite.sql("SELECT string_agg(symbol || ' ' || calendar, ',') FROM data.series_market WHERE source = 'both_again'"),
                         "COIN 24/7")

    def test_an_export_keeps_as_of_when_its_prices_were_adjusted(self):
        folder = self.folder / "as_of"
        folder.mkdir()
        bars_csv(folder, "ASOF", [f"2020-08-{day},10,11,9,10,100" for day in (27, 28)], "date,open,high,low,close,volume")
        self.done("data", "import", folder / "ASOF.csv", "--source", "as_of", "--basis", "split", "--adjusted-as-of", "2020-08-28")
        (folder / "ASOF.csv").write_text("date,open,high,low,close,volume\n2020-08-31,10,11,9,10,100\n")
        self.done("data", "import", folder / "ASOF.csv", "--source", "as_of", "--basis", "split", "--adjusted-as-of", "2020-09-05")

        def days(source):
            return self.suite.sql("SELECT string_agg(first_ns || ' ' || as_of, ',' ORDER BY first_ns) FROM data.series_anchor a "
                                  f"WHERE source = '{source}' AND number = (SELECT max(number) FROM data.series_anchor b "
                                  "WHERE b.source = a.source)")

        self.assertIn("2020-08-28", days("as_of"))
        for name in ("a.csv", "b.jsonl", "c.columnar"):
            out = folder / name
            told = self.done("data", "export", "--symbols", "ASOF", "--source", "as_of", "--out", out, output="table").people
            self.assertIn("read it back: breadthflow data import", told)
            source = f"as_of_{name[0]}"
            self.done("data", "import", out, "--source", source)
            self.assertEqual(days(source), days("as_of"), name)
        self.assertEqual([line.split(",")[5] for line in (folder / "a.csv").read_text().splitlines()],
                         ["adjusted_as_of", "2020-08-28", "2020-08-28", "2020-09-05"])

    def test_an_export_of_two_bases_says_which_symbols_go_together(self):
        folder = self.folder / "two_bases"
        folder.mkdir()
        for symbol, basis in (("ONE", "raw"), ("TWO", "split"), ("SIX", "raw")):
            bars_csv(folder, symbol, ["2013-06-03,10,11,9,10,100"], "date,open,high,low,close,volume")
            self.done("data", "import", folder / f"{symbol}.csv", "--source", "two", "--basis", basis)
        told = self.done("data", "export", "--symbols", "ONE,TWO,SIX", "--source", "two", "--out", folder / "all.csv", output="table").people
        self.assertIn("with the same flags but --symbols ONE,SIX (raw), --symbols TWO (split)", told)
        self.assertNotIn("read it back", told)
        raw = folder / "raw.csv"
        self.assertIn("read it back", self.done("data", "export", "--symbols", "ONE,SIX", "--source", "two", "--out", raw, output="table").people)
        self.done("data", "import", raw, "--source", "two_again")
        names = [f"M{number:02}" for number in range(23)]
        header = "symbol,time,open,high,low,close,volume"
        (folder / "many.csv").write_text("\n".join([header] + [f"{name},2013-06-03T20:00:00Z,10,11,9,10,100" for name in names]) + "\n")
        self.done("data", "import", folder / "many.csv", "--source", "two", "--basis", "raw")
        told = self.done("data", "export", "--symbols", ",".join(["TWO"] + names), "--source", "two", "--out", folder / "most.csv", output="table").people
        self.assertIn(f"--symbols {','.join(names[:20])} ... and 3 more (raw), --symbols TWO (split); breadthflow data summary lists", told)

    def test_a_price_basis_is_what_files_say_and_the_same_however_they_come(self):
        folder = self.folder / "bases"
        folder.mkdir()
        row = "2013-06-{:02d},10,11,9,10,100"
        kinds = {"PLAIN": ("", "", "SPLIT"), "RAWSAID": (",price_basis", ",raw", "RAW"), "RATIOS": (",split_ratio", ",1", "RAW"),
                 "CLOSES": (",adj_close", ",10", "SPLIT"), "YAHOO": (",dividends,stock splits", ",0,0", "SPLIT_DIVIDEND")}
        for symbol, (header, cells, _) in kinds.items():
            bars_csv(folder, symbol, [row.format(day) + cells for day in (3, 4, 5)], "date,open,high,low,close,volume" + header)
        symbols = ",".join(kinds)
        imported = self.done("data", "import", folder, "--source", "bases", output="table").people
        fetched = self.done("data", "fetch", "--source", "csv_file", "--path", folder, "--symbols", symbols, output="table").people
        for told in (imported, fetched):
            self.assertIn("  PLAIN: nothing says how the prices were adjusted: they are taken to be split", told)
        by_symbol = sorted(kinds)
        for source in ("bases", "csv_file"):
            heads = {symbol: self.heads(symbol, source)[0] for symbol in by_symbol}
            self.assertEqual({symbol: basis for symbol, (basis, _) in heads.items()},
                             {symbol: f"PRICE_BASIS_{kinds[symbol][2]}" for symbol in by_symbol}, source)
        for adjustment in ("split", "raw"):
            read = [self.suite.cli("data", "read", "--symbols", symbol, "--source", source, "--adjustment", adjustment)
                    for symbol in by_symbol for source in ("bases", "csv_file")]
            for ours, theirs in zip(read[::2], read[1::2]):
                self.assertEqual((ours.status, ours.out), (theirs.status, theirs.out))
        self.done("data", "import", folder / "PLAIN.csv", "--source", "said", "--set", "basis=raw")
        self.done("data", "import", folder / "PLAIN.csv", "--source", "flagged", "--basis", "raw")
        self.assertEqual(self.heads("PLAIN", "said")[0][0], "PRICE_BASIS_RAW")
        self.assertEqual(self.heads("PLAIN", "flagged")[0][0], "PRICE_BASIS_RAW")
        refused = self.suite.cli("data", "fetch", "--source", "csv_file", "--path", folder, "--symbols", "RAWSAID", "--param", "basis=split")
        self.assertEqual(refused.status, 1, refused)
        self.assertIn("RAWSAID.csv:2: says that its prices are raw, but the parameter basis that they are split", refused.people)

    def test_a_minute_of_each_day_is_no_day_unless_that_is_said(self):
        file = self.folder / "odd.csv"
        file.write_text("symbol,time,open,high,low,close,volume\n" + "".join(
            f"ODDDAY,2020-01-{day}Z,10,11,9,10,100\n" for day in ("02T14:37:00", "03T16:52:00", "06T15:25:00", "07T18:20:00")))
        for words in ((), ("--set", "order=any")):
            refused = self.suite.cli("data", "import", file, *words)
            self.assertEqual(refused.status, 2, refused)
            self.assertIn("odd.csv:2: ends at 14:37:00 UTC, when no session does", refused.people)
            self.assertIn("--timeframe", refused.people)
        told = self.done("data", "import", file, "--timeframe", "1day", output="table").people
        self.assertIn("taken for bars of 1day", told)
        told = self.done("data", "fetch", "--source", "csv_file", "--path", file, "--symbols", "ODDDAY", output="table").people
        self.assertIn("taken for bars of 1day", told)

    def test_the_end_of_the_name_says_how_a_file_is_written(self):
        bars_csv(self.folder, "ENDS")
        self.done("data", "import", self.folder / "ENDS.csv")
        export = ("data", "export", "--symbols", "ENDS", "--source", "import", "--out")
        self.done(*export, self.folder / "ends.jsonl.gz")
        self.assertEqual((self.folder / "ends.jsonl.gz").read_bytes()[:2], b"\x1f\x8b")
        refused = self.suite.cli(*export, self.folder / "ends.xlsx")
        self.assertEqual(refused.status, 2, refused)
        self.assertIn("must end in .csv", refused.people)
        self.assertFalse((self.folder / "ends.xlsx").exists())
        told = self.done(*export, self.folder / "part.csv", "--fields", "close", output="table").people
        self.assertIn("it can not be imported again: it lacks open, high, low, volume", told)

    def test_one_day_has_one_bar_whatever_the_calendar(self):
        bars_csv(self.folder, "CAL")
        self.done("data", "import", self.folder / "CAL.csv", "--source", "cal")
        before = self.versions()
        refused = self.suite.cli("data", "import", self.folder / "CAL.csv", "--source", "cal", "--set", "calendar=24/7")
        self.assertEqual(refused.status, 1, refused)
        self.assertIn("would be another of the same day", refused.people)
        self.assertEqual(self.versions(), before)

    def test_a_definition_of_a_resource_is_judged_in_one_round_by_line(self):
        file = self.folder / "kind.yaml"
        file.write_text("name: with/slash\ndescription: x\nfields:\n  - {name: Loud, type: double}\n  - {name: y, type: float}\n")
        refused = self.suite.cli("data", "resources", "--create", file)
        self.assertEqual(refused.status, 2, refused)
        for text in ("kind.yaml:1: name must be 1 to 63", "kind.yaml:4: fields[0].name must be 1 to 63",
                     "kind.yaml:5: type must be one of double, int, text, was 'float'"):
            self.assertIn(text, refused.people)

    def test_the_standard_output_can_be_piped(self):
        bars_csv(self.folder, "PIPE")
        self.done("data", "import", self.folder / "PIPE.csv")
        answer = self.done("data", "export", "--symbols", "PIPE", "--fields", "close,volume", "--source", "import", output="table")
        lines = answer.out.splitlines()
        self.assertEqual(lines[0], "symbol,time,resource,timeframe,price_basis,close,volume")
        self.assertEqual(lines[1], "PIPE,2013-06-03T20:00:00Z,stock_price,1day,split,101.25,1000000.0")
        self.assertEqual(len(lines), 11)

    def test_every_mistake_is_said_with_file_and_line_and_nothing_is_stored(self):
        bars_csv(self.folder, "GOOD")
        bars_csv(self.folder, "WRONG", ["2013-06-03,1,2,3,1,1", "2013-06-04,1,2,1,x,1"], "date,open,high,low,close,volume")
        rows = self.folder / "rows.csv"
        rows.write_text("symbol,time,open,high,low,close,volume\nOLD,2013-06-03T20:00:00Z,1,2,1,-1,1\nOLD,2013-06-04T20:00:00Z,1,0.5,1,1,1\n")
        before = self.versions()
        answer = self.suite.cli("data", "import", self.folder / "GOOD.csv", self.folder / "WRONG.csv", rows)
        self.assertEqual(answer.status, 2, answer)
        for text in ("nothing was imported", "WRONG.csv:2: high must not be below low", "WRONG.csv:3: ", "rows.csv:2: ", "rows.csv:3: "):
            self.assertIn(text, answer.people)
        self.assertEqual(answer.out, "")
        self.assertEqual(self.versions(), before)
        self.assertEqual(self.suite.cli("data", "read", "--symbols", "GOOD").status, 1)

    def test_rows_that_no_market_can_have_made_are_counted_or_kept_apart(self):
        header = "date,open,high,low,close,volume"
        rows = [f"2013-06-{day},10,11,9,{1000 if day == '07' else 10},100" for day in ("03", "04", "05", "06", "07", "10", "11", "12", "13", "14")]
        odd = bars_csv(self.folder, "ODD", rows, header)
        bars_csv(self.folder, "EVEN", [row.replace("1000", "10") for row in rows], header)
        files = (odd, self.folder / "EVEN.csv")
        stored = self.done("data", "import", odd, "--source", "as_it_is", output="table")
        self.assertIn("1 of the rows stored no market can have made", stored.people)
        self.assertEqual(len(self.done("data", "read", "--symbols", "ODD", "--source", "as_it_is").json), 10)
        told = self.suite.cli("data", "import", *files, "--source", "gated", "--quality-gate", "quarantine")
        self.assertEqual(told.status, 1, told)
        self.assertIn("not imported: ODD", told.people)
        self.assertEqual([(r["symbol"], r["outcome"], r["rowCount"], r["impossibleRowCount"], r["quarantinedRowCount"]) for r in told.json["results"]],
                         [("EVEN", "OUTCOME_OK", "10", "0", "0"), ("ODD", "OUTCOME_FAILED", "0", "1", "10")])
        again = self.suite.cli("data", "import", *files, "--source", "gated", "--quality-gate", "quarantine", output="table")
        self.assertIn("10 rows are kept apart: breadthflow data quarantine --state held", again.people)
        held = self.done("data", "quarantine", "--state", "held").json["quarantines"]
        self.assertEqual([(one["key"]["symbol"], one["arrivalCount"]) for one in held if one["source"] == "gated"], [("ODD", "2")])
        self.assertEqual(self.suite.cli("data", "read", "--symbols", "ODD", "--source", "gated").status, 1)
        self.assertIn("they came 2 times", self.done("data", "quarantine", "latest", output="table").people)
        self.done("data", "quarantine", "latest", "--release", "--comment", "it was so")
        self.assertEqual(len(self.done("data", "read", "--symbols", "ODD", "--source", "gated").json), 10)

    def test_saved_answers_of_a_provider_are_imported_without_asking_it(self):
        folder = self.folder / "answers"
        folder.mkdir()
        facts = folder / "LPX.json"
        facts.write_text(json.dumps({"cik": 1, "facts": {"us-gaap": {"Revenues": {"units": {"USD": [
            {"start": "2019-01-01", "end": "2019-03-31", "val": 100, "accn": "1-19-1", "fy": 2019, "fp": "Q1", "form": "10-Q", "filed": "2019-05-01"}]}}}}}))
        of = ("data", "import", folder, "--answers-of", "sec_edgar")
        told = self.done(*of, "--resource", "revenue", output="table").people
        self.assertIn("1 symbol of revenue from 1 file", told)
        self.assertIn("under the source import: 1 row: 1 new", told)
        rows = self.done("data", "read", "--symbols", "LPX", "--resource", "revenue", "--timeframe", "tick", "--source", "import").json
        self.assertEqual(len(rows), 1)
        for words, text in (((*of,), "LPX.json: has rows of revenue: say which to take (--resource)"),
                            ((*of, "--resource", "trade"), "--answers-of: sec_edgar has no trade"),
                            ((*of, "--resource", "revenue", "--format", "csv"), "--format: is for rows"),
                            ((*of, "--resource", "revenue", "--set", "contact=a@b.c"), "--set contact: is about asking sec_edgar"),
                            (("data", "import", facts, "--answers-of", "yahoo"), "LPX.json: yahoo sent something other than what was asked for"),
                            (("data", "import", facts, "--answers-of", "csv_file"), "--answers-of: must be a source that asks a provider")):
            refused = self.suite.cli(*words)
            self.assertEqual(refused.status, 2, (words, refused))
            self.assertIn(text, refused.people)

    def test_bad_usage_ends_with_2(self):
        bars_csv(self.folder, "USE")
        file = self.folder / "USE.csv"
        for words, text in (((self.folder / "none.csv",), "there is no such file or folder"),
                            ((file, "--source", "yahoo"), "yahoo is a source of this suite"),
                            ((file, "--source", ""), "--source: must not be empty"),
                            ((file, "--set", "layuot=x"), "layuot"),
                            ((file, "--resource", "nothing"), "unknown resource"),
                            ((file, "--start", "2020-01-01"), "is for --replace"),
                            ((file, "--symbol", "A,B"), "is one symbol"),
                            ((file, "--quality-gate", "shut"), "--quality-gate"),
                            ((), "FILE")):
            answer = self.suite.cli("data", "import", *words)
            self.assertEqual(answer.status, 2, (words, answer))
            self.assertIn(text, answer.people)

    def test_an_output_that_can_not_be_written_is_a_failure_and_devices_stay(self):
        bars_csv(self.folder, "FULL")
        self.done("data", "import", self.folder / "FULL.csv")
        export = ("data", "export", "--symbols", "FULL", "--source", "import")
        self.assertEqual(self.suite.cli(*export, "--out", "/dev/full").status, 1)
        self.assertTrue(pathlib.Path("/dev/full").is_char_device())
        self.assertEqual(self.suite.cli(*export, "--out", "/no/such/folder/x.csv").status, 1)
        for words in (("--output", "json", "data", "summary"), export):
            with open("/dev/full", "wb") as full:
                done = subprocess.run([str(BIN / "breadthflow"), "--server", self.suite.server, *words], stdout=full,
                                      stderr=subprocess.PIPE, text=True, env=clean_environment())
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn("CANNOT_WRITE", done.stderr)

    def test_breaking_off_stores_nothing(self):
        fifo = self.folder / "SLOW.csv"
        os.mkfifo(fifo)
        before = self.versions()
        client = subprocess.Popen([str(BIN / "breadthflow"), "--server", self.suite.server, "data", "import", str(fifo), "--format", "csv",
                                   "--set", "layout=auto"],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=clean_environment())
        with open(fifo, "w") as slow:
            slow.write("date,open,high,low,close,volume\n2013-06-03,1,2,1,1,1\n" * 20000)
            time.sleep(0.5)
            client.send_signal(signal.SIGINT)
        _, errors = client.communicate(timeout=60)
        self.assertEqual(client.returncode, 1, errors)
        self.assertIn("nothing was stored", errors)
        self.assertEqual(self.versions(), before)

    def test_wrong_flags_of_every_command_are_said(self):
        for words, text in ((("--server", ""), "--server: must be HOST:PORT"), (("--api-key", "key\n"), "--api-key: the API key must be")):
            done = subprocess.run([str(BIN / "breadthflow"), *words, "data", "summary"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True, env=clean_environment())
            self.assertEqual(done.returncode, 2, done.stderr)
            self.assertIn(text, done.stderr)


# The commands of the read me, for the real files: what they have in common by folder, and what single files need.
NEW_YORK = ("--set", "time_zone=new_york", "--set", "stamp=bar_start")
UTC = ("--set", "time_zone=utc")
OWN_DAYS = ("--set", "calendar=none", "--set", "order=any", "--set", "stamp=bar_start")
KINDS = {"trades": "trade", "quotes": "quote", "bidask": "quote", "book": "order_book", "depth": "order_book", "dividends": "dividend",
         "splits": "split", "shares": "shares_outstanding", "balance": "balance_sheet", "cash_flow": "cash_flow",
         "income": "revenue", "earnings": "earnings", "universe": "universe", "yahoo": "revenue", "facts": "revenue"}
MADE = {"vix": ("index_level", "VIX"), "put_call_ratio": ("put_call_ratio", "CBOE")}


def command(path):
    """Words after `data import FILE`."""
    relative, stem = path.relative_to(SHARED).as_posix(), path.stem
    first = stem.split("_")[0]
    folder = relative.split("/")[0]
    if stem in MADE:
        return ("--resource", MADE[stem][0], "--symbol", MADE[stem][1])
    if "factor_files" in relative:
        return ("--resource", "adjustment_factor")
    if "map_files" in relative:
        return ("--resource", "symbol_change")
    if "yahoo_price_errors" in relative:
        hourly = "-1h-" in stem
        return ("--symbol", stem.split("-1h-" if hourly else "-1d-")[0], "--timeframe", "1hour" if hourly else "1day", *OWN_DAYS)
    special = {"ESTX50": ("--set", "calendar=none", "--set", "time_zone=Europe/Berlin"), "BTCUSD": ("--set", "calendar=24/7"),
               "GSPC_1950-1957_newest_first": ("--symbol", "GSPC", "--set", "calendar=none", "--set", "time_zone=new_york", "--set", "order=any"),
               "TSLA_raw_download_20181015": ("--symbol", "TSLA", "--set", "skip_lines=2", "--set", "order=any")}
    if relative.startswith("bars/daily"):
        if stem in ("PTR", "REX"):
            line = next(number for number, text in enumerate(path.read_text().splitlines(), 1) if "null" in text)
            return ("--set", f"skip_lines={line}")
        return special.get(stem, ())
    if relative.startswith("bars/intraday"):
        if "quotebars" in stem:
            return ("--resource", "quote", "--symbol", first)
        if "_bid_" in stem:
            return ("--resource", "quote", "--symbol", first, "--set", "layout=bid_bars_1m")
        timeframe = {"1m": "1min", "5m": "5min", "1h": "1hour"}[stem.split("_")[1]]
        zone = {"ESTX50": ("--set", "time_zone=Europe/Berlin"), "EURUSD": (*UTC, "--set", "stamp=bar_start")}.get(first, NEW_YORK)
        if first in ("6EH4", "BTCUSD"):
            zone = ("--set", "stamp=bar_start")
        return ("--symbol", first, "--timeframe", timeframe, *zone)
    if folder == "options":
        return ("--resource", "option_chain", "--symbol", first)
    if folder == "rates":
        return ("--resource", "interest_rate", "--symbol", "US-PRIMARY-CREDIT")
    if folder == "sentiment":
        named = {"fear_greed_index": "FEAR-GREED", "aaii_sentiment_weekly": "AAII", "news_sentiment_AAPL_20260517_alpha_vantage": "AAPL"}
        return ("--resource", "news_sentiment", *(("--symbol", named[stem]) if stem in named else ()), *(UTC if stem == "news_labels_2025" else ()))
    kind = next(kind for part, kind in KINDS.items() if part in stem)
    symbol = {"universe": "US-COARSE", "quote": "UNKNOWN" if first == "bidask" else first}.get(kind, first)
    more = {"ESTX50_trades_20150923": ("--set", "time_zone=Europe/Berlin"), "bidask_20100203": ("--set", "date_order=month_first", *UTC),
            "EURJPY_dealt_quotes_20160103": ("--set", "date_order=month_first", *UTC), "EURUSD_quotes_20140501_oanda_first10000": UTC}
    return ("--resource", kind, "--symbol", symbol, *more.get(stem, ()))


@unittest.skipUnless(SHARED.is_dir(), "no shared data here")
class RealFiles(unittest.TestCase):
    def test_every_file_is_imported_by_a_command(self):
        with Standalone(BIN) as suite:
            imported = 0
            for kind in ("index_level", "put_call_ratio", "adjustment_factor"):
                answer = suite.cli("data", "resources", "--create", SOURCE / f"config/resources/{kind}.yaml")
                self.assertEqual(answer.status, 0, answer)
            for path in sorted(SHARED.rglob("*.csv")):
                if "providers" in path.parts:
                    continue
                imported += 1
                answer = suite.cli("data", "import", path, "--source", f"real_{imported}", *command(path))
                self.assertEqual(answer.status, 0, (path.name, command(path), answer.people[-1500:]))
                for result in answer.json["results"]:
                    self.assertEqual(result["rowCount"], result["changedRowCount"], path.name)
                if path.parent.name != "map_files":
                    self.assertGreater(sum(int(result["rowCount"]) for result in answer.json["results"]), 0, path.name)
            facts = SHARED / "fundamentals/LPA_sec_companyfacts.json"
            for kind in ("revenue", "earnings", "balance_sheet", "cash_flow", "shares_outstanding"):
                answer = suite.cli("data", "import", facts, "--answers-of", "sec_edgar", "--symbol", "LPA", "--resource", kind)
                self.assertEqual(answer.status, 0, (kind, answer.people[-1500:]))
                rows = suite.cli("data", "read", "--symbols", "LPA", "--resource", kind, "--timeframe", "tick", "--source", "import").json
                self.assertEqual(str(len(rows)), answer.json["results"][0]["rowCount"], kind)
                self.assertGreater(len(rows), 0, kind)
            imported += 1
            chart = SHARED / "providers/yahoo/chart-AAPL-2020-08-31-to-2020-11-07.json"
            for kind, count in (("stock_price", "49"), ("split", "1"), ("dividend", "1")):
                answer = suite.cli("data", "import", chart, "--answers-of", "yahoo", "--resource", kind, "--source", "yahoo_saved")
                self.assertEqual(answer.status, 0, (kind, answer.people[-1500:]))
                self.assertEqual(answer.json["results"][0]["rowCount"], count, kind)
            print(f"{imported} real files imported, each by a command")
            self.assertGreater(imported, 150)


if __name__ == "__main__":
    unittest.main()
