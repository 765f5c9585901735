// Dividends and splits: fetched by the range in which they take effect, known when they were published.
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "common/base/status.h"
#include "common/columnar/range_dropper.h"
#include "services/data/domain/asked_rows.h"
#include "services/data/domain/resource.h"
#include "tests/integration/data/fetch_fixture.h"

namespace breadthflow::data {
namespace {

using breadthflow::testing::IsOk;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

struct Payment {
  std::string declared;
  std::string ex_date;
  double amount = 0;
};

// A company that announced five years of payments at once, and some as they came.
std::vector<Payment> Payments() {
  return {{"2020-09-09", "2020-12-10", 1}, {"2020-09-09", "2021-12-09", 2}, {"2020-09-09", "2022-12-08", 3},
          {"2021-11-02", "2022-02-09", 4}, {"2022-05-02", "2022-05-10", 5}, {"2022-11-01", "2023-02-10", 6}};
}

class FetchEvents : public FetchFixture {
 protected:
  FetchEvents() {
    clock_.Advance(absl::FromCivil(absl::CivilSecond(2023, 6, 1, 12, 0, 0), absl::UTCTimeZone()) - clock_.Now());
    runner_.Drain(absl::Seconds(5));  // that of the fixture asks other providers
    polygon_runner_.Handle(Fetcher::kJobKind, [this](jobs::JobContext& job) { return polygon_fetcher_.Run(job); });
    EXPECT_THAT(polygon_runner_.Start(), IsOk());
    std::filesystem::create_directories(folder_);
  }
  ~FetchEvents() override {
    polygon_runner_.Drain(absl::Seconds(5));
    std::filesystem::remove_all(folder_);
  }

  FetchRun FetchDividends(const std::string& start, const std::string& end, const component::ComponentRef& source) {
    const FetchSpec spec{.resource = "dividend",
                         .symbols = {"AAA"},
                         .timeframe = quant::Timeframe::kTick,
                         .range = {Ns(start), Ns(end)},
                         .source = source};
    const auto id = polygon_fetcher_.Submit(spec, {.request_id = base::NewUuid(absl::Now())});
    EXPECT_THAT(id, IsOk());
    return Await(id.value_or(""));
  }
  // As it ended for the one symbol.
  FetchResult Polygon(const std::string& start, const std::string& end) {
    const FetchRun run = FetchDividends(start, end, {"polygon", {}});
    EXPECT_THAT(run.results, SizeIs(1));
    return run.results.empty() ? FetchResult() : run.results[0];
  }
  FetchResult Csv(const std::string& start, const std::string& end) {
    const FetchRun run = FetchDividends(start, end, {"csv_file", {{"path", folder_.string()}}});
    EXPECT_THAT(run.results, SizeIs(1));
    return run.results.empty() ? FetchResult() : run.results[0];
  }
  void WriteFile(const std::vector<Payment>& payments) {
    std::ofstream file(folder_ / "AAA.csv");
    file << "ex_dividend_date,declaration_date,record_date,payment_date,amount\n";
    for (const Payment& one : payments) file << fmt::format("{},{},,,{}\n", one.ex_date, one.declared, one.amount);
  }

  std::vector<std::string> ExDates(const std::string& source) {
    const auto rows = series_.chunks().Read({"dividend", "AAA", quant::Timeframe::kTick, source});
    if (!rows.ok()) return {std::string(rows.status().message())};
    return std::get<std::vector<std::string>>(rows->Find("ex_date")->values);
  }

