#include "services/training/domain/split.h"

#include <set>

#include <gtest/gtest.h>

#include "tests/support/matchers.h"

namespace breadthflow::training {
namespace {

using testing::StatusIs;

constexpr int64_t kDay = int64_t{86400} * 1'000'000'000;
constexpr int kHorizon = 5;

// `dates` days with a row for each of `symbols` symbols; labels end kHorizon + 1 days later.
quant::Matrix Daily(int dates, int symbols) {
  quant::Matrix rows;
  rows.columns = {"x"};
  for (int s = 0; s < symbols; ++s) rows.symbols.push_back(std::string(1, static_cast<char>('A' + s)));
  for (int day = 0; day < dates; ++day) {
    for (int s = 0; s < symbols; ++s) {
      rows.values.push_back(0);
      rows.symbol.push_back(s);
      rows.time.push_back(day * kDay + kDay / 2);
      rows.exit.push_back((day + kHorizon + 1) * kDay + kDay / 2);
      rows.target.push_back((day + s) % 2);
      rows.outcome.push_back(0);
    }
  }
  return rows;
}

TEST(SplitByTime, NoLabelOfATrainingRowReachesIntoTheHoldout) {
  const quant::Matrix rows = Daily(200, 3);
  for (int purge : {kHorizon + 1, 20}) {
    BF_ASSERT_OK_AND_ASSIGN(const Split split, SplitByTime(rows, 0.25, purge));
    for (uint32_t row : split.train) EXPECT_LT(rows.exit[row], split.holdout_start_ns);
    for (uint32_t row : split.holdout) EXPECT_GE(rows.time[row], split.holdout_start_ns);
  }
}

TEST(SplitByTime, HoldsOutWholeDatesOfAllSymbols) {
  const quant::Matrix rows = Daily(200, 3);
  BF_ASSERT_OK_AND_ASSIGN(const Split split, SplitByTime(rows, 0.25, 6));
  EXPECT_EQ(split.holdout.size(), 50u * 3);
  EXPECT_EQ(split.holdout_start_ns, 150 * kDay + kDay / 2);
  EXPECT_EQ(split.train.size(), (150u - 6) * 3);
  EXPECT_EQ(split.purged, 6u * 3);
}

TEST(SplitByTime, RowsOfOneDateAreNeverSeparated) {
  // Two rows a day, in the morning and in the evening.
  quant::Matrix rows = Daily(200, 2);
  for (size_t i = 0; i < rows.size(); ++i) rows.time[i] += (i % 2 == 0 ? -1 : 1) * kDay / 4;
  BF_ASSERT_OK_AND_ASSIGN(const Split split, SplitByTime(rows, 0.101, 6));
  std::set<int64_t> train_dates;
  for (uint32_t row : split.train) train_dates.insert(rows.time[row] / kDay);
  for (uint32_t row : split.holdout) EXPECT_EQ(train_dates.count(rows.time[row] / kDay), 0u);
}

TEST(SplitByTime, PurgesARowWhoseLabelIsLateBecauseBarsAreMissing) {
  quant::Matrix rows = Daily(200, 1);
  rows.exit[100] = 150 * kDay + kDay / 2;
  BF_ASSERT_OK_AND_ASSIGN(const Split split, SplitByTime(rows, 0.25, 6));
  EXPECT_EQ(std::count(split.train.begin(), split.train.end(), 100u), 0);
  EXPECT_EQ(split.purged, 7u);
}

TEST(SplitByTime, EveryRowIsTrainedOnHeldOutOrPurged) {
  const quant::Matrix rows = Daily(173, 4);
  BF_ASSERT_OK_AND_ASSIGN(const Split split, SplitByTime(rows, 0.33, 9));
  EXPECT_EQ(split.train.size() + split.holdout.size() + split.purged, rows.size());
}

TEST(SplitByTime, TooFewRowsSayHowManyAreLeft) {
  const auto split = SplitByTime(Daily(60, 1), 0.25, 6);
  ASSERT_THAT(split, StatusIs(absl::StatusCode::kFailedPrecondition, "TOO_FEW_ROWS"));
  EXPECT_NE(base::Message(split.status()).find("of 60 rows 39 and 15 are left, 6 purged"), std::string::npos)
      << split.status();
  EXPECT_THAT(SplitByTime(Daily(0, 1), 0.25, 6), StatusIs(absl::StatusCode::kFailedPrecondition, "TOO_FEW_ROWS"));
  EXPECT_THAT(SplitByTime(Daily(1, 1), 0.25, 6), StatusIs(absl::StatusCode::kFailedPrecondition, "TOO_FEW_ROWS"));
}

TEST(SplitByTime, OneClassCanNotBeLearnt) {
  quant::Matrix rows = Daily(200, 1);
  std::fill(rows.target.begin(), rows.target.end(), 1);
  EXPECT_THAT(SplitByTime(rows, 0.25, 6), StatusIs(absl::StatusCode::kFailedPrecondition, "TOO_FEW_ROWS"));
}

}  // namespace
}  // namespace breadthflow::training
