#pragma once

#include <map>
#include <string>

#include "breadthflow/data/v1/data_service.pb.h"
#include <gtest/gtest.h>

#include "common/base/status.h"
#include "common/config/config.h"
#include "services/data/domain/custom_resource.h"
#include "services/data/rpc/convert.h"

namespace breadthflow::data {

// The request that makes the resource which config/resources describes under that id.
inline v1::CreateResourceRequest RequestFor(const std::string& id) {
  v1::CreateResourceRequest request;
  const absl::Status read =
      config::Load(BREADTHFLOW_SOURCE_DIR "/config/resources/" + id + ".yaml", {}, *request.mutable_resource());
  EXPECT_TRUE(read.ok()) << base::Message(read);
  EXPECT_EQ(request.resource().name(), id);
  request.set_resource_id(id);
  return request;
}

// The same as it is found once it was made.
inline const Resource& Made(const std::string& id) {
  static auto* made = new std::map<std::string, Resource>();
  const auto found = made->find(id);
  if (found != made->end()) return found->second;
  base::Violations violations;
  Resource resource = FromProto(RequestFor(id), violations);
  CheckDefinition(resource, violations);
  EXPECT_TRUE(violations.empty()) << base::Message(violations.ToStatus(id));
  return made->emplace(id, std::move(resource)).first->second;
}

}  // namespace breadthflow::data