  std::vector<Payment> payments_ = Payments();
  testing::UpstreamServer polygon_{[this](const std::string& path) {
    std::string rows;
    for (const Payment& one : payments_) {
      rows += fmt::format(R"({}{{"ticker":"AAA","cash_amount":{},"declaration_date":"{}","ex_dividend_date":"{}"}})",
                          rows.empty() ? "" : ",", one.amount, one.declared, one.ex_date);
    }
    EXPECT_EQ(path, "/v3/reference/dividends?ticker=AAA&limit=1000");
    return Answer{Fault::kNone, fmt::format(R"({{"status":"OK","results":[{}]}})", rows)};
  }};
  ProviderClient polygon_client_{{{.name = "polygon",
                                   .limit = {.per_second = 1000, .burst = 1000},
                                   .base_url = polygon_.Url(),
                                   .allow_plain_http = true}},
                                 *http_,
                                 limits_,
                                 clock_,
                                 {.sleep = [this](absl::Duration wait, const base::CancelToken& cancel) {
                                   clock_.Advance(wait);
                                   return cancel.Check();
                                 }}};
  jobs::Runner polygon_runner_{*database_, {.workers = 2, .poll_interval = absl::Milliseconds(20)}};
  Fetcher polygon_fetcher_{
      PartsOf(Sources(), {.csv_roots = {}, .csv_anywhere = true, .upstream = &polygon_client_}, polygon_runner_)};
  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / fmt::format("fetch_events_test_{}", getpid());
};

TEST_F(FetchEvents, WhatTakesEffectInTheRangeIsThereHoweverLongBeforeItWasAnnounced) {
  const FetchResult year = Polygon("2022-01-01", "2023-01-01");
  EXPECT_EQ(year.outcome, Outcome::kOk);
  // With those that take effect or were published in 2022 come the two that were published with one of them.
  const std::vector<std::string> all = {"2020-12-10", "2021-12-09", "2022-12-08",
                                        "2022-02-09", "2022-05-10", "2023-02-10"};
  EXPECT_EQ(ExDates("polygon"), all) << "in the order of their publication";
  EXPECT_EQ(polygon_.requests(), 1);
  EXPECT_THAT(Polygon("2022-01-01", "2023-01-01").fetched_ranges, IsEmpty());
  EXPECT_EQ(polygon_.requests(), 1) << "a second fetch asks nothing";

  const FetchResult before = Polygon("2021-01-01", "2023-01-01");
  EXPECT_THAT(before.fetched_ranges, ElementsAre(quant::TimeRange{Ns("2021-01-01"), Ns("2022-01-01")}));
  EXPECT_EQ(before.outcome, Outcome::kOk) << "nothing but 4 was published in 2021, but 2 took effect";
  EXPECT_EQ(before.changed_rows, 0);
  EXPECT_EQ(ExDates("polygon"), all);
  for (const Coverage& one : CoverageOf("AAA")) EXPECT_EQ(one.outcome, Outcome::kOk);
}

TEST_F(FetchEvents, ARangeInWhichNothingWasPublishedButSomethingTakesEffectIsNotEmpty) {
  payments_ = {{"2020-09-09", "2021-03-11", 1}, {"2020-09-09", "2022-03-10", 2}};
  const FetchResult later = Polygon("2022-01-01", "2023-01-01");
  EXPECT_EQ(later.outcome, Outcome::kOk);
  EXPECT_THAT(CoverageOf("AAA"), SizeIs(1));
  EXPECT_EQ(CoverageOf("AAA")[0].outcome, Outcome::kOk);
  EXPECT_EQ(CoverageOf("AAA")[0].rows, 1) << "one takes effect then";
  EXPECT_EQ(Polygon("2022-01-01", "2023-01-01").outcome, Outcome::kOk) << "also when nobody is asked again";
  EXPECT_EQ(Polygon("2019-01-01", "2020-01-01").outcome, Outcome::kEmptyConfirmed);
}

TEST_F(FetchEvents, RowsThatComeWithOthersTakeTheirPlaceAndNoOthers) {
  WriteFile(Payments());
  EXPECT_EQ(Csv("2022-01-01", "2023-01-01").outcome, Outcome::kOk);
  const std::vector<std::string> all = ExDates("csv_file");
  EXPECT_THAT(all, SizeIs(6));
  // The file loses what was published in 2022, and gains a payment that was announced with those of 2020.
  std::vector<Payment> changed = Payments();
  std::erase_if(changed, [](const Payment& one) { return one.declared.starts_with("2022"); });
  changed.insert(changed.begin(), {"2020-09-09", "2024-12-12", 7});
  WriteFile(changed);
  EXPECT_EQ(Csv("2019-01-01", "2020-01-01").outcome, Outcome::kEmptyConfirmed);
  EXPECT_EQ(ExDates("csv_file"), all);
  const FetchResult again = Csv("2022-01-01", "2023-01-01");
  EXPECT_THAT(ExDates("csv_file"), ElementsAre("2024-12-12", "2020-12-10", "2021-12-09", "2022-12-08", "2022-02-09"))
      << "of those published in another year none is gone";
  EXPECT_GT(again.changed_rows, 0);
}

// What stays of a drop may be all that a refetch finds.
TEST_F(FetchEvents, ARefetchUndoesADropAlsoWhereItFindsNothingButWhatStayed) {
  payments_ = {{"2022-01-25", "2022-02-09", 1}, {"2022-05-02", "2022-05-10", 2}, {"2021-12-01", "2021-12-10", 3}};
  const component::ComponentRef polygon{"polygon", {}};
  EXPECT_EQ(Polygon("2021-01-01", "2023-01-01").outcome, Outcome::kOk);
  const quant::SeriesKey key{"dividend", "AAA", quant::Timeframe::kTick, "polygon"};
  const int64_t cut = Ns("2022-02-01");
  // As a drop of dividends does: what takes effect later stays.
  const auto resource = FindResource("dividend");
  ASSERT_THAT(resource, IsOk());
  const columnar::Leave leave = [&](quant::Series& rows) { KeepAsked(**resource, {cut, INT64_MAX}, rows); };
  columnar::RangeDropper dropper(*database_);
  BF_ASSERT_OK_AND_ASSIGN(const auto old, dropper.Prepare({.resource = "dividend"}, cut, {}, leave));
  ASSERT_THAT(database_->Transact([&](postgres::Transaction& tx) { return dropper.Commit(tx, old, cut, "the test"); }),
              IsOk());
  EXPECT_THAT(ExDates("polygon"), ElementsAre("2022-02-09", "2022-05-10"));
  // What the newest state has of what was answered.
  const auto there = [&] {
    const auto head = series_.Newest(key, absl::InfiniteFuture());
    const auto answers =
        coverage_.FindAnswers("dividend", {"AAA"}, key.timeframe, absl::InfiniteFuture(), absl::InfiniteFuture());
    EXPECT_THAT(head, IsOk());
    EXPECT_THAT(answers, IsOk());
    if (!head.ok() || !answers.ok() || !answers->contains("AAA")) return std::vector<quant::TimeRange>();
    return StillThere(answers->at("AAA").at(0), [&](absl::Time since) { return head->DroppedSince(since); });
  };
  EXPECT_THAT(there(), ElementsAre(quant::TimeRange{cut, Ns("2023-01-01")}));
  EXPECT_THAT(Polygon("2021-01-01", "2023-01-01").fetched_ranges, IsEmpty());
  EXPECT_THAT(there(), SizeIs(1));

  // The provider has forgotten the one that went: of the range from 2022 on the rows are those that stayed.
  payments_.pop_back();
  const auto refetch = [&](const std::string& start) {
    const FetchSpec spec{.resource = "dividend",
                         .symbols = {"AAA"},
                         .timeframe = quant::Timeframe::kTick,
                         .range = {Ns(start), Ns("2023-01-01")},
                         .source = polygon,
                         .refetch = true};
    const auto id = polygon_fetcher_.Submit(spec, {.request_id = base::NewUuid(absl::Now())});
    EXPECT_THAT(id, IsOk());
    return Await(id.value_or(""));
  };
  const FetchRun same = refetch("2022-01-01");
  ASSERT_THAT(same.results, SizeIs(1));
  EXPECT_EQ(same.results[0].changed_rows, 0) << "no new version";
  EXPECT_THAT(there(), ElementsAre(quant::TimeRange{Ns("2022-01-01"), Ns("2023-01-01")}));
  refetch("2021-01-01");
  EXPECT_THAT(there(), ElementsAre(quant::TimeRange{Ns("2021-01-01"), Ns("2023-01-01")}));
}

}  // namespace
}  // namespace breadthflow::data
