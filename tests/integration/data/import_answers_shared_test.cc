// Every recorded answer of a provider that lies beside the repository, imported as each kind of data that the provider
// offers: its rows come back equal to what the provider's parser gives, or it is refused with the parser's own reason.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "common/base/status.h"
#include "services/data/domain/import.h"
#include "services/data/sources/catalog.h"
#include "services/data/sources/saved_answers.h"
#include "tests/integration/data/import_fixture.h"
#include "tests/support/shared_file.h"

namespace breadthflow::data {
namespace {

using quant::Timeframe;

struct Recorded {
  std::string provider;
  std::string file;  // below the collection
  std::string symbol;
};

// The symbol that a request was about; empty where it was about none or several.
std::string SymbolOf(const std::string& url) {
  std::string symbol;
  for (const char* before :
       {"/chart/", "/timeseries/", "symbol=", "tickers=", "ticker=", "/ticker/", "/tickers/", "/trades/", "/quotes/"}) {
    const size_t at = url.find(before);
    if (at == std::string::npos) continue;
    symbol = url.substr(at + std::string(before).size());
    symbol = symbol.substr(0, symbol.find_first_of("?&/"));
    break;
  }
  if (symbol.starts_with("X:")) symbol = symbol.substr(2);
  return SymbolFault(symbol) ? "" : symbol;
}

class RecordedAnswers : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (!testing::SharedFile("data/SOURCES.md").empty()) server_ = std::make_unique<ImportServer>();
  }
  static void TearDownTestSuite() { server_.reset(); }

  static std::string Content(const std::string& file) {
    std::ifstream in(testing::SharedFile("data/" + file), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  static std::vector<Recorded> Index(const std::string& provider) {
    std::vector<Recorded> all;
    const std::string folder = "providers/" + provider + "/";
    for (const nlohmann::json& one : nlohmann::json::parse(Content(folder + "index.json"))) {
      all.push_back({provider, folder + one["file"].get<std::string>(), SymbolOf(one.value("url", ""))});
    }
    return all;
  }

  // What the reader makes of it, without a server.
  static absl::StatusOr<SourceData> Expected(const Recorded& one, const component::ComponentRef& source,
                                             const Capability& offer, Timeframe timeframe) {
    auto reader = MakeSavedAnswerReader(source, {.resource = offer.resource,
                                                 .symbol = {},
                                                 .timeframe = timeframe,
                                                 .definition = FindResource(offer.resource).value()});
    if (!reader.ok()) return reader.status();
    auto read = (*reader)->Read(one.file, Content(one.file), one.symbol);
    if (!read.ok()) return read.status();
    return std::move(read->front());
  }

  void Import(const Recorded& one, const component::ComponentRef& source, const Capability& offer,
              Timeframe timeframe) {
    const std::string what = one.file + " as " + offer.resource + " in " + std::string(quant::ToText(timeframe));
    const absl::StatusOr<SourceData> expected = Expected(one, source, offer, timeframe);
    const std::string kept = "answer_" + std::to_string(++count_);
    auto spec = ImportServer::Spec(offer.resource, timeframe, kept);
    spec.mutable_spec()->mutable_answers_of()->set_name(source.name);
    for (const auto& [name, value] : source.params) {
      (*spec.mutable_spec()->mutable_answers_of()->mutable_params())[name] = rpc::ToProto(value);
    }
    const auto answer = server_->Import({spec, ImportServer::Answer(one.file, Content(one.file), one.symbol)});
    if (!expected.ok()) {
      ++refused_;
      EXPECT_FALSE(answer.ok()) << what;
      const auto details = base::DetailsOf(expected.status());
      const auto told = base::DetailsOf(answer.status()).violations;
      ASSERT_FALSE(told.empty()) << what << ": " << base::Message(answer.status());
      EXPECT_TRUE(told.front().field.starts_with(one.file) || told.front().field.starts_with("spec.")) << what;
      if (!details.violations.empty()) {
        // A long one is cut on its way.
        std::string said = told.front().description;
        if (said.ends_with("...")) said.resize(said.size() - 3);
        EXPECT_TRUE(details.violations.front().description.starts_with(said)) << what << ": " << said;
      }
      return;
    }
    ASSERT_TRUE(answer.ok()) << what << ": " << base::Message(answer.status()).substr(0, 1000);
    ASSERT_EQ(answer->results_size(), 1) << what;
    EXPECT_EQ(answer->results(0).row_count(), static_cast<int64_t>(expected->series.size())) << what;
    if (expected->series.empty()) return;
    ++imported_[one.file];
    const auto rows = server_->Read(expected->series.key.symbol,
                                    {.resource = offer.resource, .timeframe = timeframe, .source = kept});
    ASSERT_TRUE(rows.ok()) << what << ": " << base::Message(rows.status());
    EXPECT_EQ(rows->ContentHash(), expected->series.ContentHash()) << what;
    EXPECT_EQ(rows->basis, expected->series.basis) << what;
  }

  // As all that the provider offers: bars of days, and of the others where the answer has no days.
  void ImportAsAll(const Recorded& one) {
    component::ComponentRef source{one.provider, {}};
    if (one.provider == "yahoo") source.params["currency"] = std::string("any");
    for (const Capability& offer : Sources().Find(one.provider).value()->capabilities) {
      if (offer.resource != "stock_price") {
        Import(one, source, offer, Timeframe::kTick);
        continue;
      }
      Import(one, source, offer, Timeframe::kDay);
      for (const Timeframe other : {Timeframe::kMin1, Timeframe::kMin5, Timeframe::kHour1}) {
        const auto bars = Expected(one, source, offer, other);
        if (imported_.count(one.file) == 0 && bars.ok()) Import(one, source, offer, other);
      }
    }
  }

  void ImportProvider(const std::string& provider, size_t at_least) {
    size_t files = 0;
    for (const Recorded& one : Index(provider)) {
      ImportAsAll(one);
      ++files;
    }
    EXPECT_GE(imported_.size(), at_least);
    std::printf("%zu of %zu recorded answers of %s have rows, which were imported and read back equal; %zu refusals\n",
                imported_.size(), files, provider.c_str(), refused_);
  }

  static inline std::unique_ptr<ImportServer> server_;
  static inline int count_ = 0;             // each under a source of its own
  std::map<std::string, size_t> imported_;  // by file: as how many kinds of data
  size_t refused_ = 0;
};

#define NEEDS_COLLECTION() \
  if (server_ == nullptr) GTEST_SKIP() << "no recorded answers of providers beside the repository"

TEST_F(RecordedAnswers, OfYahooAreImportedOrClassified) {
  NEEDS_COLLECTION();
  ImportProvider("yahoo", 25);
}

TEST_F(RecordedAnswers, OfAlphaVantageAreImportedOrClassified) {
  NEEDS_COLLECTION();
  ImportProvider("alpha_vantage", 12);
}

TEST_F(RecordedAnswers, OfPolygonAreImportedOrClassified) {
  NEEDS_COLLECTION();
  ImportProvider("polygon", 7);
}

TEST_F(RecordedAnswers, CompanyFactsAreImportedAsEveryKindThatTheyHave) {
  NEEDS_COLLECTION();
  const Recorded facts{"sec_edgar", "fundamentals/LPA_sec_companyfacts.json", "LPA"};
  ImportAsAll(facts);
  EXPECT_EQ(imported_[facts.file], 5u);
  EXPECT_EQ(refused_, 0u);
}

}  // namespace
}  // namespace breadthflow::data
