// SPDX-License-Identifier: Apache-2.0
// Any bytes as regimen text: a regimen whose doses ascend in time, or an Error.
#include "osteosome/protocol/regimen.hpp"

#include <cstdint>
#include <cstdlib>

#include "osteosome/core/diagnostics.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace osteosome;
  static const core::UnitSystem units;
  static const protocol::DrugCatalogue catalogue = protocol::load_catalogue(OSTEOSOME_ROOT, OSTEOSOME_ROOT "/therapies/catalogue.toml");
  try {
    const auto regimen = protocol::parse_regimen({reinterpret_cast<const char*>(data), size}, catalogue, units);
    const auto horizon = static_cast<protocol::Microseconds>(3650 * protocol::kMicrosecondsPerDay);
    protocol::Microseconds last = 0;
    for (const auto& dose : protocol::expand(regimen, horizon)) {
      if (dose.time < last || dose.time >= horizon) std::abort();
      last = dose.time;
    }
  } catch (const core::Error& error) {
    if (error.diagnostics().empty()) std::abort();
  }
  return 0;
}
