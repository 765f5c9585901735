// The ComponentService as callers see it: through the Guard, a gRPC server and the client, on a real PostgreSQL.
#include "services/registry/rpc/component_service.h"

#include <memory>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include "common/clients/component_announcer.h"
#include "common/clients/registry_client.h"
#include "common/postgres/migrate.h"
#include "common/quant/indicators/catalog.h"
#include "common/quant/strategies/catalog.h"
#include "common/rpc/channels.h"
#include "common/rpc/server.h"
#include "common/rpc/status_bridge.h"
#include "tests/support/matchers.h"
#include "tests/support/postgres.h"

namespace breadthflow::registry {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using testing::IsOkAndHolds;
using testing::StatusIs;
using Stub = v1::ComponentService::Stub;

class ComponentServiceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_THAT(postgres::Migrate(*database_, Migrations()), IsOk());
    component::Announce(quant::Indicators(), catalogue_);
    component::Announce(quant::Strategies(), catalogue_);
    BF_ASSERT_OK_AND_ASSIGN(server_, rpc::Server::Start({}, {&service_}, guard_));
    channels_.Attach("registry", server_->InProcessChannel());
    stub_ = v1::ComponentService::NewStub(server_->InProcessChannel());
  }
  void TearDown() override {
    stub_.reset();
    client_.reset();
    channels_.Attach("registry", nullptr);
    server_.reset();
  }

  template <typename Request, typename Response>
  absl::StatusOr<Response> Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                                const Request& request) {
    grpc::ClientContext context;
    Response response;
    const grpc::Status status = (stub_.get()->*method)(&context, request, &response);
    if (!status.ok()) return rpc::FromGrpc(status);
    return response;
  }

  testing::TestDatabase test_database_;
  std::unique_ptr<postgres::Database> database_ =
      postgres::Database::Open({.url = test_database_.url(), .schema = "registry"});
  base::SystemClock clock_;
  telemetry::Metrics metrics_;
  std::unique_ptr<security::Authenticator> authenticator_ = security::MakeOpenAuthenticator();
  rpc::Guard guard_{{}, *authenticator_, metrics_, clock_};
  rpc::PageTokens page_tokens_{"a secret of the test"};
  ComponentStore store_{*database_};
  Components components_{store_};
  ComponentService service_{components_, guard_, page_tokens_};
  rpc::Channels channels_{{}, metrics_};
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<clients::RegistryClient> client_ = clients::MakeRegistryClient(channels_);
  std::unique_ptr<Stub> stub_;
  std::vector<component::Announcement> catalogue_;
};

TEST_F(ComponentServiceTest, GivesBackWholeCataloguesAsTheyWereAnnounced) {
  EXPECT_THAT(client_->AnnounceComponents("signal", catalogue_, {}),
              IsOkAndHolds(static_cast<int64_t>(catalogue_.size())));
  EXPECT_THAT(client_->AnnounceComponents("signal", catalogue_, {}), IsOkAndHolds(0));
  BF_ASSERT_OK_AND_ASSIGN(const std::vector<clients::RegisteredComponent> listed, client_->ListComponents("", {}));
  ASSERT_EQ(listed.size(), catalogue_.size());
  for (const component::Announcement& announced : catalogue_) {
    const auto found = std::find_if(listed.begin(), listed.end(), [&](const clients::RegisteredComponent& component) {
      return component.info.kind == announced.info.kind && component.info.name == announced.info.name;
    });
    ASSERT_NE(found, listed.end()) << announced.info.name;
    EXPECT_EQ(found->name, NameOf(KeyOf(announced.info)));
    EXPECT_EQ(found->service, "signal");
    EXPECT_EQ(found->info.description, announced.info.description);
    EXPECT_EQ(Fingerprint(found->params), Fingerprint(announced.params));
  }
  BF_ASSERT_OK_AND_ASSIGN(const auto strategies, client_->ListComponents("strategy", {}));
  EXPECT_EQ(strategies.size(), quant::Strategies().entries().size());
}

TEST_F(ComponentServiceTest, IsWhatTheAnnouncerTalksTo) {
  clients::ComponentAnnouncer announcer(*client_, "signal", catalogue_);
  announcer.Start();
  while (!announcer.done()) {
  }
  EXPECT_THAT(Call(&Stub::GetComponent,
                   [] {
                     v1::GetComponentRequest request;
                     request.set_name("components/indicator/rsi");
                     return request;
                   }()),
              IsOk());
}

TEST_F(ComponentServiceTest, PagesByTokensThatBelongToTheQuery) {
  ASSERT_THAT(client_->AnnounceComponents("signal", catalogue_, {}), IsOk());
  v1::ListComponentsRequest request;
  request.set_kind("indicator");
  request.set_page_size(2);
  std::set<std::string> names;
  int pages = 0;
  do {
    BF_ASSERT_OK_AND_ASSIGN(const v1::ListComponentsResponse page, Call(&Stub::ListComponents, request));
    for (const v1::Component& component : page.components()) EXPECT_TRUE(names.insert(component.name()).second);
    request.set_page_token(page.next_page_token());
    ++pages;
  } while (!request.page_token().empty());
  EXPECT_EQ(names.size(), quant::Indicators().entries().size());
  EXPECT_EQ(pages, static_cast<int>((names.size() + 1) / 2));

  BF_ASSERT_OK_AND_ASSIGN(const v1::ListComponentsResponse page, Call(&Stub::ListComponents, request));
  request.set_kind("strategy");
  request.set_page_token(page.next_page_token());
  EXPECT_THAT(Call(&Stub::ListComponents, request), StatusIs(absl::StatusCode::kInvalidArgument, "INVALID_PAGE_TOKEN"));
  request.set_page_token("");
  request.set_page_size(-1);
  EXPECT_THAT(Call(&Stub::ListComponents, request), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(ComponentServiceTest, SaysOnTheWireWhatIsWrong) {
  ASSERT_THAT(client_->AnnounceComponents("signal", catalogue_, {}), IsOk());
  std::vector<component::Announcement> changed = catalogue_;
  changed[0].params.push_back(component::IntParam("extra", 1, 0, 2, "", ""));
  const absl::Status conflict = client_->AnnounceComponents("signal", changed, {}).status();
  EXPECT_THAT(conflict, StatusIs(absl::StatusCode::kAlreadyExists, "COMPONENT_CHANGED"));
  EXPECT_THAT(base::Message(conflict), HasSubstr("extra: added"));
  v1::GetComponentRequest request;
  request.set_name("components/indicator/nonsense");
  const absl::Status missing = Call(&Stub::GetComponent, request).status();
  EXPECT_THAT(missing, StatusIs(absl::StatusCode::kNotFound, "COMPONENT_NOT_FOUND"));
  EXPECT_THAT(base::Message(missing), HasSubstr("components/indicator/rsi"));
  request.set_name("rsi");
  EXPECT_THAT(Call(&Stub::GetComponent, request), StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace breadthflow::registry
