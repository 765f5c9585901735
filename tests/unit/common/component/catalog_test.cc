#include "common/component/catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace breadthflow::component {
namespace {

struct Entry {
  ComponentInfo info;
  std::vector<ParamSpec> params;
};

Entry Named(std::string name) { return {.info = {.kind = "indicator", .name = std::move(name)}, .params = {}}; }

TEST(Catalog, FindsByNameAndNamesTheKnownOnesOtherwise) {
  const Catalog<Entry> catalog({Named("sma"), Named("rsi")});
  ASSERT_TRUE(catalog.Find("rsi").ok());
  EXPECT_EQ((*catalog.Find("rsi"))->info.name, "rsi");
  const auto missing = catalog.Find("rsx");
  EXPECT_EQ(missing.status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(base::Message(missing.status()), "unknown indicator 'rsx'; known are sma, rsi");
  EXPECT_EQ(base::DetailsOf(missing.status()).reason, "UNKNOWN_COMPONENT");
}

TEST(CatalogDeathTest, RefusesTwoComponentsOfOneName) {
  EXPECT_DEATH(Catalog<Entry>({Named("sma"), Named("sma")}), "");
}

}  // namespace
}  // namespace breadthflow::component
