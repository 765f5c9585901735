#include "services/standalone/private_cluster.h"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include <fmt/format.h>
#include <libpq-fe.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/matchers.h"

namespace breadthflow::standalone {
namespace {

namespace fs = std::filesystem;
using testing::IsOk;
using testing::StatusIs;

class PrivateClusterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = "/tmp/bf-cluster-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    root_ = pattern;
    chmod(pattern.c_str(), 0755);
  }
  void TearDown() override { fs::remove_all(root_); }

  std::string dir() const { return (root_ / "data").string(); }
  static void Silent(const std::string&) {}
  auto Start() const { return PrivateCluster::Start(dir(), Silent); }

  // The first value, or what went wrong.
  static std::string Sql(const PrivateCluster& cluster, const char* sql) {
    PGconn* connection = PQconnectdb(cluster.url().c_str());
    PGresult* result = PQexec(connection, sql);
    const ExecStatusType status = PQresultStatus(result);
    const bool good = status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK;
    std::string value = good ? "" : PQerrorMessage(connection);
    if (PQntuples(result) > 0) value = PQgetvalue(result, 0, 0);
    PQclear(result);
    PQfinish(connection);
    return value;
  }

  fs::path root_;
};

TEST_F(PrivateClusterTest, KeepsItsDataFromOneStartToTheNext) {
  pid_t first = -1;
  {
    BF_ASSERT_OK_AND_ASSIGN(const auto cluster, Start());
    first = cluster->pid();
    EXPECT_EQ(Sql(*cluster, "CREATE TABLE kept AS SELECT 42 AS answer"), "");
  }
  EXPECT_NE(kill(first, 0), 0) << "the server outlived its owner";
  const absl::Time start = absl::Now();
  BF_ASSERT_OK_AND_ASSIGN(const auto cluster, Start());
  EXPECT_LT(absl::Now() - start, absl::Seconds(10));
  EXPECT_EQ(Sql(*cluster, "SELECT answer FROM kept"), "42");
}

TEST_F(PrivateClusterTest, HasTheSettingsThatAllClustersOfTheSuiteShare) {
  BF_ASSERT_OK_AND_ASSIGN(const auto cluster, Start());
  EXPECT_EQ(Sql(*cluster, "SHOW max_wal_size"), "1GB");
  EXPECT_EQ(Sql(*cluster, "SHOW fsync"), "on");
  EXPECT_EQ(Sql(*cluster, "SHOW synchronous_commit"), "on");
  EXPECT_EQ(Sql(*cluster, "SHOW deadlock_timeout"), "1s");
  EXPECT_EQ(Sql(*cluster, "SHOW listen_addresses"), "");
}

TEST_F(PrivateClusterTest, RefusesADirectoryThatAnotherOneUses) {
  BF_ASSERT_OK_AND_ASSIGN(const auto cluster, Start());
  const auto second = Start();
  ASSERT_THAT(second, StatusIs(absl::StatusCode::kFailedPrecondition, "DATA_DIR_IN_USE"));
  EXPECT_THAT(base::Message(second.status()), ::testing::HasSubstr(fmt::format("process {}", getpid())));
  EXPECT_EQ(Sql(*cluster, "SELECT 1"), "1");
}

TEST_F(PrivateClusterTest, StartsAgainWhenTheServerIsKilled) {
  BF_ASSERT_OK_AND_ASSIGN(const auto cluster, Start());
  EXPECT_EQ(Sql(*cluster, "CREATE TABLE kept AS SELECT 7 AS answer"), "");
  const pid_t killed = cluster->pid();
  ASSERT_EQ(kill(killed, SIGKILL), 0);
  std::string answer;
  for (int i = 0; i < 300 && answer != "7"; ++i) {
    absl::SleepFor(absl::Milliseconds(100));
    answer = Sql(*cluster, "SELECT answer FROM kept");
  }
  EXPECT_EQ(answer, "7");
  EXPECT_NE(cluster->pid(), killed);
}

TEST_F(PrivateClusterTest, StartsOverAStalePidFile) {
  { ASSERT_THAT(Start(), IsOk()); }
  // A pid that lives but is not this server: ours.
  std::ofstream(dir() + "/postgres/postmaster.pid") << getpid() << "\n"
                                                    << dir() << "/postgres\n1\n5432\n\n\n  1  1\nready   \n";
  BF_ASSERT_OK_AND_ASSIGN(const auto cluster, Start());
  EXPECT_EQ(Sql(*cluster, "SELECT 1"), "1");
}

TEST_F(PrivateClusterTest, WorksInAFolderWithALongName) {
  BF_ASSERT_OK_AND_ASSIGN(const auto cluster,
                          PrivateCluster::Start((root_ / std::string(120, 'x') / "data").string(), Silent));
  EXPECT_EQ(Sql(*cluster, "SELECT 1"), "1");
}

TEST_F(PrivateClusterTest, RefusesAClusterOfAnotherVersion) {
  { ASSERT_THAT(Start(), IsOk()); }
  std::ofstream(dir() + "/postgres/PG_VERSION") << "9\n";
  EXPECT_THAT(Start(), StatusIs(absl::StatusCode::kFailedPrecondition, "BAD_DATA_DIR"));
}

TEST_F(PrivateClusterTest, SaysWhenTheServersUserCanNotEnter) {
  if (geteuid() != 0) GTEST_SKIP() << "only root runs the server as another user";
  ASSERT_EQ(chmod(root_.c_str(), 0700), 0);
  const auto cluster = Start();
  ASSERT_THAT(cluster, StatusIs(absl::StatusCode::kFailedPrecondition, "BAD_DATA_DIR"));
  EXPECT_THAT(base::Message(cluster.status()), ::testing::HasSubstr("can not enter"));
}

TEST_F(PrivateClusterTest, SaysThatTheServerDiedAndWhyItDoesNotComeBack) {
  absl::Mutex mutex;
  std::vector<std::string> news;
  const auto told = [&] {
    absl::MutexLock lock(&mutex);
    return news;
  };
  const auto await = [&](size_t count) {
    for (int i = 0; i < 600 && told().size() < count; ++i) absl::SleepFor(absl::Milliseconds(50));
    return told();
  };
  BF_ASSERT_OK_AND_ASSIGN(const auto cluster, PrivateCluster::Start(dir(), [&](const std::string& text) {
                            absl::MutexLock lock(&mutex);
                            news.push_back(text);
                          }));
  EXPECT_THAT(told(), ::testing::IsEmpty());
  const std::string settings = dir() + "/postgres/postgresql.auto.conf";
  const std::string before = FileText(settings);
  std::ofstream(settings) << "max_connections = many\n";
  ASSERT_EQ(kill(cluster->pid(), SIGKILL), 0);
  ASSERT_THAT(await(2), ::testing::SizeIs(::testing::Ge(2u)));
  EXPECT_THAT(told()[0], ::testing::HasSubstr("ended by signal 9"));
  EXPECT_THAT(told()[1], ::testing::HasSubstr("max_connections"));
  absl::SleepFor(absl::Seconds(3));  // some ten starts more, all of which fail alike
  const size_t count = told().size();
  EXPECT_LE(count, 3u);
  std::ofstream(settings) << before;
  EXPECT_THAT(await(count + 1).back(), ::testing::HasSubstr("runs again"));
  EXPECT_EQ(Sql(*cluster, "SELECT 1"), "1");
}

}  // namespace
}  // namespace breadthflow::standalone
