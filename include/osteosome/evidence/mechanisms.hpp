// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "osteosome/evidence/preclinical.hpp"

namespace osteosome::evidence {

/// A cargo's reported effect on one readout, and what a culture shows with vesicles and without the cargo's pathway.
struct MechanismGrade {
  const AnimalRow* row = nullptr;
  std::string readout;  ///< output code of the culture model
  int reported = 0;     ///< +1 up, -1 down
  double with_cargo = 0, without = 0;  ///< change of the readout against no vesicles [percent]
  [[nodiscard]] bool sign_right() const { return with_cargo * reported > 0; }
  [[nodiscard]] bool falls() const { return without * reported < with_cargo * reported; }
};

struct Mechanisms {
  std::vector<MechanismGrade> grades;
  std::vector<AnimalLeftOut> left_out;
};

/// Every row of the mechanisms table in a culture under vesicles, 10 ug/mL daily for a week: the reported effect, and the same with the
/// constants of the row's pathway at 0 (vocabulary.toml).
[[nodiscard]] Mechanisms grade_mechanisms(const std::vector<AnimalRow>& rows, const std::string& data_root, const core::UnitSystem& units,
                                          const simulate::SolverSettings& settings, const std::vector<std::string>& overlays = {});

}  // namespace osteosome::evidence
