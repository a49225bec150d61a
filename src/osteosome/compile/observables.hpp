// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "osteosome/compile/program.hpp"
#include "symbols.hpp"

namespace osteosome::compile {

[[nodiscard]] std::vector<EventDefinition> events_of(Symbols& symbols);
[[nodiscard]] std::vector<Constraint> constraints_of(Symbols& symbols);

/// Everything that can be written out, each name once: an output may carry the name of the species that it shows.
[[nodiscard]] std::vector<Observable> observables_of(Symbols& symbols);

}  // namespace osteosome::compile
