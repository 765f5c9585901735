// What an import does to rows that are stored: corrects them, removes them, or refuses to.
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "common/quant/calendar.h"
#include "common/rpc/convert.h"
#include "tests/integration/data/import_fixture.h"
#include "tests/unit/services/data/daily_series.h"

namespace breadthflow::data {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Not;
using testing::StatusIs;
using Request = ImportServer::Request;
using Code = absl::StatusCode;

// Daily bars of the first `rows` sessions of 2020, the prices of the first `scaled` times `factor`.
std::string Bars(int64_t rows, int64_t scaled = 0, double factor = 1, std::string_view more_header = "",
                 std::string_view more = "") {
  std::string text = fmt::format("date,open,high,low,close,volume{}\n", more_header);
  int64_t row = 0;
  for (const quant::Session& session : quant::Xnys().Between(absl::CivilDay(2020, 1, 1), absl::CivilDay(2021, 1, 1))) {
    if (row == rows) break;
    const double close = (100 + static_cast<double>(row % 7)) * (row < scaled ? factor : 1);
    text +=
        fmt::format("{},{},{},{},{},1000{}\n", absl::FormatCivilTime(session.day), close, close, close, close, more);
    ++row;
  }
  return text;
}

class ImportCorrectionsTest : public ::testing::Test {
 protected:
  absl::StatusOr<v1::ImportSeriesResponse> Import(const std::string& text, const Request& spec = ImportServer::Spec()) {
    return server_.Import({spec, ImportServer::Csv("AAPL.csv", text)});
  }
  double FirstClose() { return server_.Read("AAPL", {.source = "import"}).value().Doubles("close")[0]; }

