#include "common/rpc/convert.h"

#include <cmath>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/rpc/convert_job.h"
#include "tests/support/matchers.h"

namespace breadthflow::rpc {
namespace {

using ::breadthflow::testing::IsOk;
using ::breadthflow::testing::IsOkAndHolds;
using ::breadthflow::testing::StatusIs;
using ::testing::HasSubstr;
using Code = absl::StatusCode;

TEST(Timestamps, RoundTripToTheNanosecond) {
  for (const int64_t nanos :
       {int64_t{0}, int64_t{1}, int64_t{-1}, int64_t{1700000000123456789}, int64_t{-999999999}, INT64_MIN, INT64_MAX}) {
    const auto proto = ToProto(absl::FromUnixNanos(nanos));
    EXPECT_GE(proto.nanos(), 0);
    EXPECT_LT(proto.nanos(), 1000000000);
    EXPECT_EQ(absl::ToUnixNanos(FromProto(proto)), nanos);
  }
  EXPECT_EQ(ToProto(absl::InfiniteFuture()).seconds(), 253402300799);
  EXPECT_EQ(ToProto(absl::InfinitePast()).seconds(), -62135596800);
}

TEST(Durations, RoundTrip) {
  for (const absl::Duration duration : {absl::ZeroDuration(), absl::Milliseconds(1500), -absl::Milliseconds(1500)}) {
    EXPECT_EQ(FromProto(ToProto(duration)), duration);
  }
}

TEST(Timeframes, DefaultToDaysAndRefuseUnknownNumbers) {
  base::Violations violations;
  for (int number = 1; number <= 9; ++number) {
    const auto proto = static_cast<common::v1::Timeframe>(number);
    EXPECT_EQ(ToProto(FromProto(proto, "timeframe", violations)), proto);
  }
  EXPECT_EQ(FromProto(common::v1::TIMEFRAME_UNSPECIFIED, "timeframe", violations), quant::Timeframe::kDay);
  EXPECT_TRUE(violations.empty());
  (void)FromProto(static_cast<common::v1::Timeframe>(77), "spec.timeframe", violations);
  ASSERT_EQ(violations.list().size(), 1u);
  EXPECT_EQ(violations.list()[0].field, "spec.timeframe");
}

TEST(TimeRanges, RoundTripWithOpenEnds) {
  base::Violations violations;
  for (const quant::TimeRange range : {quant::TimeRange{}, quant::TimeRange{5, 10}, quant::TimeRange{INT64_MIN, 10}}) {
    EXPECT_EQ(FromProto(ToProto(range), false, "range", violations), range);
  }
  EXPECT_TRUE(violations.empty());
}

TEST(TimeRanges, EveryMistakeIsNamed) {
  base::Violations violations;
  (void)FromProto(common::v1::TimeRange(), true, "range", violations);
  EXPECT_EQ(violations.list().size(), 2u);

  base::Violations reversed;
  (void)FromProto(ToProto(quant::TimeRange{20, 10}), true, "spec.range", reversed);
  ASSERT_EQ(reversed.list().size(), 1u);
  EXPECT_EQ(reversed.list()[0].field, "spec.range.end_time");
  EXPECT_THAT(reversed.list()[0].description, HasSubstr("later than start_time"));

  base::Violations far;
  common::v1::TimeRange range;
  range.mutable_start_time()->set_seconds(-62135596800);
  range.mutable_end_time()->set_nanos(-5);
  (void)FromProto(range, true, "range", far);
  EXPECT_EQ(far.list().size(), 2u);
}

TEST(ParamValues, RoundTripAndRefuseWhatIsNotFinite) {
  base::Violations violations;
  for (const component::ParamValue& value : {component::ParamValue(int64_t{5}), component::ParamValue(2.5),
                                             component::ParamValue(true), component::ParamValue(std::string("x"))}) {
    EXPECT_EQ(FromProto(ToProto(value), "p", violations), value);
  }
  EXPECT_TRUE(violations.empty());
  (void)FromProto(ToProto(component::ParamValue(std::nan(""))), "params.a", violations);
  (void)FromProto(common::v1::ParamValue(), "params.b", violations);
  ASSERT_EQ(violations.list().size(), 2u);
  EXPECT_EQ(violations.list()[1].field, "params.b");
}

TEST(ComponentRefs, RoundTripAndNameEveryBadParameter) {
  base::Violations violations;
  const component::ComponentRef ref{"rsi", {{"period", int64_t{14}}, {"price", std::string("close")}}};
  const component::ComponentRef back = FromProto(ToProto(ref), "indicator", violations);
  EXPECT_EQ(back.name, ref.name);
  EXPECT_EQ(back.params, ref.params);
  common::v1::ComponentRef bad;
  (*bad.mutable_params())["a"];
  (void)FromProto(bad, "strategy", violations);
  ASSERT_EQ(violations.list().size(), 2u);
  EXPECT_EQ(violations.list()[0].field, "strategy.name");
  EXPECT_EQ(violations.list()[1].field, "strategy.params.a");
}

TEST(ComponentInfos, RoundTripWithTheirParameters) {
  const component::ComponentInfo info{"indicator", "rsi", "1.2.0", "Relative strength."};
  const std::vector<component::ParamSpec> params = {
      component::IntParam("period", 14, 2, 500, "bars", "Length."),
      component::Required(component::ChoiceParam("price", "close", {"close", "open"}, "Which price.")),
      component::BoolParam("smooth", true, "Smooth it.")};
  base::Violations violations;
  std::vector<component::ParamSpec> back;
  const component::ComponentInfo copy = FromProto(ToProto(info, params), &back, "component", violations);
  EXPECT_TRUE(violations.empty());
  EXPECT_EQ(copy.version, "1.2.0");
  ASSERT_EQ(back.size(), 3u);
  EXPECT_EQ(back[0].max, 500);
  EXPECT_EQ(back[0].default_value, component::ParamValue(int64_t{14}));
  EXPECT_TRUE(back[1].required);
  EXPECT_EQ(back[1].choices, params[1].choices);
  EXPECT_EQ(back[2].type, component::ParamType::kBool);
}

quant::Series Example() {
  quant::Series series{.key = {"stock_price", "AAPL", quant::Timeframe::kDay, ""},
                       .basis = quant::PriceBasis::kRaw,
                       .times = {10, 20, 30, 40},
                       .columns = {}};
  series.Add("close", std::vector<double>{1.5, 2.5, 0, 4.5});
  series.Add("volume", std::vector<int64_t>{100, -5, INT64_MAX, 0});
  series.Add("note", std::vector<std::string>{"a", "", "c", "d"});
  series.columns[0].valid = {true, true, false, true};
  return series;
}

TEST(Batches, RoundTripWholeAndInParts) {
  const quant::Series series = Example();
  EXPECT_THAT(FromProto(ToProto(series, 0, 4)), IsOkAndHolds(series));
  auto head = FromProto(ToProto(series, 0, 3));
  ASSERT_THAT(head, IsOk());
  auto tail = FromProto(ToProto(series, 3, 4));
  ASSERT_THAT(tail, IsOk());
  ASSERT_THAT(quant::Append(*head, *tail), IsOk());
  EXPECT_EQ(head->ContentHash(), series.ContentHash());
}

TEST(Batches, RowsShareInstantsOnlyWhenTheSeriesWasSaidToRepeat) {
  quant::Series series = Example();
  series.repeats = true;
  series.times = {10, 10, 30, 30};
  const common::v1::ColumnarBatch batch = ToProto(series, 0, 4);
  EXPECT_THAT(FromProto(batch, true), IsOkAndHolds(series));
  EXPECT_THAT(FromProto(batch), StatusIs(Code::kDataLoss, "BAD_BATCH"));
}

TEST(Batches, WhatDoesNotFitTogetherIsDataLoss) {
  const auto broken = [](auto change) {
    common::v1::ColumnarBatch batch = ToProto(Example(), 0, 4);
    change(batch);
    return FromProto(batch);
  };
  using Batch = common::v1::ColumnarBatch;
  for (const auto& result : {broken([](Batch& b) { b.mutable_columns(0)->mutable_double_values()->RemoveLast(); }),
                             broken([](Batch& b) { b.mutable_columns(0)->add_int_values(1); }),
                             broken([](Batch& b) { b.mutable_columns(0)->add_missing_rows(4); }),
                             broken([](Batch& b) { b.mutable_columns(0)->add_missing_rows(-1); }),
                             broken([](Batch& b) { b.mutable_columns(0)->set_double_values(0, std::nan("")); }),
                             broken([](Batch& b) { b.set_times_unix_ns(1, 10); }),
                             broken([](Batch& b) { b.mutable_key()->clear_resource(); }),
                             broken([](Batch& b) { b.set_basis(static_cast<common::v1::PriceBasis>(9)); }),
                             broken([](Batch& b) { b.mutable_columns(1)->set_name("close"); })}) {
    EXPECT_THAT(result, StatusIs(Code::kDataLoss, "BAD_BATCH"));
  }
}

TEST(Names, HoldTheIdOfTheirCollection) {
  EXPECT_THAT(IdOf("fetchRuns", "fetchRuns/0190-a.b_C"), IsOkAndHolds("0190-a.b_C"));
  for (const std::string& bad :
       std::vector<std::string>{"", "fetchRuns", "fetchRuns/", "runs/1", "fetchRuns/a/b", "fetchRuns/a b",
                                "fetchRuns/" + std::string(129, 'x'), "fetchRuns/'; drop"}) {
    const auto id = IdOf("fetchRuns", bad);
    EXPECT_THAT(id, StatusIs(Code::kInvalidArgument, "INVALID_NAME")) << bad;
    EXPECT_THAT(base::Message(id.status()), HasSubstr("fetchRuns/{id}"));
  }
}

TEST(RequestIds, AreEmptyOrUuids) {
  base::Violations violations;
  CheckRequestId("", "request_id", violations);
  CheckRequestId("0190a0b0-1234-7abc-8def-0123456789ab", "request_id", violations);
  EXPECT_TRUE(violations.empty());
  CheckRequestId("once", "request_id", violations);
  EXPECT_EQ(violations.list().size(), 1u);
}

TEST(Jobs, ShowWhatHasHappenedOnly) {
  jobs::Job job{.id = "1", .kind = "fetch"};
  job.create_time = absl::FromUnixSeconds(100);
  auto proto = ToProto(job);
  EXPECT_EQ(proto.state(), common::v1::JobStatus::STATE_QUEUED);
  EXPECT_TRUE(proto.has_create_time());
  EXPECT_FALSE(proto.has_start_time());
  EXPECT_FALSE(proto.has_error());
  EXPECT_FALSE(IsFinal(proto));
  job.state = jobs::State::kFailed;
  job.error = base::MakeError(Code::kDataLoss, "BAD_ROW", "row 5");
  proto = ToProto(job);
  EXPECT_TRUE(IsFinal(proto));
  EXPECT_EQ(proto.error().message(), "row 5");
}

}  // namespace
}  // namespace breadthflow::rpc
