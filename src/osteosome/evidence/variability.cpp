// SPDX-License-Identifier: Apache-2.0
#include "variability.hpp"

#include "osteosome/core/csv.hpp"
#include "osteosome/core/text.hpp"

namespace osteosome::evidence {
namespace {

constexpr const char* kAny = "any";

}  // namespace

Variability::Variability(const std::string& data_root, const model::Outcomes& outcomes) {
  const std::string path = data_root + "/evidence/preclinical/variability.csv";
  std::vector<std::string> names;
  for (const auto& row : core::parse_csv(core::read_file(path), path).rows) {
    cv_[{row[0], row[1], row[2]}] = core::parse_double(row[3]).value();
    if (row[0] == kAny) names.push_back(row[2]);
  }
  core::Diagnostics problems;
  for (const model::Outcome& o : outcomes.all()) {
    if (cv_.contains({kAny, kAny, o.spread})) continue;
    problems.add({"outcome-006", "outcome '" + o.code + "': evidence/preclinical/variability.csv assumes no spread '" + o.spread + "'", o.where,
                  core::did_you_mean(o.spread, names)});
  }
  problems.throw_if_any(core::ErrorKind::Input);
}

std::optional<double> Variability::known(const std::string& species, const std::string& animal_model, const std::string& spread) const {
  const auto found = cv_.find({species, animal_model, spread});
  return found == cv_.end() ? std::nullopt : std::optional(found->second);
}

double Variability::assumed(const std::string& spread) const { return cv_.at({kAny, kAny, spread}); }

}  // namespace osteosome::evidence
