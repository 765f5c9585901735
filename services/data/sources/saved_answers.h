#pragma once

#include <memory>

#include "absl/status/statusor.h"

#include "common/component/catalog.h"
#include "services/data/domain/table_reader.h"

namespace breadthflow::data {

// A MakeAnswerReader for the sources of the catalogue that ask a provider. A file is one body (see RawBody; a
// byte-order mark and blanks before it are skipped), without HTTP status and time of receipt, read by TransformData of
// the source for all times; its labels are file:label. Of the parameters that the answer tells itself (told_by_body)
// the default is tried first, then the other choices; those of access (access_params) are refused.
//
// What can not be read is INVALID_ARGUMENT INVALID_ANSWER, with the reason that a fetch would have failed with in
// brackets, and where the answer is of something else, what it has rows of. An answer without rows of the resource has
// none of them, and a note says what it has instead; where nobody named the resource it is refused. So is one that does
// not say its symbol, under a name that is none.
absl::StatusOr<std::unique_ptr<TableReader>> MakeSavedAnswerReader(const component::ComponentRef& source,
                                                                   const SourceQuery& kind);

}  // namespace breadthflow::data
