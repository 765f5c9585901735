#include "services/data/app/stored_splits.h"

#include <vector>

#include "common/base/status.h"
#include "services/data/app/reader_heads.h"
#include "services/data/domain/action_choice.h"

namespace breadthflow::data {

absl::StatusOr<std::optional<quant::Series>> StoredSplits(SeriesStore& store, const quant::Series& prices,
                                                          absl::Time deadline) {
  if (prices.basis != quant::PriceBasis::kRaw) return std::nullopt;
  columnar::SeriesFilter filter{
      .resource = "split", .symbols = {prices.key.symbol}, .timeframe = quant::Timeframe::kTick, .deadline = deadline};
  BF_ASSIGN_OR_RETURN(const std::vector<columnar::SeriesHead> heads,
                      store.chunks().List(filter, absl::InfiniteFuture()));
  Heads counted;
  for (const columnar::SeriesHead& head : heads) {
    if (head.rows > 0 && MayCount(head.key.variant, prices.key.variant)) counted.push_back(&head);
  }
  if (counted.empty()) return std::nullopt;
  Order(counted, prices.key.variant);
  return store.Read(Whole(*counted.front()), {}, deadline);
}

}  // namespace breadthflow::data
