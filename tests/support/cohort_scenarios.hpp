// SPDX-License-Identifier: Apache-2.0
// Scenarios written as text in a test, on the one-compartment model.
#pragma once

#include <optional>
#include <stop_token>

#include "osteosome/cohort/scenario.hpp"
#include "simulate_one_compartment.hpp"

namespace osteosome::support {

/// A folder with onecmt.toml, and scenarios in it.
class ScenarioFolder {
 public:
  ScenarioFolder() { (void)folder.write("onecmt.toml", one_compartment_document()); }

  [[nodiscard]] cohort::Scenario read(const std::string& text) const {
    return cohort::read_scenario(text, folder.path("test.toml"), library(), units());
  }
  /// [models.pk] with the one-compartment model, and what `body` adds to the header.
  [[nodiscard]] std::string text(const std::string& body, const std::string& header = "until = \"48 h\"\nevery = \"6 h\"\n") const {
    return "[scenario]\ntitle = \"test\"\n" + header + "[models.pk]\ndocument = \"" + folder.path("onecmt.toml") + "\"\n" + body;
  }

  TemporaryFolder folder;
};

inline cohort::ScenarioResult run(const cohort::Scenario& scenario, const cohort::RunHooks& hooks = {}, unsigned threads = 1,
                                  const std::stop_token& stop = {}, std::vector<simulate::CompiledModel>* models_out = nullptr) {
  simulate::SolverSettings settings;
  settings.relative_tolerance = scenario.relative_tolerance;
  settings.threads = threads;
  auto models = cohort::compile_models(scenario, settings, library(), units());
  auto result = cohort::run_scenario(scenario, models, units(), hooks, stop);
  if (models_out != nullptr) *models_out = std::move(models);
  return result;
}

}  // namespace osteosome::support
