// Saved answers of providers as imports: parts of files to the service, rows in the store.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/ids.h"
#include "common/base/status.h"
#include "tests/integration/data/import_fixture.h"
#include "tests/support/yahoo_chart.h"

namespace breadthflow::data {
namespace {

using quant::Timeframe;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;
using Request = ImportServer::Request;
using Code = absl::StatusCode;

constexpr char kFacts[] =
    R"({"cik":1,"facts":{"us-gaap":{"Revenues":{"units":{"USD":[{"start":"2019-01-01","end":"2019-03-31","val":100,)"
    R"("accn":"0001-19-01","fy":2019,"fp":"Q1","form":"10-Q","filed":"2019-05-01"}]}}}}})";
constexpr char kNote[] = R"({"Note":"any words"})";

// The sessions of the first days of 2020.
std::string Chart(const std::string& symbol) {
  return testing::YahooChart({symbol, 1'577'836'800, 1'578'614'400}, absl::FromUnixSeconds(1'580'000'000));
}

Request AnswersOf(const std::string& provider, const std::string& resource = "") {
  Request request;
  request.mutable_spec()->mutable_answers_of()->set_name(provider);
  request.mutable_spec()->set_resource(resource);
  return request;
}

class ImportAnswersTest : public ImportFixture {};

TEST_F(ImportAnswersTest, AnswersOfSeveralSymbolsCutAnywhereAreStoredUnderImport) {
  std::vector<Request> messages = {AnswersOf("yahoo")};
  for (const std::string symbol : {"AAA", "BBB"}) {
    const std::string body = Chart(symbol);
    for (size_t begin = 0; begin < body.size(); begin += 100) {
      messages.push_back(ImportServer::Answer(symbol + ".json", std::string_view(body).substr(begin, 100)));
    }
  }
  const auto answer = server_.Import(messages);
  ASSERT_THAT(answer, IsOk());
  ASSERT_EQ(answer->results_size(), 2);
  EXPECT_EQ(answer->results(0).symbol(), "AAA");
  EXPECT_EQ(answer->results(1).row_count(), 6);
  EXPECT_EQ(answer->results(1).source(), "import");
  const auto rows = server_.Read("BBB", {.source = "import"});
  ASSERT_THAT(rows, IsOk());
  EXPECT_EQ(rows->size(), 6u);
  EXPECT_EQ(rows->basis, quant::PriceBasis::kSplitAdjusted) << "as the provider gives them";
  EXPECT_DOUBLE_EQ(std::get<std::vector<double>>(rows->Find("close")->values)[0], 10.2);
  const auto again = server_.Import(messages);
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->results(0).changed_row_count(), 0);
}

TEST_F(ImportAnswersTest, FactsNeedNoContactAndSayWhenTheyWereFiled) {
  ASSERT_THAT(server_.Import({AnswersOf("sec_edgar", "revenue"), ImportServer::Answer("LPA.json", kFacts)}), IsOk());
  const auto rows = server_.Read("LPA", {.resource = "revenue", .timeframe = Timeframe::kTick, .source = "import"});
  ASSERT_THAT(rows, IsOk());
  ASSERT_EQ(rows->size(), 1u);
  EXPECT_EQ(absl::FormatTime(absl::RFC3339_sec, quant::FromNanos(rows->times[0]), absl::UTCTimeZone()),
            "2019-05-02T02:00:00+00:00")
      << "22:00 in New York";
  const absl::Status unnamed =
      server_.Import({AnswersOf("sec_edgar"), ImportServer::Answer("LPA.json", kFacts)}).status();
  EXPECT_THAT(Said(unnamed), ElementsAre("LPA.json: has rows of revenue: say which to take (--resource)"));
}

// Charts without events: whoever saved them may not have asked for any.
TEST_F(ImportAnswersTest, AChartThatListsNoDividendsDoesNotSayThatThereWereNone) {
  const auto answer = server_.Import({AnswersOf("yahoo", "dividend"), ImportServer::Answer("A.json", Chart("A"))});
  ASSERT_THAT(answer, IsOk());
  ASSERT_EQ(answer->results_size(), 1);
  EXPECT_EQ(answer->results(0).outcome(), v1::FetchResult::OUTCOME_OK) << "and not that none were confirmed";
  EXPECT_EQ(answer->results(0).row_count(), 0);
  EXPECT_THAT(answer->results(0).notes(),
              ::testing::Contains("A.json lists none, and may not have been asked for them"));
  EXPECT_TRUE(NothingIsStored());
  Request replacing = AnswersOf("yahoo", "dividend");
  replacing.mutable_spec()->mutable_replaces()->mutable_start_time()->set_seconds(1'577'836'800);
  replacing.mutable_spec()->mutable_replaces()->mutable_end_time()->set_seconds(1'578'614'400);
  EXPECT_THAT(Said(server_.Import({replacing, ImportServer::Answer("A.json", Chart("A"))}).status()),
              ElementsAre(HasSubstr("A.json: lists none, and may not have been asked for them: it can not replace")));
  ASSERT_THAT(server_.Import({AnswersOf("yahoo"), ImportServer::Answer("A.json", Chart("A"))}), IsOk());
  const auto bars = server_.Read("A", {.source = "import"});
  ASSERT_THAT(bars, IsOk());
  EXPECT_EQ(bars->Find("dividend"), nullptr);
  EXPECT_EQ(bars->Find("split_ratio"), nullptr);
}

TEST_F(ImportAnswersTest, EveryFileThatIsNoAnswerIsNamedAndNothingIsStored) {
  const absl::Status refused =
      server_
          .Import({AnswersOf("alpha_vantage"), ImportServer::Answer("A.json", kNote),
                   ImportServer::Answer("B.json", "<html></html>"), ImportServer::Answer("C.json", Chart("C")),
                   ImportServer::Answer("D.json", "{}")})
          .status();
  EXPECT_THAT(refused, StatusIs(Code::kInvalidArgument, "INVALID_IMPORT"));
  EXPECT_THAT(Said(refused),
              ElementsAre(AllOf(HasSubstr("A.json: "), HasSubstr("(RATE_LIMITED)")),
                          AllOf(HasSubstr("B.json: "), HasSubstr("(MALFORMED_BODY)")),
                          AllOf(HasSubstr("C.json: "), HasSubstr("(UNEXPECTED_BODY)")),
                          AllOf(HasSubstr("D.json: "), HasSubstr("alpha_vantage does not have D (UNKNOWN_SYMBOL)"))));
  EXPECT_TRUE(NothingIsStored());
}

TEST_F(ImportAnswersTest, TheSpecMustSayWhoseAnswersTheyAre) {
  EXPECT_THAT(Said(server_.Import({ImportServer::Spec(), ImportServer::Answer("A.json", Chart("A"))}).status()),
              ElementsAre(HasSubstr("answer: needs a spec that says of which source")));
  EXPECT_THAT(Said(server_.Import({AnswersOf("csv_file")}).status()),
              ElementsAre(HasSubstr("spec.answers_of: must be a source that asks a provider")));
  EXPECT_THAT(Said(server_.Import({AnswersOf("yahoo", "trade")}).status()),
              ElementsAre(HasSubstr("spec.answers_of: yahoo has no trade")));
  Request misspelt = AnswersOf("yahoo");
  (*misspelt.mutable_spec()->mutable_answers_of()->mutable_params())["curency"].set_string_value("EUR");
  EXPECT_THAT(Said(server_.Import({misspelt}).status()), ElementsAre(HasSubstr("spec.answers_of.params.curency: ")));
  EXPECT_THAT(Said(server_.Import({AnswersOf("yahoo"), ImportServer::Answer("", Chart("A"))}).status()),
              ElementsAre(HasSubstr("answer.file: is required")));
  EXPECT_THAT(Said(server_.Import({AnswersOf("yahoo"), ImportServer::Answer("A.json", Chart("A"), "a b")}).status()),
              ElementsAre(HasSubstr("answer.symbol: must be")));
  Request named = ImportServer::Answer("A.json", Chart("A"));
  named.set_calendar("XNYS");
  EXPECT_THAT(Said(server_.Import({AnswersOf("yahoo"), named}).status()),
              ElementsAre(HasSubstr("calendar: is for packed and stored rows")));
  EXPECT_TRUE(NothingIsStored());
}

TEST_F(ImportAnswersTest, AnAnswerHasThePriceBasisOfItsProvider) {
  Request raw = AnswersOf("yahoo");
  raw.mutable_spec()->set_basis(common::v1::PRICE_BASIS_RAW);
  EXPECT_THAT(Said(server_.Import({raw, ImportServer::Answer("A.json", Chart("A"))}).status()),
              ElementsAre("A.json.basis: the prices are split, but the spec says raw"));
}

TEST_F(ImportAnswersTest, TheSameIdIsTheSameImportOnlyOfTheSameAnswers) {
  Request spec = AnswersOf("yahoo");
  spec.mutable_spec()->set_request_id(base::NewUuid(absl::Now()));
  const auto first = server_.Import({spec, ImportServer::Answer("A.json", Chart("A"))});
  ASSERT_THAT(first, IsOk());
  const auto again = server_.Import({spec, ImportServer::Answer("A.json", Chart("A"))});
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->SerializeAsString(), first->SerializeAsString());
  EXPECT_FALSE(server_.Import({spec, ImportServer::Answer("A.json", Chart("B"))}).ok());
}

}  // namespace
}  // namespace breadthflow::data
