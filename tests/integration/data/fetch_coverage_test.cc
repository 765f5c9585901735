// Fetching that asks only for what is missing, and says of every range what came of it.
#include <atomic>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "tests/integration/data/fetch_fixture.h"

namespace breadthflow::data {
namespace {

using breadthflow::testing::IsOk;
using breadthflow::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class FetchCoverage : public FetchFixture {
 protected:
  using FetchFixture::FetchFixture;

  // Ranges ascend without overlap, and their rows are those that are stored.
  void ExpectSound(const std::string& symbol) {
    int64_t rows = 0;
    int64_t at = INT64_MIN;
    for (const Coverage& one : CoverageOf(symbol)) {
      EXPECT_GE(one.range.start_ns, at) << symbol;
      at = one.range.end_ns;
      const auto stored = static_cast<int64_t>(Stored(symbol).Slice(one.range).size());
      EXPECT_EQ(one.rows.value_or(stored), stored) << symbol;
      rows += stored;
    }
    EXPECT_EQ(rows, static_cast<int64_t>(Stored(symbol).size())) << symbol;
  }
};

TEST_F(FetchCoverage, ASecondFetchAsksNothing) {
  const FetchSpec spec = Yahoo({"AAA", "BBB"}, "2019-01-01", "2020-06-04");
  const FetchRun first = Fetch(spec);
  ASSERT_THAT(first.results, SizeIs(2));
  EXPECT_GT(first.results[0].rows, 350);
  EXPECT_EQ(first.results[0].source, "yahoo");
  EXPECT_THAT(first.results[0].fetched_ranges, ElementsAre(spec.range));
  ASSERT_EQ(server_.requests(), 2);
  const FetchRun second = Fetch(spec);
  EXPECT_EQ(server_.requests(), 2);
  for (const FetchResult& result : second.results) {
    EXPECT_EQ(result.outcome, Outcome::kOk);
    EXPECT_EQ(result.rows, 0);
    EXPECT_THAT(result.fetched_ranges, IsEmpty());
  }
  ExpectSound("AAA");
  // Neither does a part of it.
  Fetch(Yahoo({"AAA"}, "2019-03-01", "2019-09-01"));
  EXPECT_EQ(server_.requests(), 2);
}

// A chart whose tenth close is a hundred times what it was.
std::string Broken(std::string chart) {
  size_t at = chart.find("\"close\":[");
  for (int i = 0; i < 9; ++i) at = chart.find(',', at + 1);
  return chart.insert(chart.find(',', at + 1), "e2");
}

TEST_F(FetchCoverage, RowsThatWereReleasedAreNotAskedForAgain) {
  answer_ = [&](const auto& question) {
    return Answer{Fault::kNone, Broken(breadthflow::testing::YahooChart(question, clock_.Now()))};
  };
  const FetchSpec spec = Yahoo({"AAA"}, "2019-01-01", "2020-06-04");
  const FetchRun held = Fetch(spec);
  ASSERT_THAT(held.results, SizeIs(1));
  ASSERT_NE(held.results[0].quarantine, "");
  const std::vector<Coverage> failed = CoverageOf("AAA");
  for (const Coverage& one : failed) EXPECT_EQ(base::DetailsOf(one.error).reason, "QUARANTINED");
  const auto released = quarantines_.Release(held.results[0].quarantine, "ops", "it was so", absl::InfiniteFuture());
  ASSERT_THAT(released, IsOk());
  ExpectSound("AAA");
  const std::vector<Coverage> covered = CoverageOf("AAA");
  ASSERT_THAT(covered, SizeIs(failed.size()));
  for (size_t i = 0; i < covered.size(); ++i) {
    EXPECT_EQ(covered[i].outcome, Outcome::kOk);
    EXPECT_EQ(covered[i].range, failed[i].range);
    EXPECT_EQ(covered[i].run, held.id);
    EXPECT_EQ(covered[i].fetch_time, failed[i].fetch_time);
    EXPECT_EQ(covered[i].body_sha256, failed[i].body_sha256);
    EXPECT_EQ(covered[i].parameters, failed[i].parameters);
  }
  const int before = server_.requests();
  EXPECT_EQ(Fetch(spec).results[0].outcome, Outcome::kOk);
  EXPECT_EQ(server_.requests(), before);
}

TEST_F(FetchCoverage, LaterOnlyTheTailAndTheRevisionWindowAreAsked) {
  Fetch(Yahoo({"AAA"}, "2019-01-01", "2020-12-31"));
  const absl::Time first = clock_.Now();
  const size_t before = Stored("AAA").size();
  clock_.Advance(absl::Hours(24 * 10));
  answer_ = [&](const auto& question) {
    return Answer{Fault::kNone, breadthflow::testing::YahooChart(question, clock_.Now(), 1, 2000)};
  };
  const FetchRun run = Fetch(Yahoo({"AAA"}, "2019-01-01", "2020-12-31"));
  ASSERT_THAT(run.results, SizeIs(1));
  ASSERT_THAT(run.results[0].fetched_ranges, SizeIs(1));
  EXPECT_EQ(run.results[0].fetched_ranges[0].start_ns, absl::ToUnixNanos(first - absl::Hours(24 * 7)));
  ASSERT_THAT(questions(), SizeIs(2));
  EXPECT_GT(questions()[1].start, absl::ToUnixSeconds(first - absl::Hours(24 * 10)));
  const quant::Series now = Stored("AAA");
  EXPECT_GT(now.size(), before + 5);
  EXPECT_EQ(run.results[0].changed_rows, static_cast<int64_t>(now.size() - before) + 5) << "five were revised";
  ExpectSound("AAA");
}

// With a window that is shorter than the usual one, polls of the last week are settled already: they keep their times.
TEST_F(FetchCoverage, WhatAShortRevisionWindowSettledIsNotAskedForAgain) {
  const CoveragePolicy policy{.revision_window = absl::Hours(1)};
  CoverageStore store(*database_, policy);
  Coverage like;
  like.key = {"stock_price", "BBB", quant::Timeframe::kDay, "yahoo"};
  like.run = Fetch(Yahoo({"AAA"}, "2020-05-01", "2020-06-01")).id;
  like.fetch_time = absl::FromCivil(absl::CivilSecond(2020, 6, 3, 22, 0, 0), absl::UTCTimeZone());
  like.parameters = "p";
  const quant::TimeRange range{Ns("2020-05-01"), Ns("2020-12-31")};
  int64_t from = range.start_ns;
  for (int poll = 0; poll < 6; ++poll, like.fetch_time += absl::Hours(6)) {
    auto known = store.Find("stock_price", {"BBB"}, quant::Timeframe::kDay, absl::InfiniteFuture());
    ASSERT_THAT(known, IsOk());
    const std::vector<quant::TimeRange> asked =
        Missing(range, (*known)["BBB"]["yahoo"], "p", Revisions::kRecent, policy, like.fetch_time);
    ASSERT_THAT(asked, ElementsAre(quant::TimeRange{from, range.end_ns})) << poll;
    ASSERT_THAT(database_->Transact([&](postgres::Transaction& tx) {
      return store.Add(tx, Covered(like, asked[0], {}, Revisions::kRecent, policy));
    }),
                IsOk());
    from = quant::ToNanos(like.fetch_time - policy.revision_window);
  }
}

TEST_F(FetchCoverage, OnlyTheGapBetweenTwoRangesIsAsked) {
  Fetch(Yahoo({"AAA"}, "2019-01-01", "2019-02-01"));
  Fetch(Yahoo({"AAA"}, "2019-03-01", "2019-04-01"));
  const FetchRun run = Fetch(Yahoo({"AAA"}, "2019-01-01", "2019-04-01"));
  EXPECT_THAT(run.results.at(0).fetched_ranges, ElementsAre(quant::TimeRange{Ns("2019-01-25"), Ns("2019-03-08")}))
      << "and a week beside it, to see that prices are still adjusted to the same day";
  EXPECT_EQ(server_.requests(), 3);
  ExpectSound("AAA");
  // Several gaps are joined as if they had been one.
  const FetchRun wide = Fetch(Yahoo({"AAA"}, "2018-12-01", "2019-05-01"));
  EXPECT_THAT(wide.results.at(0).fetched_ranges, SizeIs(2));
  EXPECT_EQ(Stored("AAA").size(), quant::Xnys().ClosingIn({Ns("2018-12-01"), Ns("2019-05-01")}).size());
  ExpectSound("AAA");
}

// Yahoo adjusts for splits as of the day it is asked: what was fetched before one does not fit to what comes after it.
TEST_F(FetchCoverage, AfterASplitTheWholeSeriesIsFetchedAgain) {
  Fetch(Yahoo({"AAA"}, "2019-01-01", "2019-06-01"));
  Fetch(Yahoo({"AAA"}, "2020-01-01", "2020-12-31"));
  const double before = Stored("AAA").Doubles("close")[0];
  clock_.Advance(absl::Hours(24 * 10));
  answer_ = [&](const auto& question) {
    return Answer{Fault::kNone, breadthflow::testing::YahooChart(question, clock_.Now(), 4)};
  };
  const FetchRun run = Fetch(Yahoo({"AAA"}, "2020-01-01", "2020-12-31"));
  EXPECT_THAT(run.results.at(0).notes, ElementsAre(::testing::HasSubstr("adjusted anew")));
  ASSERT_THAT(run.results.at(0).fetched_ranges, SizeIs(2));
  EXPECT_EQ(run.results[0].fetched_ranges[1].start_ns, Ns("2019-01-01"));
  const quant::Series stored = Stored("AAA");
  EXPECT_NEAR(stored.Doubles("close")[0], before / 4, 1e-9);
  for (size_t row = 1; row < stored.size(); ++row) {
    EXPECT_LT(stored.Doubles("close")[row], 4) << "one scale from the first row to the last";
  }
  ExpectSound("AAA");
  EXPECT_THAT(Fetch(Yahoo({"AAA"}, "2019-01-01", "2020-12-31")).results.at(0).fetched_ranges, IsEmpty());
}

TEST_F(FetchCoverage, RowsThatWereDroppedComeBackNeitherByAGapNorByASplitButByARefetch) {
  Fetch(Yahoo({"AAA"}, "2019-01-01", "2019-06-01"));
  const int64_t cut = Ns("2019-03-01");
  columnar::RangeDropper dropper(*database_);
  BF_ASSERT_OK_AND_ASSIGN(const auto old, dropper.Prepare({.resource = "stock_price"}, cut, {}));
  ASSERT_THAT(database_->Transact([&](postgres::Transaction& tx) { return dropper.Commit(tx, old, cut, "the test"); }),
              IsOk());
  EXPECT_THAT(Fetch(Yahoo({"AAA"}, "2019-01-01", "2019-06-01")).results.at(0).fetched_ranges, IsEmpty());
  clock_.Advance(absl::Hours(24 * 10));
  answer_ = [&](const auto& question) {
    return Answer{Fault::kNone, breadthflow::testing::YahooChart(question, clock_.Now(), 4)};
  };
  const FetchRun split = Fetch(Yahoo({"AAA"}, "2019-01-01", "2019-08-01"));
  EXPECT_THAT(split.results.at(0).notes, ::testing::Contains(::testing::HasSubstr("adjusted anew")));
  ASSERT_THAT(split.results.at(0).fetched_ranges, SizeIs(2));
  EXPECT_EQ(split.results[0].fetched_ranges[1], (quant::TimeRange{cut, Ns("2019-08-01")}));
  EXPECT_GE(Stored("AAA").times.front(), cut);
  FetchSpec all = Yahoo({"AAA"}, "2019-01-01", "2019-08-01");
  all.refetch = true;
  Fetch(all);
  EXPECT_LT(Stored("AAA").times.front(), cut);
  ExpectSound("AAA");
}

TEST_F(FetchCoverage, OtherParametersAndTheWishToAskAgainAskForAll) {
  FetchSpec spec = Yahoo({"AAA"}, "2019-01-01", "2019-02-01");
  Fetch(spec);
  spec.source.params["currency"] = std::string("any");
  EXPECT_THAT(Fetch(spec).results.at(0).fetched_ranges, SizeIs(1));
  EXPECT_THAT(Fetch(spec).results.at(0).fetched_ranges, IsEmpty());
  spec.refetch = true;
  EXPECT_THAT(Fetch(spec).results.at(0).fetched_ranges, ElementsAre(spec.range));
  EXPECT_EQ(server_.requests(), 3);
  ExpectSound("AAA");
}

TEST_F(FetchCoverage, WhatIsReplacedInPartIsCountedFromTheStore) {
  Fetch(Yahoo({"AAA"}, "2019-01-01", "2019-04-01"));
  FetchSpec part = Yahoo({"AAA"}, "2019-02-01", "2019-03-01");
  part.refetch = true;
  Fetch(part);
  const std::vector<Coverage> entries = CoverageOf("AAA");
  ASSERT_THAT(entries, SizeIs(3));
  EXPECT_EQ(entries[0].rows, std::nullopt);
  EXPECT_EQ(entries[1].rows, 19);
  EXPECT_EQ(entries[2].rows, std::nullopt);
  EXPECT_NE(entries[1].run, entries[2].run);
}

TEST_F(FetchCoverage, AFailedRangeIsAskedAgainAndTakesNothingAway) {
  Fetch(Yahoo({"AAA"}, "2019-01-01", "2019-02-01"));
  const size_t rows = Stored("AAA").size();
  answer_ = [](const auto&) { return Answer{Fault::kHtml, ""}; };
  FetchSpec wider = Yahoo({"AAA"}, "2019-01-01", "2019-03-01");
  const FetchRun failed = Fetch(wider);
  EXPECT_EQ(failed.job.state, jobs::State::kFailed);
  EXPECT_THAT(failed.results.at(0).error, StatusIs(absl::StatusCode::kUnavailable, "MALFORMED_BODY"));
  std::vector<Coverage> entries = CoverageOf("AAA");
  ASSERT_THAT(entries, SizeIs(2));
  EXPECT_EQ(entries[0].outcome, Outcome::kOk);
  EXPECT_EQ(entries[1].outcome, Outcome::kFailed);
  EXPECT_TRUE(entries[1].retryable);
  EXPECT_EQ(entries[1].range, (quant::TimeRange{Ns("2019-02-01"), Ns("2019-03-01")}));
  EXPECT_EQ(Stored("AAA").size(), rows);
  answer_ = [this](const auto& question) {
    return Answer{Fault::kNone, breadthflow::testing::YahooChart(question, clock_.Now())};
  };
  EXPECT_EQ(Fetch(wider).results.at(0).outcome, Outcome::kOk);
  ExpectSound("AAA");
  for (const Coverage& one : CoverageOf("AAA")) EXPECT_EQ(one.outcome, Outcome::kOk);
}

TEST_F(FetchCoverage, WhatASourceConfirmedNotToHaveIsNotAskedAgain) {
  FetchSpec spec = Yahoo({"AAA"}, "2019-01-05", "2019-01-07");  // a weekend
  EXPECT_EQ(Fetch(spec).results.at(0).outcome, Outcome::kEmptyConfirmed);
  EXPECT_EQ(Fetch(spec).results.at(0).outcome, Outcome::kEmptyConfirmed);
  EXPECT_EQ(server_.requests(), 1);
}

TEST_F(FetchCoverage, WhatAProviderSaidIsKeptForAWhile) {
  const FetchRun run = Fetch(Yahoo({"AAA"}, "2019-01-01", "2019-02-01"));
  const std::string hash = run.results.at(0).body_sha256;
  ASSERT_THAT(hash, SizeIs(64));
  BF_ASSERT_OK_AND_ASSIGN(RawBodyStore::Reader reader, bodies_.Open(hash, absl::InfiniteFuture()));
  BF_ASSERT_OK_AND_ASSIGN(const std::string bytes, reader.Next());
  EXPECT_EQ(bytes, breadthflow::testing::YahooChart(questions().at(0), clock_.Now()));
  EXPECT_THAT(reader.Next().value(), IsEmpty());
  EXPECT_EQ(CoverageOf("AAA").at(0).body_sha256, hash);
  BF_ASSERT_OK_AND_ASSIGN(const int64_t young, bodies_.Sweep(absl::Hours(1)));
  EXPECT_EQ(young, 0);
  BF_ASSERT_OK_AND_ASSIGN(const int64_t swept, bodies_.Sweep(absl::ZeroDuration()));
  EXPECT_EQ(swept, 1);
  EXPECT_THAT(bodies_.Open(hash, absl::InfiniteFuture()).status(),
              StatusIs(absl::StatusCode::kNotFound, "RAW_BODY_NOT_FOUND"));
  EXPECT_THAT(bodies_.Open("xyz", absl::InfiniteFuture()).status(), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(FetchCoverage, ALargeBodyComesBackInPiecesAsItWas) {
  std::string body;
  for (int i = 0; body.size() < 3'000'000; ++i) body += std::to_string(i * 2654435761u);
  const std::string hash = base::Sha256HexOf(body);
  ASSERT_THAT(bodies_.Keep(hash, body, absl::InfiniteFuture()), IsOk());
  ASSERT_THAT(bodies_.Keep(hash, body, absl::InfiniteFuture()), IsOk()) << "again changes nothing";
  BF_ASSERT_OK_AND_ASSIGN(RawBodyStore::Reader reader, bodies_.Open(hash, absl::InfiniteFuture()));
  std::string read;
  int pieces = 0;
  while (true) {
    BF_ASSERT_OK_AND_ASSIGN(const std::string piece, reader.Next());
    if (piece.empty()) break;
    EXPECT_LE(piece.size(), RawBodyStore::Reader::kMaxPiece);
    read += piece;
    ++pieces;
  }
  EXPECT_EQ(read, body);
  EXPECT_GT(pieces, 10);
}

TEST_F(FetchCoverage, FetchesOfTheSameSeriesAtOnceLeaveItWhole) {
  std::vector<std::string> runs;
  for (int i = 0; i < 6; ++i) {
    FetchSpec spec = Yahoo({"AAA", "BBB", "CCC"}, "2019-01-01", i % 2 == 0 ? "2020-06-04" : "2020-03-01");
    spec.refetch = true;
    runs.push_back(Start(spec));
  }
  for (const std::string& id : runs) EXPECT_EQ(Await(id).job.state, jobs::State::kSucceeded);
  for (const char* symbol : {"AAA", "BBB", "CCC"}) {
    EXPECT_EQ(Stored(symbol).size(), quant::Xnys().ClosingIn({Ns("2019-01-01"), Ns("2020-06-04")}).size());
    int64_t at = INT64_MIN;
    for (const Coverage& one : CoverageOf(symbol)) {
      EXPECT_GE(one.range.start_ns, at);
      at = one.range.end_ns;
    }
  }
}

// Whatever stops a symbol just when it ends, its rows and what is said of them are there together or not at all.
TEST_F(FetchCoverage, RowsAndWhatIsSaidOfThemAppearTogether) {
  database_server_.Sql(
      "CREATE FUNCTION data.refuse() RETURNS trigger LANGUAGE plpgsql AS "
      "$$ BEGIN RAISE EXCEPTION 'refused' USING ERRCODE = '23514'; END $$");
  database_server_.Sql("CREATE TRIGGER refuse BEFORE INSERT ON data.fetch_attempt EXECUTE FUNCTION data.refuse()");
  const FetchSpec spec = Yahoo({"AAA"}, "2019-01-01", "2019-02-01");
  EXPECT_EQ(Fetch(spec).job.state, jobs::State::kFailed);
  EXPECT_THAT(CoverageOf("AAA"), IsEmpty());
  EXPECT_EQ(database_server_.Sql("SELECT count(*) FROM data.series"), "0");
  database_server_.Sql("DROP TRIGGER refuse ON data.fetch_attempt");
  EXPECT_EQ(Fetch(spec).results.at(0).outcome, Outcome::kOk);
  ExpectSound("AAA");
}

class FetchHardDay : public FetchCoverage {
 protected:
  FetchHardDay() : FetchCoverage(absl::Milliseconds(400)) {}
};

// 500 symbols of which 10 % are refused, 5 % have nothing, 5 % are answered with a page and 5 % never.
TEST_F(FetchHardDay, EverySymbolOfAHardDayEndsAsWhatItIsAndOnlyTheFailedOnesAreAskedAgain) {
  std::vector<std::string> symbols;
  std::map<std::string, Fault> faults;
  std::map<std::string, std::string> reasons;
  for (int i = 0; i < 500; ++i) {
    const std::string symbol = "S" + std::to_string(i);
    symbols.push_back(symbol);
    const int kind = i % 20;
    if (kind == 3 || kind == 11) {
      faults[symbol] = Fault::kTooMany;
      reasons[symbol] = "RATE_LIMITED";
    } else if (kind == 5) {
      reasons[symbol] = "EMPTY";
    } else if (kind == 8) {
      faults[symbol] = Fault::kHtml;
      reasons[symbol] = "MALFORMED_BODY";
    } else if (kind == 16) {
      faults[symbol] = Fault::kHang;
      reasons[symbol] = "HTTP_TIMEOUT";
    }
  }
  std::atomic<bool> healed = false;  // read where the provider answers
  answer_ = [&](const breadthflow::testing::ChartQuestion& question) {
    const auto fault = faults.find(question.symbol);
    if (!healed && fault != faults.end()) return Answer{fault->second, ""};
    breadthflow::testing::ChartQuestion asked = question;
    if (reasons[question.symbol] == "EMPTY") asked.end = asked.start;
    return Answer{Fault::kNone, breadthflow::testing::YahooChart(asked, clock_.Now())};
  };
  for (const std::string& symbol : symbols) reasons.try_emplace(symbol, "OK");
  const FetchSpec spec = Yahoo(symbols, "2019-01-01", "2019-03-01");
  const FetchRun run = Fetch(spec);
  EXPECT_EQ(run.job.state, jobs::State::kSucceeded);
  std::map<std::string, int> counts;
  for (const FetchResult& result : run.results) {
    std::string ended = result.outcome == Outcome::kOk ? "OK" : "EMPTY";
    if (result.outcome == Outcome::kFailed) ended = base::DetailsOf(result.error).reason;
    if (ended == "TOO_SLOW") ended = "HTTP_TIMEOUT";  // whichever limit is seen first
    EXPECT_EQ(ended, reasons[result.symbol]) << result.symbol;
    EXPECT_EQ(result.retryable, result.outcome == Outcome::kFailed) << result.symbol;
    ++counts[ended];
  }
  EXPECT_EQ(counts,
            (std::map<std::string, int>{
                {"OK", 375}, {"EMPTY", 25}, {"RATE_LIMITED", 50}, {"MALFORMED_BODY", 25}, {"HTTP_TIMEOUT", 25}}));
  EXPECT_EQ(database_server_.Sql("SELECT string_agg(n::text, ' ' ORDER BY outcome) FROM (SELECT outcome, count(*) AS n "
                                 "FROM data.coverage GROUP BY outcome) AS c"),
            "375 25 100");
  healed = true;
  const size_t before = questions().size();
  const FetchRun second = Fetch(spec);
  std::map<std::string, int> asked;
  const std::vector<breadthflow::testing::ChartQuestion> all = questions();
  for (size_t i = before; i < all.size(); ++i) ++asked[all[i].symbol];
  EXPECT_EQ(asked.size(), 100u);
  for (const auto& [symbol, times] : asked) EXPECT_TRUE(faults.contains(symbol)) << symbol << " " << times;
  for (const FetchResult& result : second.results) {
    EXPECT_EQ(result.outcome, reasons[result.symbol] == "EMPTY" ? Outcome::kEmptyConfirmed : Outcome::kOk);
  }
}

}  // namespace
}  // namespace breadthflow::data
