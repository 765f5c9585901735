#include "common/telemetry/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "common/http/curl_http_client.h"

namespace breadthflow::telemetry {
namespace {

using ::testing::HasSubstr;

TEST(Metrics, AreExposedAsText) {
  Metrics metrics;
  metrics.Counter("bf_things_total", "Things.", {{"kind", "a"}}).Increment(2);
  metrics.Gauge("bf_level", "Level.").Set(1.5);
  metrics.Histogram("bf_wait_seconds", "Wait.").Observe(0.02);
  const std::string text = metrics.Text();
  EXPECT_THAT(text, HasSubstr("# TYPE bf_things_total counter"));
  EXPECT_THAT(text, HasSubstr("bf_things_total{kind=\"a\"} 2"));
  EXPECT_THAT(text, HasSubstr("bf_level 1.5"));
  EXPECT_THAT(text, HasSubstr("bf_wait_seconds_bucket{le=\"0.025\"} 1"));
  EXPECT_THAT(text, HasSubstr("bf_wait_seconds_bucket{le=\"0.01\"} 0"));
}

TEST(Metrics, TheSameNameAndLabelsAreTheSameMetric) {
  Metrics metrics;
  metrics.Counter("bf_things_total", "Things.", {{"kind", "a"}}).Increment();
  Counter again = metrics.Counter("bf_things_total", "Things.", {{"kind", "a"}});
  again.Increment();
  EXPECT_EQ(again.Value(), 2);
  EXPECT_EQ(metrics.Counter("bf_things_total", "Things.", {{"kind", "b"}}).Value(), 0);
}

TEST(Metrics, AHandleWithoutMetricDoesNothing) {
  Counter counter;
  counter.Increment();
  Gauge().Set(1);
  Histogram().Observe(1);
  EXPECT_EQ(counter.Value(), 0);
}

TEST(MetricsServer, ServesThePortAndSaysWhenItIsTaken) {
  Metrics metrics;
  metrics.Counter("bf_things_total", "Things.").Increment();
  auto server = MetricsServer::Start(metrics, "127.0.0.1", 0);
  ASSERT_TRUE(server.ok()) << server.status();
  ASSERT_GT((*server)->port(), 0);

  auto http = http::MakeCurlHttpClient({.allow_plain_http = true});
  auto response = http->Send({.url = "http://127.0.0.1:" + std::to_string((*server)->port()) + "/metrics"});
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->status, 200);
  EXPECT_THAT(response->body, HasSubstr("bf_things_total 1"));

  auto second = MetricsServer::Start(metrics, "127.0.0.1", (*server)->port());
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(base::DetailsOf(second.status()).reason, "PORT_IN_USE");
  EXPECT_EQ(base::Message(second.status()).find('\n'), std::string::npos);
}

}  // namespace
}  // namespace breadthflow::telemetry
