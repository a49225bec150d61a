// SPDX-License-Identifier: Apache-2.0
#include "osteosome/model/model.hpp"

#include <algorithm>
#include <cmath>

#include "osteosome/core/text.hpp"
#include "osteosome/model/value_check.hpp"

namespace osteosome::model {
namespace {

template <class T>
const T* find_by_id(const std::vector<T>& items, const std::string& id) {
  const auto it = std::find_if(items.begin(), items.end(), [&](const T& item) { return item.id == id; });
  return it == items.end() ? nullptr : &*it;
}

}  // namespace

const Parameter* Model::find_parameter(const std::string& name) const& { return find_by_id(parameters, name); }
const Compartment* Model::find_compartment(const std::string& name) const& { return find_by_id(compartments, name); }
const Species* Model::find_species(const std::string& name) const& { return find_by_id(species, name); }

const DoseEntry* Model::find_dose(const std::string& drug) const& {
  const auto it = std::find_if(doses.begin(), doses.end(), [&](const DoseEntry& d) { return d.drug == drug; });
  return it == doses.end() ? nullptr : &*it;
}

const DoseEntry* Model::find_dose(const std::string& drug, const std::string& route) const& {
  const DoseEntry* any = nullptr;
  for (const DoseEntry& d : doses) {
    if (d.drug == drug && d.route == route) return &d;
    if (d.drug == drug && d.route.empty()) any = &d;
  }
  return any;
}

const DoseEntry* Model::find_dose(const std::string& drug, const std::string& route, const core::Unit& given) const& {
  const DoseEntry* first = find_dose(drug, route);
  for (const DoseEntry& d : doses) {
    if (first == nullptr || d.drug != drug || d.route != first->route) continue;
    const Species* into = find_species(d.into);
    if ((d.unit && given.same_dimension(d.unit->unit)) || (into != nullptr && given.same_dimension(into->unit.unit))) return &d;
  }
  return first;
}

std::vector<std::string> Model::symbols() const {
  std::vector<std::string> names;
  for (const auto& item : parameters) names.push_back(item.id);
  for (const auto& item : compartments) names.push_back(item.id);
  for (const auto& item : species) names.push_back(item.id);
  for (const auto& item : rules) {
    if (item.kind == Rule::Kind::Assignment) names.push_back(item.id);
  }
  for (const auto& item : reactions) names.push_back(item.id);
  return names;
}

void set_value(Parameter& p, double value, const std::string& by, const core::Location& where, core::Diagnostics& problems) {
  if (const auto problem = problem_of_value(p, value, where)) return problems.add(*problem);
  const std::string before = std::isfinite(p.value) ? core::format_double(p.value) : "no value";
  p.value = value;
  p.provenance = {"set by " + by, "assumed", "overrides " + before + " of the document"};
  if (p.prior) p.prior->mean = value;  // as uncertain as before, about the new value
}

}  // namespace osteosome::model
