#include <algorithm>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "common/quant/calendar.h"
#include "services/data/domain/resource.h"
#include "services/data/sources/catalog.h"
#include "tests/support/matchers.h"

// What a source must do, whatever it is.
namespace breadthflow::data {
namespace {

using testing::IsOk;

class SourceContract : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("source_contract_" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
    std::ofstream file(folder_ / "AAPL.csv");
    file << "date,open,high,low,close,volume\n";
    for (const quant::Session& session :
         quant::Xnys().Between(absl::CivilDay(2010, 1, 1), absl::CivilDay(2015, 1, 1))) {
      const double price = 50 + static_cast<double>(session.day.day());
      file << absl::FormatCivilTime(session.day) << ',' << price << ',' << price + 1 << ',' << price - 1 << ','
           << price + 0.5 << ",1000\n";
    }
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<Source> Make() {
    const SourceEntry* entry = Sources().Find(GetParam()).value();
    component::RawParams given;
    for (const component::ParamSpec& spec : entry->params) {
      if (spec.name == "path") given["path"] = folder_.string();
    }
    return entry->make(component::Params::Check(entry->params, given).value(), {.csv_anywhere = true}).value();
  }

  static quant::Series Fetch(const Source& source, quant::TimeRange range) {
    const auto request = source.TransformQuery({"stock_price", "AAPL", quant::Timeframe::kDay, range}).value();
    return source.TransformData(request, source.Extract(request, {}).value()).value().series;
  }

  static quant::TimeRange Days(absl::CivilDay from, absl::CivilDay to) {
    return {(from - absl::CivilDay(1970, 1, 1)) * 86'400'000'000'000,
            (to - absl::CivilDay(1970, 1, 1)) * 86'400'000'000'000};
  }

  std::filesystem::path folder_;
};

TEST(SourceCatalog, EverySourceDescribesItself) {
  for (const SourceEntry& entry : Sources().entries()) {
    EXPECT_EQ(entry.info.kind, "data_source");
    EXPECT_FALSE(entry.info.description.empty()) << entry.info.name;
    for (const component::ParamSpec& spec : entry.params) EXPECT_FALSE(spec.description.empty()) << spec.name;
  }
}

// What a source says that it offers is what it takes, no more and no less.
TEST(SourceCatalog, EverySourceTakesWhatItOffersAndNothingElse) {
  for (const SourceEntry& entry : Sources().entries()) {
    if (entry.any_resource) continue;
    component::RawParams given;
    for (const component::ParamSpec& spec : entry.params) {
      if (spec.name == "contact") given["contact"] = std::string("someone@example.com");
    }
    const auto source = entry.make(component::Params::Check(entry.params, given).value(), {}).value();
    EXPECT_EQ(source->authoritative(), entry.authoritative) << entry.info.name;
    ASSERT_FALSE(entry.capabilities.empty()) << entry.info.name;
    for (const Resource& resource : Resources()) {
      const auto offered = std::find_if(entry.capabilities.begin(), entry.capabilities.end(),
                                        [&](const Capability& one) { return one.resource == resource.id; });
      for (int number = 1; number <= 9; ++number) {
        const auto timeframe = static_cast<quant::Timeframe>(number);
        const bool expected =
            offered != entry.capabilities.end() &&
            std::find(offered->timeframes.begin(), offered->timeframes.end(), timeframe) != offered->timeframes.end();
        // Three sessions in January 2020.
        const auto request = source->TransformQuery(
            {resource.id, "AAPL", timeframe, {1'578'268'800'000'000'000, 1'578'528'000'000'000'000}});
        EXPECT_EQ(request.ok(), expected)
            << entry.info.name << " " << resource.id << " " << quant::ToText(timeframe) << ": " << request.status();
        EXPECT_EQ(expected ? "" : "NOT_OFFERED", request.ok() ? "" : base::DetailsOf(request.status()).reason);
      }
    }
    for (size_t i = 1; i < entry.capabilities.size(); ++i) {
      EXPECT_LT(entry.capabilities[i - 1].resource, entry.capabilities[i].resource) << entry.info.name;
    }
  }
}

TEST_P(SourceContract, GivesValidRowsOfTheRangeWithADeclaredBasis) {
  const auto source = Make();
  const auto range = Days(absl::CivilDay(2012, 3, 1), absl::CivilDay(2013, 3, 1));
  const quant::Series series = Fetch(*source, range);
  ASSERT_FALSE(series.empty());
  EXPECT_THAT(series.Validate(), IsOk());
  EXPECT_NE(series.basis, quant::PriceBasis::kNotPrices);
  EXPECT_TRUE(range.Contains(series.times.front()) && range.Contains(series.times.back()));
  base::Violations violations;
  CheckSeries(
      *FindResource("stock_price").value(), series, [](size_t row) { return std::to_string(row); }, violations);
  EXPECT_THAT(violations.ToStatus("series"), IsOk());
}

TEST_P(SourceContract, APartOfARangeIsThePartOfItsRows) {
  const auto source = Make();
  const auto whole = Days(absl::CivilDay(2010, 1, 1), absl::CivilDay(2015, 1, 1));
  const auto part = Days(absl::CivilDay(2011, 6, 15), absl::CivilDay(2013, 2, 3));
  EXPECT_EQ(Fetch(*source, part), Fetch(*source, whole).Slice(part));
}

TEST_P(SourceContract, SameBodySameRows) {
  const auto source = Make();
  const auto range = Days(absl::CivilDay(2012, 3, 1), absl::CivilDay(2012, 4, 1));
  const auto request = source->TransformQuery({"stock_price", "AAPL", quant::Timeframe::kDay, range}).value();
  const auto body = source->Extract(request, {}).value();
  EXPECT_EQ(source->TransformData(request, body)->series, source->TransformData(request, body)->series);
  EXPECT_EQ(body.bytes, source->Extract(request, {}).value().bytes);
}

TEST_P(SourceContract, AnEmptyRangeIsEmptyAndNoError) {
  EXPECT_TRUE(Fetch(*Make(), Days(absl::CivilDay(2012, 3, 3), absl::CivilDay(2012, 3, 5))).empty()) << "a weekend";
}

// Those that need nobody else; the others are tested with what their providers once sent.
INSTANTIATE_TEST_SUITE_P(Sources, SourceContract, ::testing::Values("csv_file", "simulated"),
                         [](const auto& name) { return name.param; });

}  // namespace
}  // namespace breadthflow::data
