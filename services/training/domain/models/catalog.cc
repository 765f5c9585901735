#include "services/training/domain/models/catalog.h"

namespace breadthflow::training {

#define MODEL(Name) ModelEntry Name();
#include "services/training/domain/models/catalog.inc"
#undef MODEL

const component::Catalog<ModelEntry>& Models() {
  static const auto* const catalog = new component::Catalog<ModelEntry>({
#define MODEL(Name) Name(),
#include "services/training/domain/models/catalog.inc"
#undef MODEL
  });
  return *catalog;
}

}  // namespace breadthflow::training
