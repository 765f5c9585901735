#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/base/status.h"
#include "services/cli/import_files.h"
#include "services/cli/import_upload.h"
#include "services/cli/series_file.h"
#include "services/cli/series_reader.h"
#include "services/cli/temporary_file.h"
#include "tests/support/matchers.h"

// What comes through a pipe can be read once, but a file is looked at before it is read.
namespace breadthflow::cli {
namespace {

using testing::IsOk;
using testing::StatusIs;
using Request = data::v1::ImportSeriesRequest;

class PipedImport : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() / ("piped_import_" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
    ASSERT_EQ(mkfifo(Pipe().c_str(), 0600), 0);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string Pipe() const { return (folder_ / "pipe").string(); }

  // What an import of the pipe finds while `content` comes through it.
  std::vector<ImportFile> Found(const std::string& content, const std::string& format = "auto") {
    std::thread writer([&] { std::ofstream(Pipe(), std::ios::binary) << content; });
    const auto files = FindImportFiles({Pipe()}, {.format = format});
    writer.join();
    EXPECT_THAT(files, IsOk());
    return files.value_or(std::vector<ImportFile>());
  }
  // All messages of an import of these files.
  static std::vector<Request> Sent(const std::vector<ImportFile>& files) {
    std::ostringstream people;
    const base::FakeClock clock(absl::UnixEpoch());
    Progress progress(Progress::Style::kSilent, people, clock, "import");
    ImportUpload upload(files, "", {{"close", quant::ColumnType::kDouble}}, progress);
    std::vector<Request> all;
    while (true) {
      Request request;
      const absl::StatusOr<bool> more = upload.Next(request);
      EXPECT_THAT(more, IsOk());
      if (!more.ok() || !*more) return all;
      all.push_back(request);
    }
  }

  std::filesystem::path folder_;
};

TEST_F(PipedImport, ATextWithoutAHeaderArrivesWhole) {
  std::string rows;
  for (int i = 0; i < 20'000; ++i) rows += "1380000000000000000,100.25,12,Q\n";
  const std::vector<ImportFile> files = Found(rows);
  ASSERT_EQ(files.size(), 1u);
  EXPECT_TRUE(files[0].text);
  EXPECT_EQ(files[0].bytes, static_cast<int64_t>(rows.size()));
  std::string sent;
  for (const Request& request : Sent(files)) {
    EXPECT_EQ(request.csv().file(), Pipe()) << "messages name it as it was named";
    sent += request.csv().content();
  }
  EXPECT_EQ(sent.size(), rows.size());
  EXPECT_TRUE(sent == rows);
}

TEST_F(PipedImport, ASmallTextIsNotEmpty) {
  const std::vector<Request> sent = Sent(Found("date,close\n2020-01-02,1\n"));
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].csv().content(), "date,close\n2020-01-02,1\n");
}

TEST_F(PipedImport, AnExportIsToldFromOtherTextsAndReadFromItsFirstRow) {
  const std::vector<ImportFile> files =
      Found("symbol,time,timeframe,close\nA,2020-01-02T21:00:00Z,1day,1\nA,2020-01-03T21:00:00Z,1day,2\n");
  ASSERT_EQ(files.size(), 1u);
  EXPECT_FALSE(files[0].text);
  EXPECT_TRUE(files[0].described);
  const auto said = DescriptionOf(files[0].place(), files[0].format);
  ASSERT_THAT(said, IsOk());
  EXPECT_EQ(said->first_of().timeframe(), common::v1::TIMEFRAME_1DAY);
  const std::vector<Request> sent = Sent(files);
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].packed().times_unix_ns_size(), 2);
}

TEST_F(PipedImport, JsonLinesAndColumnarFilesComeThroughPipesToo) {
  const std::string json = "{\"symbol\":\"A\",\"time\":\"2020-01-02T21:00:00Z\",\"close\":1.5}\n";
  const std::vector<Request> lines = Sent(Found(json, "jsonl"));
  ASSERT_EQ(lines.size(), 1u);
  std::ostringstream columnar;
  SeriesWriter writer(columnar, SeriesFormat::kColumnar, {});
  common::v1::SeriesMessage message;
  message.mutable_first_of()->set_symbol("A");
  *message.mutable_packed() = lines[0].packed();
  ASSERT_THAT(writer.Take(message), IsOk());
  const std::vector<ImportFile> files = Found(columnar.str(), "columnar");
  for (int pass = 0; pass < 2; ++pass) {
    const std::vector<Request> sent = Sent(files);
    ASSERT_EQ(sent.size(), 1u) << "it can be read more than once";
    EXPECT_EQ(sent[0].packed().columns(0).double_values(0), 1.5);
  }
}

TEST_F(PipedImport, MistakesAreNamedByThePipe) {
  const std::vector<ImportFile> files = Found("symbol,time,close\nA,never,1\n");
  std::ostringstream people;
  const base::FakeClock clock(absl::UnixEpoch());
  Progress progress(Progress::Style::kSilent, people, clock, "import");
  ImportUpload upload(files, "", {}, progress);
  Request request;
  const absl::Status wrong = upload.Next(request).status();
  EXPECT_THAT(wrong, StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_FILE"));
  ASSERT_EQ(base::DetailsOf(wrong).violations.size(), 1u);
  EXPECT_EQ(base::DetailsOf(wrong).violations[0].field, Pipe() + ":2");
}

TEST_F(PipedImport, WhatIsKeptHasNoNameAndIsGoneWithItsObject) {
  const auto file = TemporaryFile::Make(folder_);
  ASSERT_THAT(file, IsOk());
  ASSERT_THAT((*file)->Append("some"), IsOk());
  ASSERT_THAT((*file)->Append(" bytes"), IsOk());
  EXPECT_EQ((*file)->bytes(), 10);
  std::ostringstream text;
  text << std::ifstream((*file)->path()).rdbuf();
  EXPECT_EQ(text.str(), "some bytes");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_), {}), 1) << "only the pipe";
  EXPECT_THAT(TemporaryFile::Make("/no/such/folder").status(),
              StatusIs(absl::StatusCode::kFailedPrecondition, "CANNOT_WRITE"));
}

}  // namespace
}  // namespace breadthflow::cli
