// Kinds of data that are made at run time: from CreateResource to what is read and checked.
#include <gmock/gmock.h>

#include "common/base/ids.h"
#include "tests/integration/data/data_service_fixture.h"
#include "tests/unit/services/data/made_resource.h"

namespace breadthflow::data {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::IsOk;
using testing::StatusIs;

class MadeResourcesTest : public DataServiceTest {
 protected:
  absl::StatusOr<v1::Resource> Create(const v1::CreateResourceRequest& request) {
    return Call(&Stub::CreateResource, request);
  }

  clients::FetchSpec Ratio(const std::string& folder) {
    clients::FetchSpec spec = Csv({"CBOE"}, folder);
    spec.resource = "put_call_ratio";
    spec.timeframe = quant::Timeframe::kTick;
    return spec;
  }
};

TEST_F(MadeResourcesTest, AreFoundListedAndNeverChanged) {
  v1::CreateResourceRequest request = RequestFor("put_call_ratio");
  request.set_validate_only(true);
  ASSERT_THAT(Create(request), IsOk());
  v1::GetResourceRequest get;
  get.set_name("resources/put_call_ratio");
  EXPECT_THAT(Call(&Stub::GetResource, get), StatusIs(absl::StatusCode::kNotFound, "UNKNOWN_RESOURCE"))
      << "it was only checked";

  request.set_validate_only(false);
  request.set_request_id(base::NewUuid(clock_.Now()));
  const auto made = Create(request);
  ASSERT_THAT(made, IsOk());
  EXPECT_TRUE(made->custom());
  EXPECT_EQ(made->fields(0).name(), "put_call");
  EXPECT_EQ(made->fields(0).min(), 0);
  EXPECT_TRUE(made->fields(0).has_min() && !made->fields(0).has_max());
  const auto again = Create(request);
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->SerializeAsString(), made->SerializeAsString());
  const auto found = Call(&Stub::GetResource, get);
  ASSERT_THAT(found, IsOk());
  EXPECT_EQ(found->SerializeAsString(), made->SerializeAsString());

  request.set_request_id(base::NewUuid(clock_.Now()));
  EXPECT_THAT(Create(request), StatusIs(absl::StatusCode::kAlreadyExists, "RESOURCE_EXISTS"));
  request.set_resource_id("stock_price");
  EXPECT_THAT(Create(request), StatusIs(absl::StatusCode::kAlreadyExists, "RESOURCE_EXISTS"));

  v1::ListResourcesRequest list;
  list.set_page_size(7);
  std::vector<std::string> names;
  do {
    const auto page = Call(&Stub::ListResources, list);
    ASSERT_THAT(page, IsOk());
    for (const v1::Resource& resource : page->resources()) names.push_back(resource.name());
    list.set_page_token(page->next_page_token());
  } while (!list.page_token().empty());
  EXPECT_EQ(names.size(), Resources().size() + 1);
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
  EXPECT_THAT(names, Contains("resources/put_call_ratio"));
}

TEST_F(MadeResourcesTest, EveryViolationOfADefinitionIsNamed) {
  v1::CreateResourceRequest request;
  request.set_resource_id("Put Call");
  request.set_request_id("no uuid");
  request.mutable_resource()->add_fields()->set_name("date");
  request.mutable_resource()->add_orders()->set_low("x");
  const auto made = Create(request);
  ASSERT_THAT(made, StatusIs(absl::StatusCode::kInvalidArgument));
  std::vector<std::string> fields;
  for (const auto& violation : base::DetailsOf(made.status()).violations) fields.push_back(violation.field);
  EXPECT_THAT(fields, ::testing::UnorderedElementsAre("resource.fields[0].type", "request_id", "resource_id",
                                                      "resource.fields[0].name", "resource.orders[0].low",
                                                      "resource.orders[0].high"));
}

TEST_F(MadeResourcesTest, AreFetchedReadFrozenAndCheckedLikeTheOthers) {
  EXPECT_THAT(client_->CreateFetchRun(Ratio(folder_), base::NewUuid(clock_.Now()), {}),
              StatusIs(absl::StatusCode::kInvalidArgument));
  ASSERT_THAT(Create(RequestFor("put_call_ratio")), IsOk());
  WriteCsv("CBOE", "2011-01-03,0.4\n2011-01-04,-1\n", "date,put_call\n");
  clients::FetchRun run = Fetch(Ratio(folder_));
  ASSERT_EQ(run.items.size(), 1u);
  EXPECT_EQ(run.items[0].outcome, clients::FetchOutcome::kFailed);
  EXPECT_THAT(std::string(base::Message(run.items[0].error)), HasSubstr("CBOE"));

  WriteCsv("CBOE", "2011-01-03,0.4\n2011-01-04,0.43\n", "date,put_call\n");
  run = Fetch(Ratio(folder_));
  ASSERT_EQ(run.status.state, clients::RunState::kSucceeded) << run.status.error;
  clients::ReadQuery query;
  query.resource = "put_call_ratio";
  query.timeframe = quant::Timeframe::kTick;
  const auto rows = ReadOne("CBOE", query);
  ASSERT_THAT(rows, IsOk());
  EXPECT_THAT(rows->Doubles("put_call"), ElementsAre(0.4, 0.43));
  EXPECT_EQ(rows->basis, quant::PriceBasis::kNotPrices);

  v1::CreateSnapshotRequest freeze;
  freeze.set_resource("put_call_ratio");
  freeze.add_symbols("CBOE");
  const auto snapshot = Call(&Stub::CreateSnapshot, freeze);
  ASSERT_THAT(snapshot, IsOk());
  EXPECT_EQ(snapshot->series(0).row_count(), 2);
  v1::GetQualityReportRequest check;
  check.set_name("qualityReports/" + snapshot->name().substr(snapshot->name().find('/') + 1));
  const auto report = Call(&Stub::GetQualityReport, check);
  ASSERT_THAT(report, IsOk());
  EXPECT_TRUE(report->passed());
}

TEST_F(MadeResourcesTest, OfAnotherReplicaAreFoundAtOnce) {
  ResourceStore other(*database_);
  EXPECT_THAT(other.Find("index_level"), StatusIs(absl::StatusCode::kNotFound, "UNKNOWN_RESOURCE"));
  ASSERT_THAT(Create(RequestFor("index_level")), IsOk());
  const auto found = other.Find("index_level");
  ASSERT_THAT(found, IsOk());
  EXPECT_TRUE((*found)->bars);
  EXPECT_EQ((*found)->orders.size(), 3u);
  EXPECT_EQ(other.Find("index_level").value(), *found) << "the same as long as the store";
}

}  // namespace
}  // namespace breadthflow::data
