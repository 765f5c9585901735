// What Alpha Vantage is asked for, where a free key has 25 requests a day.
#include "services/data/sources/alpha_vantage.h"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "services/data/domain/upstream.h"
#include "tests/support/matchers.h"
#include "tests/unit/services/data/provider_cases.h"

namespace breadthflow::data {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

// A provider with one article a second from 2020-01-02 10:00 UTC on; a page of them begins with a minute.
class NewsDesk final : public Upstream {
 public:
  explicit NewsDesk(int articles) : articles_(articles) {}
  absl::Status CheckReady(std::string_view) const override { return absl::OkStatus(); }
  UpstreamInfo Describe(std::string_view) const override { return {}; }
  absl::StatusOr<RawBody> Get(const UpstreamRequest& request, const base::CancelToken&) override {
    const size_t at = request.url.find("time_from=") + 10;
    asked.push_back(request.url.substr(at, 13));
    const std::string& from = asked.back();
    const int minute = (std::stoi(from.substr(9, 2)) - 10) * 60 + std::stoi(from.substr(11, 2));
    const int first = std::max(0, minute * 60);
    std::string feed;
    for (int i = first; i < articles_ && i < first + static_cast<int>(kMostArticles); ++i) {
      feed +=
          fmt::format(R"({}{{"title":"{}","url":"u","time_published":"20200102T{:02}{:02}{:02}","ticker_sentiment":[)"
                      R"({{"ticker":"ACME","ticker_sentiment_score":"0.1","relevance_score":"0.5"}}]}})",
                      feed.empty() ? "" : ",", i, 10 + i / 3600, i / 60 % 60, i % 60);
    }
    RawBody body{
        .bytes = R"({"feed":[)" + feed + "]}", .http_status = 200, .received = testing::At("2020-02-01T00:00:00Z")};
    const absl::Status verdict = request.judge(body);
    if (!verdict.ok()) return verdict;
    return body;
  }
  std::vector<std::string> asked;

 private:
  const int articles_;
};

std::unique_ptr<Source> Make(Upstream* upstream, const component::RawParams& params = {}) {
  const SourceEntry entry = AlphaVantage();
  return entry.make(component::Params::Check(entry.params, params).value(), {.upstream = upstream}).value();
}

// What comes of a day of news.
absl::StatusOr<SourceData> News(NewsDesk& desk) {
  const auto source = Make(&desk);
  const auto request = source->TransformQuery(
      {"news_sentiment", "ACME", quant::Timeframe::kTick, testing::Between("2020-01-02", "2020-01-03")});
  if (!request.ok()) return request.status();
  const auto body = source->Extract(*request, {});
  if (!body.ok()) return body.status();
  return source->TransformData(*request, *body);
}

TEST(AlphaVantageNews, GoesOnFromTheLastArticleOfAFullPageAndCountsNoneTwice) {
  NewsDesk desk(2500);
  EXPECT_EQ(testing::ClassOf(News(desk)), "OK 2500");
  EXPECT_THAT(desk.asked, ElementsAre("20200102T0000", "20200102T1016", "20200102T1032"));
}

TEST(AlphaVantageNews, OfOnePageAsksOnce) {
  NewsDesk desk(999);
  EXPECT_EQ(testing::ClassOf(News(desk)), "OK 999");
  EXPECT_THAT(desk.asked, SizeIs(1));
}

TEST(AlphaVantageNews, OfMoreThanTenPagesIsNotTakenForWhole) {
  NewsDesk desk(12'000);
  EXPECT_EQ(testing::ClassOf(News(desk)), "INCOMPLETE_BODY");
  EXPECT_THAT(desk.asked, SizeIs(10));
}

TEST(AlphaVantageBars, AsksForWhatFreeKeysMayHaveWhereThatIsEnough) {
  const auto asked = [](const component::RawParams& params, const char* start, const char* now) {
    NewsDesk desk(0);
    const SourceQuery query{.resource = "stock_price",
                            .symbol = "ACME",
                            .range = testing::Between(start, "2020-07-01"),
                            .now = testing::At(now)};
    return Make(&desk, params)->TransformQuery(query)->locator;
  };
  const char kNow[] = "2020-07-01T00:00:00Z";
  EXPECT_THAT(asked({}, "2020-06-01", kNow), HasSubstr("outputsize=compact"));
  EXPECT_THAT(asked({}, "2020-01-01", kNow), HasSubstr("outputsize=full"));
  EXPECT_THAT(asked({}, "2020-06-01", "2021-07-01T00:00:00Z"), HasSubstr("outputsize=full")) << "asked a year later";
  EXPECT_THAT(asked({{"output", std::string("full")}}, "2020-06-01", kNow), HasSubstr("outputsize=full"));
}

}  // namespace
}  // namespace breadthflow::data
