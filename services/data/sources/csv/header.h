#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "services/data/domain/price_basis.h"
#include "services/data/domain/resource.h"
#include "services/data/sources/csv/layout.h"
#include "services/data/sources/csv/read.h"
#include "services/data/sources/csv/text.h"

namespace breadthflow::data::csv {

// What the first line of a file says of the others.
struct Header {
  Layout layout;
  std::map<std::string, size_t> cells;  // name -> cell; names are Normal(), but of layouts `as_written` as they stand
  BasisColumns prices;                  // what tells how prices were adjusted
};

// The header of a file by the parameters, else by what the line says. `line` is the text of `first`. A file without
// header has that of its layout. nullopt, with complaints, when it is of no layout or does not keep to it.
std::optional<Header> ReadHeader(const Row& first, std::string_view line, const Resource& resource,
                                 const ReadOptions& options, const std::function<void(std::string_view)>& complain);

}  // namespace breadthflow::data::csv
