#include "common/config/config.h"

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "breadthflow/config/v1/config.pb.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "common/base/status.h"

namespace breadthflow::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class ConfigTest : public ::testing::Test {
 protected:
  std::string Write(const std::string& text) {
    std::string path = ::testing::TempDir() + "config_" + std::to_string(getpid()) + ".yaml";
    std::ofstream(path) << text;
    return path;
  }
  static std::vector<std::string> Fields(const absl::Status& status) {
    std::vector<std::string> fields;
    for (const auto& violation : base::DetailsOf(status).violations) {
      fields.push_back(violation.field.substr(violation.field.find_last_of('/') + 1));
    }
    return fields;
  }
};

TEST_F(ConfigTest, ReadsEveryKindOfField) {
  config::v1::DataConfig data;
  const absl::Status status =
      Load(Write("server:\n  host: 0.0.0.0\n  port: 0\n  lame_duck: 1m30.5s\n  reflection: false\n"
                 "data:\n  csv_roots: [/srv/a, /srv/b]\n"),
           {}, data);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(data.server().host(), "0.0.0.0");
  EXPECT_TRUE(data.server().has_port());
  EXPECT_EQ(data.server().port(), 0);
  EXPECT_EQ(data.server().lame_duck().seconds(), 90);
  EXPECT_EQ(data.server().lame_duck().nanos(), 500000000);
  EXPECT_FALSE(data.server().reflection());
  EXPECT_THAT(data.data().csv_roots(), ElementsAre("/srv/a", "/srv/b"));
}

TEST_F(ConfigTest, EnvironmentWinsOverTheFile) {
  config::v1::DataConfig data;
  const absl::Status status = Load(Write("server: {port: 1}\ndata: {csv_roots: [/x]}\n"),
                                   {{"BREADTHFLOW__SERVER__PORT", "2"},
                                    {"breadthflow__ignored", "x"},
                                    {"BREADTHFLOW__DATA__CSV_ROOTS", "/a,/b"},
                                    {"BREADTHFLOW_DATABASE_URL", "not ours"}},
                                   data);
  ASSERT_TRUE(status.ok()) << status;
  EXPECT_EQ(data.server().port(), 2);
  EXPECT_THAT(data.data().csv_roots(), ElementsAre("/a", "/b"));
}

TEST_F(ConfigTest, ReportsEveryErrorWithItsLine) {
  config::v1::DataConfig data;
  const absl::Status status =
      Load(Write("server:\n  port: many\n  prot: 1\n  port: 2\njobs:\n  lease: soon\nauth: none\n"),
           {{"BREADTHFLOW__SERVER__HOSTT", "x"}, {"BREADTHFLOW__JOBS__WORKERS", "1.5"}}, data);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(base::DetailsOf(status).reason, "BAD_CONFIG");
  const std::vector<std::string> fields = Fields(status);
  ASSERT_EQ(fields.size(), 7u) << status;
  EXPECT_TRUE(fields[0].ends_with(".yaml:2"));
  EXPECT_TRUE(fields[1].ends_with(".yaml:3"));
  EXPECT_TRUE(fields[2].ends_with(".yaml:4"));
  EXPECT_TRUE(fields[3].ends_with(".yaml:6"));
  EXPECT_TRUE(fields[4].ends_with(".yaml:7"));
  EXPECT_EQ(fields[5], "BREADTHFLOW__JOBS__WORKERS");
  EXPECT_EQ(fields[6], "BREADTHFLOW__SERVER__HOSTT");
  EXPECT_THAT(base::Message(status), HasSubstr("unknown key 'prot'; known are host, port"));
}

TEST_F(ConfigTest, SecretsComeFromFilesAndVariablesAndAreNeverQuoted) {
  const std::string secret = ::testing::TempDir() + "secret_" + std::to_string(getpid());
  std::ofstream(secret) << "s3cret\n";
  config::v1::DataConfig data;
  ASSERT_TRUE(Load(Write("auth:\n  service_key: {file: " + secret + "}\ndatabase:\n  url: {env: DATABASE}\n"),
                   {{"DATABASE", "postgresql://u:p@h/d"}}, data)
                  .ok());
  EXPECT_EQ(data.auth().service_key(), "s3cret");
  EXPECT_EQ(data.database().url(), "postgresql://u:p@h/d");
  ASSERT_TRUE(Load("", {{"BREADTHFLOW__AUTH__SERVICE_KEY__FILE", secret}}, data).ok());
  EXPECT_EQ(data.auth().service_key(), "s3cret");

  const absl::Status missing = Load(Write("auth:\n  service_key: {file: /nowhere/at/all}\n"), {}, data);
  EXPECT_THAT(base::Message(missing), HasSubstr("there is no file /nowhere/at/all"));
  const absl::Status wrong = Load(Write("auth:\n  service_key: [s3cret]\n"), {}, data);
  EXPECT_FALSE(wrong.ok());
  EXPECT_THAT(base::Message(wrong), Not(HasSubstr("s3cret")));
  std::filesystem::remove(secret);
}

TEST_F(ConfigTest, FilesThatAreNoConfigurationAreRefused) {
  config::v1::DataConfig data;
  for (const char* text : {"server: [", "- a\n- b\n", "just text"}) {
    EXPECT_EQ(Load(Write(text), {}, data).code(), absl::StatusCode::kInvalidArgument) << text;
  }
  EXPECT_THAT(base::Message(Load("/nowhere/config.yaml", {}, data)),
              HasSubstr("/nowhere/config.yaml: there is no file"));
  EXPECT_TRUE(Load(Write(""), {}, data).ok());
}

}  // namespace
}  // namespace breadthflow::config
