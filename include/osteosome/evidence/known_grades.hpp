// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace osteosome::evidence {

/// How well the model as shipped does on published studies of one kind (evidence/grades.csv, written by tools/grade_table.py).
struct KnownGrade {
  std::string domain;   ///< clinical, or the species of animals
  std::string drugs;    ///< in alphabetic order, "denosumab + teriparatide", or "none"
  std::string outcome;  ///< its code
  std::string role;     ///< calibration: the rows were fitted; else they were not
  std::size_t studies = 0, rows = 0;
  double rmse = 0, bias = 0;  ///< percentage points, of markers ln of the ratio; NaN for animals
  std::size_t right = 0;      ///< directions right, for animals
  std::size_t sizes = 0, sizes_right = 0;  ///< rows of animals whose size has an interval, and those within it
};

/// The grades of a data folder; none where it has no such file. @throws Error(Input) for a file that is not of this form.
[[nodiscard]] std::vector<KnownGrade> load_known_grades(const std::string& data_root);

}  // namespace osteosome::evidence
