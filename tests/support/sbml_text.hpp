// SPDX-License-Identifier: Apache-2.0
// SBML written in a test: the body of a Level 3 Version 2 model, read and simulated.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "errors.hpp"
#include "osteosome/sbml/import.hpp"
#include "osteosome/simulate/compiled_model.hpp"
#include "osteosome/simulate/dosing.hpp"

namespace osteosome::support {

inline std::string sbml(const std::string& body, const std::string& model_attributes = "") {
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<sbml xmlns=\"http://www.sbml.org/sbml/level3/version2/core\" level=\"3\" "
         "version=\"2\">\n<model id=\"m\" " +
         model_attributes + ">\n" + body + "\n</model>\n</sbml>\n";
}

inline std::string math(const std::string& content) { return "<math xmlns=\"http://www.w3.org/1998/Math/MathML\">" + content + "</math>"; }
inline std::string ci(const std::string& name) { return "<ci>" + name + "</ci>"; }
inline std::string cn(double value) { return "<cn>" + std::to_string(value) + "</cn>"; }
inline std::string op(const std::string& name, const std::string& arguments) { return "<apply><" + name + "/>" + arguments + "</apply>"; }
inline const std::string kTimeSymbol = "<csymbol encoding=\"text\" definitionURL=\"http://www.sbml.org/sbml/symbols/time\">time</csymbol>";

inline std::string parameter(const std::string& id, double value, bool constant = true) {
  return "<parameter id=\"" + id + "\" value=\"" + std::to_string(value) + "\" constant=\"" + (constant ? "true" : "false") + "\"/>";
}

inline std::string event(const std::string& id, const std::string& trigger, const std::map<std::string, std::string>& assign,
                         const std::string& more = "", const std::string& trigger_attributes = "initialValue=\"true\" persistent=\"true\"",
                         const std::string& attributes = "useValuesFromTriggerTime=\"true\"") {
  std::string text = "<event id=\"" + id + "\" " + attributes + "><trigger " + trigger_attributes + ">" + math(trigger) + "</trigger>" + more +
                     "<listOfEventAssignments>";
  for (const auto& [variable, value] : assign) text += "<eventAssignment variable=\"" + variable + "\">" + math(value) + "</eventAssignment>";
  return text + "</listOfEventAssignments></event>";
}

inline sbml::Imported import(const std::string& text) { return sbml::parse_sbml(text, "test.xml", units()); }

/// Values [time][name] of an imported model on one engine.
inline std::vector<std::vector<double>> trajectory(const model::Model& model, const std::vector<std::string>& names, const std::vector<double>& times,
                                                   simulate::EngineChoice engine, double rtol = 1e-9, std::uint64_t seed = 1,
                                                   std::vector<std::string>* remarks = nullptr) {
  simulate::SolverSettings settings;
  settings.engine = engine;
  settings.relative_tolerance = rtol;
  settings.lanes.tape_only = true;
  const simulate::CompiledModel compiled(model, settings);
  simulate::ObservableReader reader(compiled.program(), names);
  solve::SubjectPlan plan;
  plan.parameters = compiled.program().parameter_values;
  plan.seed = seed;
  simulate::DoseTranslator::add_outputs(times, simulate::AtDose::Post, plan);
  std::vector<std::vector<double>> table;
  compiled.run(
      1, [&](std::size_t) { return plan; },
      [&](std::size_t, const solve::SubjectPlan& p, solve::SubjectResult&& r) {
        EXPECT_EQ(r.status, solve::Status::Completed) << r.message;
        if (remarks != nullptr) *remarks = r.remarks;
        const auto values = reader.read(p, r);
        for (std::size_t k = 0; k < times.size(); ++k) {
          table.emplace_back(values.begin() + static_cast<std::ptrdiff_t>(k * names.size()),
                             values.begin() + static_cast<std::ptrdiff_t>((k + 1) * names.size()));
        }
      });
  return table;
}

}  // namespace osteosome::support
