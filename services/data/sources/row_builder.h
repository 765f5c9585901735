#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

#include "common/base/status.h"
#include "services/data/domain/source.h"
#include "services/data/sources/provider_body.h"

namespace breadthflow::data {

// Collects the rows of one query from a provider's body, in any order, and everything that is wrong with them. Columns
// come into being when a row first has them; rows without them are missing there. Not thread-safe.
class RowBuilder {
 public:
  // `known_by`: rows of a later time than this are held back and noted (they are not known yet).
  RowBuilder(const SourceQuery& query, quant::PriceBasis basis, absl::Time known_by);

  // Begins a row; Set... speak of it. `label` names it for people.
  void Begin(int64_t time_ns, std::string label);
  size_t size() const { return times_.size(); }

  void Set(std::string_view column, double value);
  void Set(std::string_view column, int64_t value);
  void Set(std::string_view column, std::string value);
  // Of a JSON value or a text: absent, null and the providers' words for "none" leave the column missing; what is no
  // number (day, text) is a violation. Numbers are multiplied by `scale`.
  void SetNumber(std::string_view column, const Json* value, double scale = 1);
  void SetNumber(std::string_view column, std::string_view text, double scale = 1);
  void SetCount(std::string_view column, const Json* value);
  void SetDay(std::string_view column, std::string_view text);
  void SetText(std::string_view column, std::string_view text);

  // Something wrong with the row that was begun last, or with `field`.
  void Complain(std::string_view description);
  void Complain(std::string_view field, std::string_view description);
  // Complains about `label` and returns true when something began over an hour after the body was received.
  bool InFuture(int64_t start_ns, std::string_view label);
  // Something left out; `kind` is counted, the first few `label`s are named.
  void LeaveOut(std::string_view kind, std::string_view label);

  // The rows of the query's range (asked_rows.h), ascending; rows of one instant in the order they came.
  // INVALID_ARGUMENT INVALID_ROWS with every violation, also of rows outside the range: then nothing of the body is
  // used.
  absl::StatusOr<SourceData> Finish(std::string_view provider) &&;

 private:
  struct LeftOut {
    std::string kind;
    size_t count = 0;
    std::string labels;
  };
  template <typename T>
  void Put(std::string_view column, T value);

  SourceQuery query_;
  quant::PriceBasis basis_;
  absl::Time known_by_;
  std::vector<int64_t> times_;
  std::vector<std::string> labels_;
  std::vector<quant::Column> columns_;
  std::vector<LeftOut> left_out_;
  base::Violations violations_;
};

}  // namespace breadthflow::data
