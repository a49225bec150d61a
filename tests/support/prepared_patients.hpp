// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cmath>
#include <vector>

#include "osteosome/simulate/patient.hpp"

namespace osteosome::support {

/// Each patient in the model's terms, with her own `parameters` besides, and her densities met.
inline std::vector<simulate::PatientStart> prepare_patients(const simulate::CompiledModel& model, const std::vector<simulate::Patient>& patients,
                                                            const std::vector<std::vector<double>>& parameters) {
  std::vector<simulate::PatientStart> starts, met;
  std::vector<simulate::Patient> known;
  for (std::size_t k = 0; k < patients.size(); ++k) {
    starts.push_back(simulate::begin_patient(model, patients[k], parameters[k]));
    if (patients[k].t_scores.empty() || model.model().patient.densities.empty()) continue;
    known.push_back(patients[k]);
    met.push_back(starts.back());
  }
  simulate::meet_densities(model, known, std::vector(known.size(), std::vector(model.program().states.size(), std::nan(""))), met);
  for (std::size_t k = 0, next = 0; k < patients.size() && next < met.size(); ++k) {
    if (!patients[k].t_scores.empty()) starts[k] = met[next++];
  }
  return starts;
}

}  // namespace osteosome::support
