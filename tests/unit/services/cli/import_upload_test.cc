#include "services/cli/import_upload.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <google/protobuf/util/delimited_message_util.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/status.h"
#include "services/cli/import_files.h"
#include "tests/support/matchers.h"

// What is said of files of which some are read here and some by the server.
namespace breadthflow::cli {
namespace {

using ::testing::ElementsAre;
using testing::IsOk;
using testing::StatusIs;
using Request = data::v1::ImportSeriesRequest;

class ImportUploadTest : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("import_upload_" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const { return (folder_ / name).string(); }
  void Put(const std::string& name, const std::string& content) const {
    std::ofstream(Path(name), std::ios::binary) << content;
  }
  // A file of one message with these bytes as its stored rows.
  void PutColumnar(const std::string& name, const std::string& stored) const {
    common::v1::SeriesMessage message;
    message.mutable_first_of()->set_symbol("AAA");
    message.set_stored(stored);
    std::ofstream out(Path(name), std::ios::binary);
    ASSERT_TRUE(google::protobuf::util::SerializeDelimitedToOstream(message, &out));
  }
  ImportUpload Upload() {
    const auto files = FindImportFiles({folder_.string()}, {});
    EXPECT_THAT(files, IsOk());
    return ImportUpload(files.value_or(std::vector<ImportFile>()), "", {}, progress_);
  }
  static std::vector<std::string> Said(const absl::Status& status) {
    std::vector<std::string> said;
    for (const base::FieldViolation& one : base::DetailsOf(status).violations) {
      said.push_back(one.field + " " + one.description);
    }
    return said;
  }

  std::filesystem::path folder_;
  std::ostringstream people_;
  const base::FakeClock clock_{absl::UnixEpoch()};
  Progress progress_{Progress::Style::kSilent, people_, clock_, "import"};
};

TEST_F(ImportUploadTest, MistakesOfTextsAreToldBesideADamagedFile) {
  Put("a.columnar",
      "\x05"
      "abc");
  Put("b.csv", "date,open,high,low,close,volume\n2020-01-02,1,1,-1,1,1\n");
  ImportUpload upload = Upload();
  Request request;
  BF_ASSERT_OK_AND_ASSIGN(bool more, upload.Next(request));
  ASSERT_TRUE(more);
  EXPECT_EQ(request.csv().file(), Path("b.csv"));
  request.Clear();
  BF_ASSERT_OK_AND_ASSIGN(more, upload.Next(request));
  ASSERT_TRUE(more);
  EXPECT_EQ(request.payload_case(), Request::kStored) << "no rows of anything: the server refuses it";
  EXPECT_EQ(request.stored(), "");
  request.Clear();
  BF_ASSERT_OK_AND_ASSIGN(more, upload.Next(request));
  EXPECT_FALSE(more);
  const absl::Status answer =
      base::MakeError(absl::StatusCode::kInvalidArgument, "nothing was imported",
                      {.reason = "INVALID_IMPORT",
                       .violations = {{"stored[0]", "corrupt chunk"}, {"b.csv:2", "low must be above 0, was -1"}}});
  const absl::Status told = upload.InFiles(answer);
  EXPECT_THAT(told, StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_IMPORT"));
  EXPECT_THAT(Said(told), ElementsAre(::testing::StartsWith(Path("a.columnar") + " is damaged or cut off after "),
                                      "b.csv:2 low must be above 0, was -1"));
  EXPECT_THAT(Said(upload.InFiles(absl::UnavailableError("gone"))), ::testing::SizeIs(1)) << "it is known all the same";
}

TEST_F(ImportUploadTest, ADamagedFileAloneIsRefusedHere) {
  Put("a.columnar",
      "\x05"
      "abc");
  ImportUpload upload = Upload();
  Request request;
  const auto more = upload.Next(request);
  EXPECT_THAT(more, StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_FILE"));
  EXPECT_THAT(Said(upload.InFiles(more.status())), ::testing::SizeIs(1));
}

TEST_F(ImportUploadTest, StoredRowsThatTheServerCanNotReadAreNamedByTheirFile) {
  PutColumnar("a.columnar", "x");
  PutColumnar("b.columnar", "y");
  ImportUpload upload = Upload();
  for (int i = 0; i < 2; ++i) {
    Request request;
    BF_ASSERT_OK_AND_ASSIGN(const bool more, upload.Next(request));
    ASSERT_TRUE(more);
    EXPECT_EQ(request.stored_of(), "AAA");
  }
  base::Violations violations;
  violations.Add("stored[1]", "corrupt chunk: it is cut off");
  const absl::Status told = upload.InFiles(violations.ToStatus("nothing was imported", "INVALID_IMPORT"));
  EXPECT_EQ(base::Message(told), "nothing was imported");
  EXPECT_THAT(Said(told), ElementsAre(Path("b.columnar") + " corrupt chunk: it is cut off"));
}

}  // namespace
}  // namespace breadthflow::cli
