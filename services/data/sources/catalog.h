#pragma once

#include "common/component/catalog.h"
#include "services/data/domain/source.h"

namespace breadthflow::data {

const component::Catalog<SourceEntry>& Sources();

}  // namespace breadthflow::data
