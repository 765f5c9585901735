#include "common/base/file.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/matchers.h"

namespace breadthflow::base {
namespace {

using testing::StatusIs;

class ReadFileTest : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  const std::string folder_ = ::testing::TempDir() + "read_file_test";
};

TEST_F(ReadFileTest, GivesEveryByte) {
  const std::string text("a\0b\n", 4);
  std::ofstream(folder_ + "/x", std::ios::binary) << text << std::string(200'000, 'y');
  const auto read = ReadFile(folder_ + "/x");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->size(), 200'004u);
  EXPECT_EQ(read->substr(0, 4), text);
  std::ofstream(folder_ + "/empty");
  EXPECT_EQ(ReadFile(folder_ + "/empty").value(), "");
}

TEST_F(ReadFileTest, SaysWhyItCanNot) {
  EXPECT_THAT(ReadFile(folder_ + "/nothing"), StatusIs(absl::StatusCode::kNotFound, "NO_SUCH_FILE"));
  EXPECT_THAT(ReadFile(folder_), StatusIs(absl::StatusCode::kInvalidArgument, "NOT_A_FILE"));
  EXPECT_THAT(ReadFile("/dev/zero"), StatusIs(absl::StatusCode::kInvalidArgument, "NOT_A_FILE"));
  std::ofstream(folder_ + "/large") << std::string(100, 'x');
  EXPECT_THAT(ReadFile(folder_ + "/large", 99), StatusIs(absl::StatusCode::kInvalidArgument, "FILE_TOO_LARGE"));
  EXPECT_TRUE(ReadFile(folder_ + "/large", 100).ok());
}

}  // namespace
}  // namespace breadthflow::base
