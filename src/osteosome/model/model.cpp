// SPDX-License-Identifier: Apache-2.0
#include "osteosome/model/model.hpp"

#include <algorithm>

namespace osteosome::model {
namespace {

template <class T>
const T* find_by_id(const std::vector<T>& items, const std::string& id) {
  const auto it = std::find_if(items.begin(), items.end(), [&](const T& item) { return item.id == id; });
  return it == items.end() ? nullptr : &*it;
}

}  // namespace

const Parameter* Model::find_parameter(const std::string& name) const { return find_by_id(parameters, name); }
const Species* Model::find_species(const std::string& name) const { return find_by_id(species, name); }

const DoseEntry* Model::find_dose(const std::string& drug) const {
  const auto it = std::find_if(doses.begin(), doses.end(), [&](const DoseEntry& d) { return d.drug == drug; });
  return it == doses.end() ? nullptr : &*it;
}

const DoseEntry* Model::find_dose(const std::string& drug, const std::string& route) const {
  const DoseEntry* any = nullptr;
  for (const DoseEntry& d : doses) {
    if (d.drug == drug && d.route == route) return &d;
    if (d.drug == drug && d.route.empty()) any = &d;
  }
  return any;
}

std::vector<std::string> Model::symbols() const {
  std::vector<std::string> names;
  for (const auto& item : parameters) names.push_back(item.id);
  for (const auto& item : compartments) names.push_back(item.id);
  for (const auto& item : species) names.push_back(item.id);
  for (const auto& item : rules) names.push_back(item.id);
  for (const auto& item : reactions) names.push_back(item.id);
  return names;
}

}  // namespace osteosome::model
