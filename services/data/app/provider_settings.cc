#include "services/data/app/provider_settings.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "common/base/status.h"

namespace breadthflow::data {
namespace {

using Variable = std::function<std::optional<std::string>(const std::string& variable)>;

std::string Trimmed(std::string text) {
  const char* space = " \t\r\n";
  text.erase(text.find_last_not_of(space) + 1);
  text.erase(0, text.find_first_not_of(space));
  return text;
}

std::vector<ProviderSettings> BuiltIn() {
  return {{.name = "yahoo", .limit = {.per_second = 0.5, .burst = 5}},
          {.name = "alpha_vantage",
           .limit = {.per_second = 4.0 / 60, .burst = 1, .per_day = 25},
           .key_variable = "BREADTHFLOW_ALPHA_VANTAGE_KEY",
           .key_parameter = "apikey"},
          {.name = "polygon", .limit = {.per_second = 4.0 / 60, .burst = 1}, .key_variable = "BREADTHFLOW_POLYGON_KEY"},
          {.name = "sec_edgar", .limit = {.per_second = 8, .burst = 1}}};
}

bool OnThisMachine(const std::string& url) {
  return url.starts_with("http://127.0.0.1:") || url.starts_with("http://localhost:") ||
         url.starts_with("http://[::1]:");
}

void Override(const std::vector<ProviderOverride>& overrides, std::vector<ProviderSettings>& providers,
              base::Violations& violations) {
  for (size_t i = 0; i < overrides.size(); ++i) {
    const ProviderOverride& given = overrides[i];
    const std::string field = fmt::format("data.providers[{}]", i);
    const auto provider = std::find_if(providers.begin(), providers.end(),
                                       [&](const ProviderSettings& one) { return one.name == given.name; });
    if (provider == providers.end()) {
      violations.Add(field + ".name",
                     fmt::format("must be yahoo, alpha_vantage, polygon or sec_edgar, was '{}'", given.name));
      continue;
    }
    if (given.per_second && !(*given.per_second > 0)) violations.Add(field + ".per_second", "must be above 0");
    if (given.burst && *given.burst < 1) violations.Add(field + ".burst", "must be at least 1");
    if (given.per_day && *given.per_day < 0) violations.Add(field + ".per_day", "must be at least 0");
    provider->limit = {.per_second = given.per_second.value_or(provider->limit.per_second),
                       .burst = given.burst.value_or(provider->limit.burst),
                       .per_day = given.per_day.value_or(provider->limit.per_day)};
    if (!given.base_url.empty()) provider->base_url = given.base_url;
    provider->allow_plain_http = given.allow_plain_http;
  }
}

void FindKey(const Variable& variable, ProviderSettings& provider, base::Violations& violations) {
  if (provider.key_variable.empty()) return;
  provider.key = variable(provider.key_variable).value_or("");
  const std::optional<std::string> file = variable(provider.key_variable + "_FILE");
  if (!provider.key.empty() || !file) return;
  std::ifstream stream(*file, std::ios::binary);
  if (!stream) violations.Add(provider.key_variable + "_FILE", fmt::format("can not read {}", *file));
  provider.key = Trimmed({std::istreambuf_iterator<char>(stream), {}});
}

}  // namespace

absl::StatusOr<std::vector<ProviderSettings>> MakeProviders(const std::vector<ProviderOverride>& overrides,
                                                            const Variable& variable) {
  std::vector<ProviderSettings> providers = BuiltIn();
  base::Violations violations;
  Override(overrides, providers, violations);
  for (ProviderSettings& provider : providers) {
    std::string url_variable = "BREADTHFLOW_" + provider.name + "_URL";
    std::transform(url_variable.begin(), url_variable.end(), url_variable.begin(),
                   [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    if (const auto url = variable(url_variable); url && !url->empty()) provider.base_url = *url;
    while (provider.base_url.ends_with('/')) provider.base_url.pop_back();
    provider.allow_plain_http |= OnThisMachine(provider.base_url);
    const bool plain = provider.allow_plain_http && provider.base_url.starts_with("http://");
    if (!provider.base_url.empty() && !provider.base_url.starts_with("https://") && !plain) {
      violations.Add(url_variable,
                     fmt::format("the address of {} must be https://, was {}", provider.name, provider.base_url));
    }
    FindKey(variable, provider, violations);
  }
  BF_RETURN_IF_ERROR(violations.ToStatus("providers can not be asked like this"));
  return providers;
}

}  // namespace breadthflow::data
