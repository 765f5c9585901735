// Every real file that the tests of csv_file read, sent to the service as an import and read back from it. Compiled
// together with those tests: they say what the files are.
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/integration/data/import_fixture.h"
#include "tests/unit/services/data/csv_shared.h"
#include "tests/unit/services/data/made_resource.h"

namespace breadthflow::data {
namespace {

constexpr size_t kPart = 100'000;  // bytes of a message: most files come in one, the long ones in several

class RealImports final : public ::testing::Environment {
 public:
  void SetUp() override {
    if (testing::SharedFile("data/SOURCES.md").empty()) return;
    server_ = std::make_unique<ImportServer>();
    AlsoDone() = [this](const RealFile& file, const SourceData& data) { Import(file, data.series); };
  }
  void TearDown() override {
    AlsoDone() = nullptr;
    server_.reset();
  }

 private:
  void Import(const RealFile& file, const quant::Series& expected) {
    // Kinds of data that are not predefined are made as users make them.
    if (file.definition != nullptr && made_.insert(file.resource).second) {
      const auto resource = server_->peer().Call(&v1::DataService::Stub::CreateResource, RequestFor(file.resource), {});
      ASSERT_TRUE(resource.ok()) << base::Message(resource.status());
    }
    std::stringstream text;
    text << std::ifstream(testing::SharedFile("data/" + file.path), std::ios::binary).rdbuf();
    const std::string bytes = text.str();
    // Each under a source of its own: several files are of the same symbol.
    const std::string source = "real_" + std::to_string(++count_);
    std::vector<v1::ImportSeriesRequest> messages = {ImportServer::Spec(file.resource, file.timeframe, source)};
    for (const auto& [name, value] : file.params) {
      (*messages[0].mutable_spec()->mutable_csv_params())[name] = rpc::ToProto(value);
    }
    for (size_t begin = 0; begin < bytes.size(); begin += kPart) {
      messages.push_back(ImportServer::Csv(file.path, std::string_view(bytes).substr(begin, kPart), file.symbol));
    }
    const auto answer = server_->Import(messages);
    ASSERT_TRUE(answer.ok()) << file.path << ": " << base::Message(answer.status()).substr(0, 1000);
    ASSERT_EQ(answer->results_size(), 1) << file.path;
    EXPECT_EQ(answer->results(0).row_count(), static_cast<int64_t>(expected.size())) << file.path;
    if (expected.empty()) return;
    const auto rows =
        server_->Read(file.symbol, {.resource = file.resource, .timeframe = file.timeframe, .source = source});
    ASSERT_TRUE(rows.ok()) << file.path << ": " << base::Message(rows.status());
    EXPECT_EQ(rows->ContentHash(), expected.ContentHash()) << file.path;
    EXPECT_EQ(rows->basis, expected.basis) << file.path << ": imported as it was fetched";
  }

  std::unique_ptr<ImportServer> server_;
  std::set<std::string> made_;
  int count_ = 0;
};

const auto* const kEnvironment = ::testing::AddGlobalTestEnvironment(new RealImports);

}  // namespace
}  // namespace breadthflow::data
