#include "services/data/domain/custom_resource.h"

#include <cmath>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/data/sources/csv/options.h"
#include "services/data/sources/csv/read.h"
#include "tests/support/matchers.h"
#include "tests/unit/services/data/made_resource.h"

namespace breadthflow::data {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::UnorderedElementsAre;

Resource Rainfall() {
  return {.id = "rainfall",
          .description = "Rain at a station.",
          .fields = {{.name = "low", .min = 0}, {.name = "high", .max = 2000}, {.name = "note", .required = false}},
          .orders = {{"low", "high"}},
          .custom = true};
}

std::vector<std::string> Wrong(const Resource& resource) {
  base::Violations violations;
  CheckDefinition(resource, violations);
  std::vector<std::string> fields;
  for (const auto& violation : violations.list()) fields.push_back(violation.field);
  return fields;
}

TEST(CustomResource, OfTheShippedDefinitionsEachMayBeMade) {
  for (const char* id : {"index_level", "put_call_ratio", "adjustment_factor"}) {
    EXPECT_THAT(Wrong(Made(id)), ElementsAre()) << id;
    EXPECT_FALSE(FindResource(id).ok()) << id << " is no predefined one";
  }
}

TEST(CustomResource, EveryPredefinedOneKeepsTheSameRules) {
  for (const Resource& resource : Resources()) {
    for (const FieldOrder& order : resource.orders) {
      EXPECT_NE(resource.Find(order.low), nullptr) << resource.id;
      EXPECT_NE(resource.Find(order.high), nullptr) << resource.id;
    }
  }
  const auto stock = FindResource("stock_price");
  EXPECT_THAT((*stock)->orders, ElementsAre(FieldOrder{"low", "high"}));
}

TEST(CustomResource, NamesEveryViolationUnderItsPath) {
  Resource wrong = Rainfall();
  wrong.id = "Rain fall";
  wrong.description = std::string("a\nb");
  wrong.bars = true;
  wrong.repeats = true;
  wrong.prices = true;
  wrong.fields = {{.name = "date"},
                  {.name = "9"},
                  {.name = "low"},
                  {.name = "low"},
                  {.name = "a", .min = 2, .max = 1},
                  {.name = "b", .min_exclusive = true, .max = std::nan("")},
                  {.name = "c", .date = true, .one_of = {"x", "", "x"}},
                  {.name = "d", .type = quant::ColumnType::kText, .min = 1, .date = true, .one_of = {"y"}}};
  wrong.orders = {{"low", "d"}, {"low", "none"}, {"low", "low"}, {"low", "a"}, {"low", "a"}, {"a", "low"}};
  EXPECT_THAT(
      Wrong(wrong),
      UnorderedElementsAre("resource_id", "resource.description", "resource.has_repeated_times", "resource.has_prices",
                           "resource.fields[0].name", "resource.fields[1].name", "resource.fields[3].name",
                           "resource.fields[4].max", "resource.fields[5].max", "resource.fields[5].min_exclusive",
                           "resource.fields[6].is_date", "resource.fields[6].allowed_values",
                           "resource.fields[6].allowed_values", "resource.fields[6].allowed_values[1]",
                           "resource.fields[6].allowed_values[2]", "resource.fields[7].min",
                           "resource.fields[7].allowed_values", "resource.orders[0].high", "resource.orders[1].high",
                           "resource.orders[2]", "resource.orders[4]", "resource.orders[5]"));
  EXPECT_THAT(Wrong(Rainfall()), ElementsAre());
  wrong = Rainfall();
  wrong.fields.clear();
  EXPECT_THAT(Wrong(wrong),
              UnorderedElementsAre("resource.fields", "resource.orders[0].low", "resource.orders[0].high"));
}

TEST(CustomResource, OneThatSaysSomethingElseHasAnotherFingerprint) {
  const std::string before = Fingerprint(Rainfall());
  EXPECT_EQ(Fingerprint(Rainfall()), before);
  Resource other = Rainfall();
  other.fields[0].min_exclusive = true;
  EXPECT_NE(Fingerprint(other), before);
  other = Rainfall();
  other.orders.clear();
  EXPECT_NE(Fingerprint(other), before);
}

absl::StatusOr<SourceData> ReadText(const std::string& text, const Resource& resource,
                                    const std::string& symbol = "KEW") {
  const component::Params params = component::Params::Check(csv::ReadParams(), {}).value();
  const csv::ReadOptions options = csv::OptionsOf(params).value();
  const SourceQuery query{
      resource.id, symbol, resource.bars ? quant::Timeframe::kDay : quant::Timeframe::kTick, {}, &resource};
  BF_RETURN_IF_ERROR(csv::CheckQuery(query, options));
  const csv::File file{"f.csv", text};
  return csv::Read({&file, 1}, query, options);
}

std::string Faults(const absl::StatusOr<SourceData>& data) {
  std::string all;
  for (const auto& violation : base::DetailsOf(data.status()).violations)
    all += violation.field + " " + violation.description + "\n";
  return all;
}

TEST(CustomResource, FilesAreReadByTheNamesOfItsFields) {
  const Resource rainfall = Rainfall();
  const auto data = ReadText(
      "symbol,High,time,low\nKEW,3,2020-01-01T06:00:00Z,1\nBATH,9,2020-01-01T06:00:00Z,8\nKEW,4,2020-01-02T06:00:00Z,"
      "2\n",
      rainfall);
  ASSERT_THAT(data, IsOk());
  EXPECT_THAT(data->series.Doubles("low"), ElementsAre(1, 2));
  EXPECT_THAT(data->series.Doubles("high"), ElementsAre(3, 4));
  EXPECT_EQ(absl::FromUnixNanos(data->series.times[0]),
            absl::FromCivil(absl::CivilHour(2020, 1, 1, 6), absl::UTCTimeZone()));
  const auto days = ReadText("date,low,high\n2020-01-01,1,3\n", rainfall);
  ASSERT_THAT(days, IsOk());
  EXPECT_EQ(absl::FromUnixNanos(days->series.times[0]),
            absl::FromCivil(absl::CivilDay(2020, 1, 2), absl::UTCTimeZone()))
      << "known when its day has ended";
}

TEST(CustomResource, FilesThatDoNotKeepItsRulesAreRefusedLineByLine) {
  const Resource rainfall = Rainfall();
  EXPECT_EQ(
      Faults(ReadText("date,low,high\n2020-01-01,3,1\n2020-01-02,-1,1\n2020-01-03,1,\n2020-01-04,1,5000\n", rainfall)),
      "f.csv:2 high must not be below low, were 1 and 3\n"
      "f.csv:3 low must not be below 0, was -1\n"
      "f.csv:4 high must be a number, was ''\n"
      "f.csv:5 high must not be above 2000, was 5000\n");
  EXPECT_THAT(Faults(ReadText("date,low,high,wind\n2020-01-01,1,3,5\n", rainfall)), HasSubstr("has no column wind"));
  EXPECT_THAT(Faults(ReadText("day,low,high\n2020-01-01,1,3\n", rainfall)),
              HasSubstr("none of the 3 columns is called time"));
  EXPECT_THAT(Faults(ReadText("date,time,low,high\n2020-01-01,1,1,3\n", rainfall)), HasSubstr("may both be the time"));
  EXPECT_THAT(Faults(ReadText("date,low\n2020-01-01,1\n", rainfall)), HasSubstr("needs the column high"));
}

TEST(CustomResource, WhatHasTheNameOfAShippedOneButOtherFieldsIsReadByItsOwnNames) {
  Resource other = Rainfall();
  other.id = "put_call_ratio";
  EXPECT_THAT(ReadText("date,low,high\n2020-01-01,1,3\n", other), IsOk());
}

}  // namespace
}  // namespace breadthflow::data
