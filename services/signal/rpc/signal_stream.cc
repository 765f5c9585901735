#include "services/signal/rpc/signal_stream.h"

#include <optional>
#include <utility>

#include "common/base/status.h"
#include "common/columnar/chunk_codec.h"
#include "common/rpc/convert.h"

namespace breadthflow::signal {
namespace {

using common::v1::SeriesMessage;

class SignalSource final : public rpc::Source<SeriesMessage> {
 public:
  SignalSource(SignalRuns& runs, std::string id, std::vector<SymbolResult> results, common::v1::SeriesEncoding encoding,
               absl::Time deadline)
      : runs_(runs), id_(std::move(id)), results_(std::move(results)), encoding_(encoding), deadline_(deadline) {}

  absl::StatusOr<rpc::Step> Next(SeriesMessage* message) override {
    while (next_ < results_.size() || cursor_) {
      if (!cursor_) {
        const SymbolResult& result = results_[next_++];
        key_ = SignalStore::KeyOf(id_, result);
        BF_ASSIGN_OR_RETURN(cursor_, runs_.Open(id_, result, deadline_));
        *message->mutable_first_of() = rpc::ToProto(key_);
        message->set_basis(common::v1::PRICE_BASIS_UNSPECIFIED);
        if (!cursor_) return rpc::Step::Message();
      }
      BF_ASSIGN_OR_RETURN(std::optional<columnar::EncodedChunk> chunk, cursor_->Next());
      if (chunk) {
        BF_RETURN_IF_ERROR(Fill(*std::move(chunk), message));
        return rpc::Step::Message();
      }
      cursor_.reset();
    }
    return rpc::Step::End();
  }

 private:
  absl::Status Fill(columnar::EncodedChunk chunk, SeriesMessage* message) const {
    if (encoding_ == common::v1::SERIES_ENCODING_STORED) {
      message->set_stored(std::move(chunk.bytes));
      return absl::OkStatus();
    }
    BF_ASSIGN_OR_RETURN(quant::Series rows, columnar::DecodeChunk(chunk.bytes));
    rows.key = key_;
    *message->mutable_packed() = rpc::ToProto(rows, 0, rows.size());
    return absl::OkStatus();
  }

  SignalRuns& runs_;
  const std::string id_;
  const std::vector<SymbolResult> results_;
  const common::v1::SeriesEncoding encoding_;
  const absl::Time deadline_;
  size_t next_ = 0;
  quant::SeriesKey key_;
  std::optional<columnar::ChunkCursor> cursor_;
};

}  // namespace

std::unique_ptr<rpc::Source<SeriesMessage>> StreamSignals(SignalRuns& runs, std::string id,
                                                          std::vector<SymbolResult> results,
                                                          common::v1::SeriesEncoding encoding, absl::Time deadline) {
  return std::make_unique<SignalSource>(runs, std::move(id), std::move(results), encoding, deadline);
}

}  // namespace breadthflow::signal
