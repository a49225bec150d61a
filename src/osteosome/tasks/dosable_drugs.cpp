// SPDX-License-Identifier: Apache-2.0
#include "dosable_drugs.hpp"

#include <algorithm>

#include "osteosome/core/text.hpp"
#include "osteosome/protocol/event_table.hpp"
#include "osteosome/simulate/dosing.hpp"

namespace osteosome::tasks {

protocol::DrugCatalogue dosable_drugs(const cohort::Workspace& workspace, const cohort::ModelRequest& model, const std::vector<std::string>& doses,
                                      const std::string& data) {
  protocol::DrugCatalogue catalogue = workspace.drugs();
  const auto known = [&](const std::string& name) {
    return std::any_of(catalogue.drugs.begin(), catalogue.drugs.end(), [&](const auto& d) { return core::to_lower(d.name) == core::to_lower(name); });
  };
  bool others = false;
  for (const std::string& text : doses) {
    try {
      (void)protocol::parse_regimen(text, catalogue, workspace.units());
    } catch (const core::Error& error) {
      if (!protocol::names_unknown_drug(error)) throw;
      others = true;
    }
  }
  if (!data.empty()) {
    for (const std::string& name : protocol::drugs_in_table(data)) others = others || !known(name);
  }
  if (others) simulate::add_own_drugs(workspace.load(model), catalogue);
  return catalogue;
}

}  // namespace osteosome::tasks
