// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "osteosome/simulate/compiled_model.hpp"

namespace osteosome::simulate {

/// The model with the parameters of `plan` and its doses as events, one an instant: what another simulator needs to give the same trajectories.
/// Doses are parameters, so that they have units; infusions set a parameter that adds to the rate.
[[nodiscard]] model::Model dosed_model(const CompiledModel& model, const solve::SubjectPlan& plan);

}  // namespace osteosome::simulate
