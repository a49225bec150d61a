// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "osteosome/cohort/scenario.hpp"

namespace osteosome::cohort {

/// Writes all arms as one NetCDF-4 file: dimensions subject and time, a variable MODEL.ARM.OUTPUT(subject, time) each, fill value NaN.
/// The file appears under its name only when complete. @throws Error(Io).
void write_netcdf(const std::string& path, const Scenario& scenario, const std::vector<CompiledModel>& models, const ScenarioResult& result);

[[nodiscard]] std::string netcdf_version();

/// Part files of a running population: subjects [first, last) of one arm, keyed by what they were computed from.
class PartStore {
 public:
  /// `key` identifies scenario, models and solver: parts of another key, or with other than `times` looks a subject, are ignored.
  PartStore(std::string folder, std::string key, std::size_t times);
  void write(const ArmResult& arm, std::size_t first, std::size_t last) const;
  [[nodiscard]] bool read(ArmResult& arm, std::size_t first, std::size_t last) const;
  void remove_all() const;

 private:
  [[nodiscard]] std::string name(const ArmResult& arm, std::size_t first) const;
  std::string folder_, key_;
  std::size_t times_;
};

}  // namespace osteosome::cohort
