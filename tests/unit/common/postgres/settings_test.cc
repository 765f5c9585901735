#include "common/postgres/settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/postgres/param_text.h"
#include "tests/support/matchers.h"

namespace breadthflow::postgres {
namespace {

using ::breadthflow::testing::IsOk;
using ::breadthflow::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(ConnectionString, KeepsTheUrlAndAddsNameAndTimeouts) {
  DatabaseOptions options;
  options.url = "postgresql://user:pass@db.example:6000/main?sslmode=require";
  options.application_name = "bf 'data'";
  const auto text = ConnectionString(options);
  ASSERT_THAT(text, IsOk());
  for (const char* part : {"host='db.example'", "port='6000'", "dbname='main'", "user='user'", "sslmode='require'",
                           "application_name='bf \\'data\\''", "tcp_user_timeout='15000'", "connect_timeout='5'"}) {
    EXPECT_THAT(*text, HasSubstr(part));
  }
}

TEST(ConnectionString, BadUrlIsRefusedWithoutShowingIt) {
  DatabaseOptions options;
  options.url = "nonsense secret=1";
  const auto text = ConnectionString(options);
  EXPECT_THAT(text, StatusIs(absl::StatusCode::kInvalidArgument, "DATABASE_URL"));
  EXPECT_THAT(text.status().ToString(), Not(HasSubstr("secret")));
}

TEST(ShownMilliseconds, IsWrittenAsTheServerWritesIt) {
  EXPECT_EQ(ShownMilliseconds(0), "0");
  EXPECT_EQ(ShownMilliseconds(1), "1ms");
  EXPECT_EQ(ShownMilliseconds(1500), "1500ms");
  EXPECT_EQ(ShownMilliseconds(5000), "5s");
  EXPECT_EQ(ShownMilliseconds(90'000), "90s");
  EXPECT_EQ(ShownMilliseconds(120'000), "2min");
  EXPECT_EQ(ShownMilliseconds(7'200'000), "2h");
  EXPECT_EQ(ShownMilliseconds(86'400'000), "1d");
}

TEST(VerifySettings, OneOtherValueIsAnError) {
  const BeginStatement begin = MakeBegin({.schema = "s"}, absl::Seconds(5), false);
  std::vector<std::string> values;
  for (const auto& [name, value] : begin.expected) values.push_back(value);
  EXPECT_THAT(VerifySettings(begin, values), IsOk());
  values[1] = "0";
  EXPECT_THAT(VerifySettings(begin, values), StatusIs(absl::StatusCode::kInternal, "SESSION_SETTINGS"));
  EXPECT_THAT(VerifySettings(begin, {}), StatusIs(absl::StatusCode::kInternal, "SESSION_SETTINGS"));
}

TEST(TimeText, ComesBackToTheMicrosecond) {
  for (const absl::Time time :
       {absl::UnixEpoch(), absl::FromUnixMicros(1'700'000'000'123'456), absl::FromUnixMicros(-1),
        absl::FromUnixMicros(951'782'400'000'000), absl::InfiniteFuture(), absl::InfinitePast()}) {
    absl::Time back;
    ASSERT_TRUE(ParseTimeText(TimeText(time), &back)) << TimeText(time);
    EXPECT_EQ(back, time);
  }
  EXPECT_EQ(TimeText(absl::FromUnixNanos(1'999)), "1970-01-01 00:00:00.000001+00");
}

TEST(ParseTimeText, TakesShortFractionsAndRefusesOtherZones) {
  absl::Time time;
  ASSERT_TRUE(ParseTimeText("1970-01-01 00:00:01.5+00", &time));
  EXPECT_EQ(time, absl::FromUnixMillis(1500));
  ASSERT_TRUE(ParseTimeText("1970-01-01 00:00:01.05+00", &time));
  EXPECT_EQ(time, absl::FromUnixMillis(1050));
  for (const char* bad : {"", "1970-01-01", "1970-01-01 00:00:01+02", "01/02/1970 00:00:00+00", "soon"}) {
    EXPECT_FALSE(ParseTimeText(bad, &time)) << bad;
  }
}

TEST(ParseHexBytes, TakesTheServersFormatOnly) {
  std::string bytes;
  ASSERT_TRUE(ParseHexBytes("\\x00ff61", &bytes));
  EXPECT_EQ(bytes, std::string("\0\xff\x61", 3));
  ASSERT_TRUE(ParseHexBytes("\\x", &bytes));
  EXPECT_EQ(bytes, "");
  for (const char* bad : {"", "00", "\\x0", "\\xzz"}) EXPECT_FALSE(ParseHexBytes(bad, &bytes)) << bad;
}

TEST(ParamTexts, NulInTextIsRefusedAndNullIsNull) {
  const ParamTexts good({nullptr, int64_t{-5}, 0.1, true, std::string("x"), Bytes{std::string("\0\x01", 2)}});
  EXPECT_THAT(good.status(), IsOk());
  EXPECT_EQ(good.values()[0], nullptr);
  EXPECT_STREQ(good.values()[1], "-5");
  EXPECT_STREQ(good.values()[2], "0.1");
  EXPECT_STREQ(good.values()[3], "t");
  EXPECT_STREQ(good.values()[5], "\\x0001");
  const ParamTexts bad({std::string("a\0b", 3)});
  EXPECT_THAT(bad.status(), StatusIs(absl::StatusCode::kInvalidArgument, "CONSTRAINT_VIOLATION"));
}

TEST(TextArray, QuotesWhatTheServerWouldSplit) {
  EXPECT_EQ(TextArray({}), "{}");
  EXPECT_EQ(TextArray({"a", "", "b,c", "d\"e\\f"}), R"({"a","","b,c","d\"e\\f"})");
  EXPECT_EQ(IntArray({1, -2}), "{1,-2}");
}

}  // namespace
}  // namespace breadthflow::postgres
