#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "breadthflow/common/v1/series.pb.h"
#include "breadthflow/data/v1/data_service.pb.h"

#include "common/clients/data_client.h"
#include "common/quant/series.h"

// Inside the data client: how a read is asked for and how its messages become whole series.
namespace breadthflow::clients {

// In the stored encoding. With a snapshot, what that fixes is not asked for.
data::v1::ReadSeriesRequest ToProto(const ReadQuery& query);

// DATA_LOSS BAD_ANSWER.
absl::Status BadAnswer(std::string_view what);

// Hands over each series once all of its messages came. `fn` must outlive it.
class SeriesAssembler {
 public:
  SeriesAssembler(const ReadQuery& query, const std::function<absl::Status(quant::Series)>& fn);

  absl::Status Add(const common::v1::SeriesMessage& message);
  // After the last message.
  absl::Status Finish();
  // Where the read goes on after what was added.
  const std::string& resume_token() const { return resume_token_; }

 private:
  std::vector<std::string> columns_;  // wanted; empty: all
  const std::function<absl::Status(quant::Series)>& fn_;
  std::optional<quant::Series> series_;
  std::string resume_token_;
};

}  // namespace breadthflow::clients