  ImportServer server_;
};

TEST_F(ImportCorrectionsTest, RowsThatWereStoredBeforeAreCountedByThemselves) {
  const auto first = Import(Bars(40));
  ASSERT_THAT(first, IsOk());
  EXPECT_TRUE(first->results(0).has_revised_row_count());
  EXPECT_EQ(first->results(0).revised_row_count(), 0);
  const auto more = Import(Bars(45, 3, 1.5));
  ASSERT_THAT(more, IsOk()) << "three corrections are no other basis";
  EXPECT_EQ(more->results(0).row_count(), 45);
  EXPECT_EQ(more->results(0).changed_row_count(), 8);
  EXPECT_EQ(more->results(0).revised_row_count(), 3);
  EXPECT_EQ(more->results(0).removed_row_count(), 0);
}

TEST_F(ImportCorrectionsTest, RemovedRowsAreCountedByThemselves) {
  ASSERT_THAT(Import(Bars(40)), IsOk());
  Request spec = ImportServer::Spec();
  spec.mutable_spec()->mutable_replaces()->mutable_start_time()->set_seconds(1'577'836'800);
  spec.mutable_spec()->mutable_replaces()->mutable_end_time()->set_seconds(1'609'459'200);
  const auto less = Import(Bars(29), spec);
  ASSERT_THAT(less, IsOk());
  EXPECT_EQ(less->results(0).changed_row_count(), 11);
  EXPECT_EQ(less->results(0).removed_row_count(), 11);
  EXPECT_EQ(less->results(0).revised_row_count(), 0);
}

TEST_F(ImportCorrectionsTest, PricesThatLookLikeAnotherBasisAreNotTakenUntilSomebodySaysHowTheyAreAdjusted) {
  ASSERT_THAT(Import(Bars(40, 0, 1, ",adj_close", ",50")), IsOk()) << "an adjusted close tells that they are split";
  const std::string raw = Bars(40, 30, 28);
  const absl::Status refused = Import(raw).status();
  ASSERT_THAT(refused, StatusIs(Code::kFailedPrecondition, "BASIS_DOUBTFUL"));
  std::vector<std::string> said;
  for (const base::FieldViolation& one : base::DetailsOf(refused).violations) said.push_back(one.description);
  EXPECT_THAT(said, ElementsAre(AllOf(HasSubstr("of 40 closes that are stored, 30 would change by more than 1 %"),
                                      HasSubstr("by the factor 28"), HasSubstr("which are split"), HasSubstr("--basis"),
                                      HasSubstr("--replace (--start, --end)"), HasSubstr("--source NAME"))));
  EXPECT_EQ(server_.Count("series_version"), 1);
  EXPECT_DOUBLE_EQ(FirstClose(), 100);
  // Their true basis is another than the stored one.
  Request said_raw = ImportServer::Spec();
  said_raw.mutable_spec()->set_basis(common::v1::PRICE_BASIS_RAW);
  const absl::Status other = Import(raw, said_raw).status();
  EXPECT_THAT(other, StatusIs(Code::kFailedPrecondition, "NOT_STORABLE"));
  EXPECT_THAT(base::Message(other),
              AllOf(HasSubstr("a series keeps one basis"), HasSubstr("--source NAME"), Not(HasSubstr("--basis"))));
  // Who says that they are split is believed.
  Request said_split = ImportServer::Spec();
  said_split.mutable_spec()->set_basis(common::v1::PRICE_BASIS_SPLIT);
  const auto believed = Import(raw, said_split);
  ASSERT_THAT(believed, IsOk());
  EXPECT_EQ(believed->results(0).revised_row_count(), 30);
  EXPECT_DOUBLE_EQ(FirstClose(), 2800);
}

// Rows [begin, all) of `text`, which has a line of names.
std::string RowsFrom(const std::string& text, int64_t begin) {
  const size_t names = text.find('\n') + 1;
  size_t at = names;
  for (int64_t row = 0; row < begin; ++row) at = text.find('\n', at) + 1;
  return text.substr(0, names) + text.substr(at);
}

TEST_F(ImportCorrectionsTest, ADownloadAfterASplitIsNotStoredIntoOlderRowsWhoeverSaysHowItIsAdjusted) {
  ASSERT_THAT(Import(Bars(40, 0, 1, ",adj_close", ",50")), IsOk());
  const std::string after = RowsFrom(Bars(40, 40, 0.1, ",adj_close", ",5"), 20);
  Request said = ImportServer::Spec();
  said.mutable_spec()->set_basis(common::v1::PRICE_BASIS_SPLIT);
  Request part = ImportServer::Spec();
  part.mutable_spec()->mutable_replaces()->mutable_start_time()->set_seconds(1'579'651'200);  // 2020-01-22
  part.mutable_spec()->mutable_replaces()->mutable_end_time()->set_seconds(1'609'459'200);
  for (const Request& spec : {ImportServer::Spec(), said}) {
    const absl::Status refused = Import(after, spec).status();
    ASSERT_THAT(refused, StatusIs(Code::kFailedPrecondition, "BASIS_DOUBTFUL"));
    const std::string text = base::DetailsOf(refused).violations.at(0).description;
    EXPECT_THAT(text, AllOf(HasSubstr("20 of 20 stored closes would change by the factor 0.1, as after a split, and 20 "
                                      "other stored rows would stay"),
                            HasSubstr("--adjusted-as-of DATE"), HasSubstr("--replace, --start, --end")));
    EXPECT_LT(text.size(), 256U);
  }
  EXPECT_THAT(Import(RowsFrom(after, 5), part), StatusIs(Code::kFailedPrecondition, "BASIS_DOUBTFUL"));
  EXPECT_EQ(server_.Count("series_version"), 1);
  // All of the history mixes nothing.
  const auto all = Import(Bars(40, 40, 0.1, ",adj_close", ",5"));
  ASSERT_THAT(all, IsOk());
  EXPECT_THAT(all->results(0).notes(), Contains("all 40 stored closes changed by the factor 0.1, as after a split"));
  EXPECT_DOUBLE_EQ(FirstClose(), 10);
}

TEST_F(ImportCorrectionsTest, OneFactorOfAllThatIsStoredIsNoDoubtOfAnAssumedBasis) {
  ASSERT_THAT(Import(Bars(40)), IsOk());
  const auto all = Import(Bars(45, 45, 0.5));
  ASSERT_THAT(all, IsOk());
  EXPECT_EQ(all->results(0).revised_row_count(), 40);
  EXPECT_THAT(all->results(0).notes(), Contains("all 40 stored closes changed by the factor 0.5, as after a split"));
}

TEST_F(ImportCorrectionsTest, WhatIsReplacedMayHaveAnyPrices) {
  ASSERT_THAT(Import(Bars(40)), IsOk());
  Request spec = ImportServer::Spec();
  spec.mutable_spec()->mutable_replaces()->mutable_start_time()->set_seconds(1'577'836'800);
  spec.mutable_spec()->mutable_replaces()->mutable_end_time()->set_seconds(1'609'459'200);
  EXPECT_THAT(Import(Bars(40, 40, 28), spec), IsOk());
  EXPECT_DOUBLE_EQ(FirstClose(), 2800);
}

TEST_F(ImportCorrectionsTest, PackedRowsWithoutABasisAreLookedAtToo) {
  ASSERT_THAT(Import(Bars(40)), IsOk());
  quant::Series rows = server_.Read("AAPL", {.source = "import"}).value();
  rows.basis = quant::PriceBasis::kNotPrices;
  for (quant::Column& column : rows.columns) {
    if (column.name == "volume") continue;
    std::vector<double>& prices = std::get<std::vector<double>>(column.values);
    for (size_t row = 0; row < 30; ++row) prices[row] *= row < 15 ? 8 : 2;
  }
  EXPECT_THAT(server_.Import({ImportServer::Spec(), ImportServer::Packed(rows)}),
              StatusIs(Code::kFailedPrecondition, "BASIS_DOUBTFUL"));
}

// Prices of about 1, then 120, then 2: what is corrected in each has the stored rows beside it, and no other
// correction.
TEST_F(ImportCorrectionsTest, SingleDaysYearsApartAreCorrectedAtOnce) {
  quant::Series rows = DailyBars(2400);
  rows.key = {"stock_price", "AAPL", quant::Timeframe::kDay, "import"};
  for (size_t row = 0; row < rows.size(); ++row) ScaleBar(rows, row, row < 800 ? 0.01 : row < 1600 ? 1.2 : 0.02);
  ASSERT_THAT(server_.Import({ImportServer::Spec(), ImportServer::Packed(rows)}), IsOk());
  const auto correct = [&](double factor) {
    quant::Series some = rows.Rows(0, 0);
    for (const size_t row : {400, 401, 1200, 2000}) some.times.push_back(rows.times[row]);
    for (quant::Column& column : some.columns) {
      const double by = column.name == "volume" ? 2 : factor;
      for (const size_t row : {400, 401, 1200, 2000}) {
        std::get<std::vector<double>>(column.values).push_back(rows.Doubles(column.name)[row] * (row == 2000 ? by : 1));
      }
    }
    auto spec = ImportServer::Spec();
    spec.mutable_spec()->set_quality_gate(v1::QUALITY_GATE_QUARANTINE);
    return server_.Import({spec, ImportServer::Packed(some)});
  };
  const auto corrected = correct(1);
  ASSERT_THAT(corrected, IsOk());
  EXPECT_EQ(corrected->results(0).quarantine(), "");
  EXPECT_EQ(corrected->results(0).revised_row_count(), 1);
  const auto odd = correct(100);
  ASSERT_THAT(odd, IsOk());
  EXPECT_NE(odd->results(0).quarantine(), "") << "beside what is stored";
}

}  // namespace
}  // namespace breadthflow::data
