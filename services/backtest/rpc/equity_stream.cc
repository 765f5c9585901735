#include "services/backtest/rpc/equity_stream.h"

#include <optional>
#include <utility>

#include <fmt/format.h>

#include "common/base/status.h"
#include "common/columnar/chunk_codec.h"
#include "common/rpc/convert.h"

namespace breadthflow::backtest {
namespace {

using common::v1::SeriesMessage;

class EquitySource final : public rpc::Source<SeriesMessage> {
 public:
  EquitySource(columnar::ChunkCursor cursor, common::v1::SeriesEncoding encoding)
      : cursor_(std::move(cursor)), encoding_(encoding) {}

  absl::StatusOr<rpc::Step> Next(SeriesMessage* message) override {
    BF_ASSIGN_OR_RETURN(std::optional<columnar::EncodedChunk> chunk, cursor_.Next());
    if (!chunk) return rpc::Step::End();
    if (first_) *message->mutable_first_of() = rpc::ToProto(cursor_.head().key);
    first_ = false;
    if (encoding_ == common::v1::SERIES_ENCODING_STORED) {
      message->set_stored(std::move(chunk->bytes));
      return rpc::Step::Message();
    }
    BF_ASSIGN_OR_RETURN(quant::Series rows, columnar::DecodeChunk(chunk->bytes));
    rows.key = cursor_.head().key;
    *message->mutable_packed() = rpc::ToProto(rows, 0, rows.size());
    return rpc::Step::Message();
  }

 private:
  columnar::ChunkCursor cursor_;
  const common::v1::SeriesEncoding encoding_;
  bool first_ = true;
};

}  // namespace

absl::StatusOr<std::unique_ptr<rpc::Source<SeriesMessage>>> StreamEquity(BacktestStore& store, const BacktestRun& run,
                                                                         common::v1::SeriesEncoding encoding,
                                                                         absl::Time deadline) {
  base::Violations violations;
  if (!common::v1::SeriesEncoding_IsValid(encoding))
    violations.Add("encoding", fmt::format("must be 0, 1 or 2, was {}", static_cast<int>(encoding)));
  BF_RETURN_IF_ERROR(violations.ToStatus("invalid request"));
  BF_ASSIGN_OR_RETURN(columnar::ChunkCursor cursor, store.OpenCurve(run, deadline));
  return std::make_unique<EquitySource>(std::move(cursor), encoding);
}

}  // namespace breadthflow::backtest
