#include "services/registry/module.h"

#include "common/postgres/migrate.h"

namespace breadthflow::registry {

RegistryModule::RegistryModule(const Config&, const process::ModuleContext& context)
    : database_(context.database),
      store_(context.database),
      components_(store_),
      service_(components_, context.guard, context.page_tokens) {}

absl::Status RegistryModule::Start(const base::CancelToken& cancel) {
  return postgres::Migrate(database_, Migrations(), {.cancel = cancel});
}

}  // namespace breadthflow::registry
