#include "services/data/sources/csv/table_reader.h"

#include <utility>
#include <vector>

#include "common/base/status.h"
#include "services/data/domain/import.h"
#include "services/data/sources/csv/options.h"
#include "services/data/sources/csv/read.h"
#include "services/data/sources/csv/text.h"

namespace breadthflow::data::csv {
namespace {

class CsvReader final : public TableReader {
 public:
  CsvReader(SourceQuery query, ReadOptions options) : query_(std::move(query)), options_(std::move(options)) {}

  absl::StatusOr<std::vector<SourceData>> Read(const std::string& file, std::string bytes,
                                               const std::string& symbol) const override {
    File one{.name = file, .text = {}};
    BF_ASSIGN_OR_RETURN(one.text, Unpack(std::move(bytes), file));
    SourceQuery query = query_;
    query.symbol = symbol.empty() ? SymbolOfFileName(file) : symbol;
    if (symbol.empty()) return ReadEach(one, query, options_);
    BF_ASSIGN_OR_RETURN(SourceData data, csv::Read({&one, 1}, query, options_));
    std::vector<SourceData> all;
    all.push_back(std::move(data));
    return all;
  }

 private:
  const SourceQuery query_;
  const ReadOptions options_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<TableReader>> MakeReader(const SourceQuery& kind, const component::RawParams& params) {
  BF_ASSIGN_OR_RETURN(const component::Params checked, component::Params::Check(ReadParams(), params));
  BF_ASSIGN_OR_RETURN(ReadOptions options, OptionsOf(checked));
  SourceQuery query{.resource = kind.resource,
                    .timeframe = kind.timeframe,
                    .definition = kind.definition,
                    .timeframe_said = kind.timeframe_said};
  BF_RETURN_IF_ERROR(CheckQuery(query, options));
  return std::make_unique<CsvReader>(std::move(query), std::move(options));
}

}  // namespace breadthflow::data::csv
