// SPDX-License-Identifier: Apache-2.0
#include "osteosome/evidence/known_grades.hpp"

#include <cmath>
#include <filesystem>

#include "osteosome/core/csv.hpp"
#include "osteosome/core/text.hpp"

namespace osteosome::evidence {

std::vector<KnownGrade> load_known_grades(const std::string& data_root) {
  const std::string path = data_root + "/evidence/grades.csv";
  std::error_code ec;
  if (!std::filesystem::exists(path, ec)) return {};
  const auto csv = core::parse_csv(core::read_file(path), path);
  const std::vector<std::string> columns = {"domain", "drugs", "outcome", "role", "studies", "rows", "rmse", "bias", "right", "sizes", "sizes_right"};
  if (csv.header != columns)
    throw core::Error(core::ErrorKind::Input,
                      {"grades-001", "the columns are not those of grades", {path, 1, 0}, "Write it with tools/grade_table.py."});
  std::vector<KnownGrade> grades;
  for (const auto& row : csv.rows) {
    const auto number = [&](std::size_t c) { return core::parse_double(row[c]).value_or(std::nan("")); };
    const auto count = [&](std::size_t c) -> std::size_t {
      if (row[c].empty()) return 0;
      if (const double n = number(c); n >= 0 && n < 1e9) return static_cast<std::size_t>(n);
      throw core::Error(core::ErrorKind::Input,
                        {"grades-001", "'" + row[c] + "' is no number of rows", {path, 0, 0}, "Write the file with tools/grade_table.py."});
    };
    grades.push_back({row[0], row[1], row[2], row[3], count(4), count(5), number(6), number(7), count(8), count(9), count(10)});
  }
  return grades;
}

}  // namespace osteosome::evidence
