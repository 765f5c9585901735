#include "services/data/sources/catalog.h"

namespace breadthflow::data {

#define SOURCE(Name) SourceEntry Name();
#include "services/data/sources/catalog.inc"
#undef SOURCE

const component::Catalog<SourceEntry>& Sources() {
  static const auto* catalog = new component::Catalog<SourceEntry>({
#define SOURCE(Name) Name(),
#include "services/data/sources/catalog.inc"
#undef SOURCE
  });
  return *catalog;
}

}  // namespace breadthflow::data
