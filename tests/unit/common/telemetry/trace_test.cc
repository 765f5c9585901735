#include "common/telemetry/trace.h"

#include <random>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/telemetry/scope.h"

namespace breadthflow::telemetry {
namespace {

constexpr const char* kExample = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

TEST(Traceparent, ReadsTheExampleOfTheRecommendation) {
  const auto trace = ParseTraceparent(kExample);
  ASSERT_TRUE(trace);
  EXPECT_EQ(trace->trace_id, "0af7651916cd43dd8448eb211c80319c");
  EXPECT_EQ(trace->span_id, "b7ad6b7169203331");
  EXPECT_EQ(trace->flags, 1);
  EXPECT_EQ(ToTraceparent(*trace), kExample);
}

TEST(Traceparent, RefusesWhatTheRecommendationCallsInvalid) {
  for (const char* bad : {
           "",
           "00",
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
           "00-00000000000000000000000000000000-b7ad6b7169203331-01",        // zero trace id
           "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",        // zero span id
           "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",        // upper case
           "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",        // version ff
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-extra",  // more than version 00 has
           "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01extra",   // not separated
           "00_0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
           "00-0af7651916cd43dd8448eb211c80319g-b7ad6b7169203331-01",
           "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0x",
       }) {
    EXPECT_FALSE(ParseTraceparent(bad)) << bad;
  }
}

TEST(Traceparent, ReadsALaterVersionByItsFirstFields) {
  EXPECT_TRUE(ParseTraceparent("42-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more"));
}

TEST(Traceparent, AnyBytesEitherParseAndWriteBackOrStartANewTrace) {
  std::mt19937 random(20251122);
  for (int i = 0; i < 100000; ++i) {
    std::string header = kExample;
    for (int change = random() % 4; change > 0; --change) {
      const size_t at = random() % header.size();
      if (random() % 3 == 0) {
        header.erase(at, 1);
      } else {
        header[at] = static_cast<char>(random() % 256);
      }
    }
    const auto trace = ParseTraceparent(header);
    const TraceContext next = ContinueTrace(header);
    ASSERT_TRUE(ParseTraceparent(ToTraceparent(next)));
    ASSERT_EQ(trace.has_value() && next.trace_id == trace->trace_id, trace.has_value()) << header;
  }
}

TEST(Traceparent, AChildKeepsTheTraceAndHasASpanOfItsOwn) {
  const TraceContext parent = NewTrace();
  const TraceContext child = ChildOf(parent);
  EXPECT_EQ(child.trace_id, parent.trace_id);
  EXPECT_NE(child.span_id, parent.span_id);
  EXPECT_NE(NewTrace().trace_id, parent.trace_id);
}

TEST(Traceparent, AnInvalidContextHasNoHeader) { EXPECT_EQ(ToTraceparent(TraceContext{}), ""); }

TEST(Scope, NestsAndRestores) {
  EXPECT_EQ(CurrentContext().run_id, "");
  {
    Scope outer({.run_id = "outer"});
    EXPECT_EQ(CurrentContext().run_id, "outer");
    {
      Scope inner({.run_id = "inner"});
      EXPECT_EQ(CurrentContext().run_id, "inner");
    }
    EXPECT_EQ(CurrentContext().run_id, "outer");
  }
  EXPECT_EQ(CurrentContext().run_id, "");
}

}  // namespace
}  // namespace breadthflow::telemetry
