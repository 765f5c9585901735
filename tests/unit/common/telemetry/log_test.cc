#include "common/telemetry/log.h"

#include <cmath>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "common/telemetry/scope.h"

namespace breadthflow::telemetry {
namespace {

class LogTest : public ::testing::Test {
 protected:
  void Begin(Severity minimum = Severity::kInfo) {
    StartLogging({.service = "data", .minimum = minimum, .sink = [this](std::string_view line) {
                    absl::MutexLock lock(&mutex_);
                    lines_.emplace_back(line);
                  }});
  }
  std::vector<nlohmann::json> Lines() {
    FlushLogs();
    absl::MutexLock lock(&mutex_);
    std::vector<nlohmann::json> parsed;
    for (const std::string& line : lines_) parsed.push_back(nlohmann::json::parse(line));
    return parsed;
  }
  absl::Mutex mutex_;
  std::vector<std::string> lines_;
};

TEST_F(LogTest, ALineIsOneJsonObjectWithTheContextAndTheFields) {
  Begin();
  {
    Scope scope({.trace = {"0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", 1},
                 .request_id = "r1",
                 .run_id = "run",
                 .step_id = "fetch",
                 .principal_key_id = "key7"});
    LogInfo("done", {{"rows", 12}, {"share", 0.5}, {"ok", true}, {"symbol_count", size_t{3}}, {"file", "a.csv"}});
  }
  const auto lines = Lines();
  ASSERT_EQ(lines.size(), 1u);
  const auto& line = lines[0];
  EXPECT_EQ(line["severity"], "INFO");
  EXPECT_EQ(line["service"], "data");
  EXPECT_EQ(line["version"], BREADTHFLOW_VERSION);
  EXPECT_EQ(line["message"], "done");
  EXPECT_EQ(line["trace_id"], "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(line["span_id"], "b7ad6b7169203331");
  EXPECT_EQ(line["request_id"], "r1");
  EXPECT_EQ(line["run_id"], "run");
  EXPECT_EQ(line["step_id"], "fetch");
  EXPECT_EQ(line["principal_key_id"], "key7");
  EXPECT_EQ(line["rows"], 12);
  EXPECT_EQ(line["share"], 0.5);
  EXPECT_EQ(line["ok"], true);
  EXPECT_EQ(line["symbol_count"], 3);
  EXPECT_EQ(line["file"], "a.csv");
  EXPECT_THAT(line["time"].get<std::string>(),
              ::testing::MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{6}Z"));
}

TEST_F(LogTest, HostileTextStaysOneValidLine) {
  Begin();
  std::string all;
  for (int c = 0; c < 256; ++c) all.push_back(static_cast<char>(c));
  LogInfo(all, {{"quote\"d", "\xF0\x9F\x93\x88 caf\xC3\xA9\n\"x\"\\"},
                {"broken", std::string_view("\xC0\xAF\xED\xA0\x80\xF5", 6)},
                {"nan", std::nan("")},
                {"infinite", std::numeric_limits<double>::infinity()}});
  const auto lines = Lines();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines_[0].find('\n'), std::string::npos);
  EXPECT_EQ(lines[0]["quote\"d"], "\xF0\x9F\x93\x88 caf\xC3\xA9\n\"x\"\\");
  EXPECT_TRUE(lines[0]["nan"].is_null());
  EXPECT_TRUE(lines[0]["infinite"].is_null());
}

TEST_F(LogTest, WhatIsBelowTheMinimumIsNotWritten) {
  Begin(Severity::kWarning);
  LogInfo("quiet");
  LogWarning("heard");
  EXPECT_FALSE(WouldLog(Severity::kInfo));
  const auto lines = Lines();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_EQ(lines[0]["message"], "heard");
}

TEST_F(LogTest, ABlockedWriterBlocksNobodyAndOldLinesGiveWay) {
  absl::Notification released;
  absl::Mutex mutex;
  std::string last;
  StartLogging({.service = "data", .sink = [&](std::string_view line) {
                  released.WaitForNotification();
                  absl::MutexLock lock(&mutex);
                  last = line;
                }});
  const absl::Time begin = absl::Now();
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([] {
      for (int i = 0; i < 5000; ++i) LogInfo("filling");
    });
  for (std::thread& thread : threads) thread.join();
  LogInfo("newest");
  EXPECT_LT(absl::Now() - begin, absl::Seconds(30));
  EXPECT_GT(DroppedLogLines(), 10000);
  released.Notify();
  FlushLogs();
  // More than a second of lines may still be on its way; the newest one is the one that is kept.
  for (int i = 0; i < 10; ++i) FlushLogs();
  absl::MutexLock lock(&mutex);
  EXPECT_EQ(nlohmann::json::parse(last)["message"], "newest");
}

TEST(Severities, AreReadByName) {
  EXPECT_EQ(ParseSeverity("debug"), Severity::kDebug);
  EXPECT_EQ(ParseSeverity("warn"), Severity::kWarning);
  EXPECT_EQ(ParseSeverity("error"), Severity::kError);
  EXPECT_EQ(ParseSeverity("info"), Severity::kInfo);
}

}  // namespace
}  // namespace breadthflow::telemetry
