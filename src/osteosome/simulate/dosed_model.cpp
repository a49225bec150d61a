// SPDX-License-Identifier: Apache-2.0
#include "osteosome/simulate/dosed_model.hpp"

#include <map>
#include <set>

#include "osteosome/core/text.hpp"

namespace osteosome::simulate {
namespace {

using expr::Ast;
using solve::Stop;
using solve::StopKind;

class Doser {
 public:
  Doser(const CompiledModel& compiled, const solve::SubjectPlan& plan) : program_(compiled.program()), model_(compiled.model()), plan_(plan) {}

  model::Model run() {
    for (std::size_t k = 0; k < plan_.parameters.size(); ++k) {
      for (model::Parameter& p : model_.parameters) {
        if (p.id == program_.parameters[k] && p.value != plan_.parameters[k]) {
          p.value = plan_.parameters[k];
          p.provenance = {"set for the subject", "assumed", "the value of the simulated subject"};
        }
      }
    }
    std::map<std::string, double> rates;
    for (std::size_t i = 0; i < plan_.stops.size();) {
      model::Event event;
      event.id = "dose_at_" + std::to_string(++events_);
      event.trigger = Ast::call(">=", {Ast::symbol(std::string(expr::kTime)), Ast::number(plan_.stops[i].time)});
      event.initial_value = false;  // so that a dose at time 0 is given
      event.units_done = true;
      std::map<std::string, Ast> values;
      const double time = plan_.stops[i].time;
      for (; i < plan_.stops.size() && plan_.stops[i].time == time; ++i) apply(plan_.stops[i], values, rates);
      for (auto& [target, value] : values) event.assignments.push_back({target, std::move(value)});
      model_.events.push_back(std::move(event));
    }
    return std::move(model_);
  }

 private:
  void apply(const Stop& stop, std::map<std::string, Ast>& values, std::map<std::string, double>& rates) {
    if (stop.kind == StopKind::SetParameter) {
      values[program_.parameters[stop.index]] = Ast::number(stop.value);
      return;
    }
    const std::string& state = program_.states[stop.index];
    if (model_.find_species(state) == nullptr) {
      throw core::Error(core::ErrorKind::Unsupported, {"convert-001", "a dose into '" + state + "', which is no species, cannot be written", {}, ""});
    }
    const Ast before = values.contains(state) ? values[state] : Ast::symbol(state);
    switch (stop.kind) {
      case StopKind::Add: values[state] = Ast::call("+", {before, symbol_value(state, stop.value)}); break;
      case StopKind::Replace: values[state] = symbol_value(state, stop.value); break;
      case StopKind::Multiply: values[state] = Ast::call("*", {before, Ast::number(stop.value)}); break;
      case StopKind::ChangeRate: {
        const double rate = rates[state] += stop.value;
        values[input_rate(state)] = rate == 0 ? Ast::number(0) : number(state, rate, "rate", rate_unit(state));
        break;
      }
      default: throw core::Error(core::ErrorKind::Unsupported, {"convert-001", "this course cannot be written as events", {}, ""});
    }
  }

  /// The compartment whose size changes, where the state is an amount and its symbol a concentration; else null.
  [[nodiscard]] const model::Compartment* changing_volume(const std::string& state) const {
    const model::Species& s = *model_.find_species(state);
    const model::Compartment* c = s.substance_only ? nullptr : model_.find_compartment(s.compartment);
    return c != nullptr && !c->constant ? c : nullptr;
  }
  /// Of the state, which may be an amount while its symbol is a concentration.
  [[nodiscard]] model::UnitText unit_of(const std::string& state) const {
    model::UnitText unit = model_.find_species(state)->unit;
    const model::Compartment* c = changing_volume(state);
    if (c == nullptr) return unit;
    return {"(" + unit.text + ")*(" + c->unit.text + ")", unit.unit * c->unit.unit, unit.known && c->unit.known};
  }
  [[nodiscard]] model::UnitText rate_unit(const std::string& state) const {
    const model::UnitText unit = unit_of(state);
    return {unit.text + "/" + model_.time.text, unit.unit / model_.time.unit, unit.known && model_.time.known};
  }

  /// A value of the state as one of its symbol.
  Ast symbol_value(const std::string& state, double value) {
    const Ast given = number(state, value, "dose", unit_of(state));
    const model::Compartment* c = changing_volume(state);
    return c != nullptr ? Ast::call("/", {given, Ast::symbol(c->id)}) : given;
  }

  /// A parameter that holds the number, so that it has a unit; the same for the same number.
  Ast number(const std::string& state, double value, const char* what, const model::UnitText& unit) {
    const auto [it, fresh] =
        amounts_.try_emplace({state + what, value}, std::string(what) + "_" + std::to_string(amounts_.size() + 1) + "_of_" + state);
    if (fresh) add_parameter(it->second, value, unit);
    return Ast::symbol(it->second);
  }

  /// The parameter that adds to the state's rate; an infusion sets it.
  std::string input_rate(const std::string& state) {
    const std::string id = "input_rate_of_" + state;
    if (!inputs_.insert(state).second) return id;
    add_parameter(id, 0, rate_unit(state));
    const model::Compartment* changing = changing_volume(state);
    for (model::Species& s : model_.species) {
      if (s.id != state) continue;
      if (s.rate) {
        s.rate = Ast::call("+", {*s.rate, changing != nullptr ? Ast::call("/", {Ast::symbol(id), Ast::symbol(changing->id)}) : Ast::symbol(id)});
        continue;
      }
      model::Reaction input;
      input.id = "input_of_" + state;
      input.products = {{state, Ast::number(1)}};
      const bool amount = s.compartment.empty() || s.substance_only || changing != nullptr;
      input.rate = amount ? Ast::symbol(id) : Ast::call("*", {Ast::symbol(id), Ast::symbol(s.compartment)});
      input.units_done = true;
      model_.reactions.push_back(std::move(input));
    }
    return id;
  }

  void add_parameter(const std::string& id, double value, const model::UnitText& unit) {
    model::Parameter p;
    p.id = id;
    p.value = value;
    p.unit = unit;
    p.provenance = {"regimen", "converted", ""};
    model_.parameters.push_back(std::move(p));
  }

  const compile::Program& program_;
  model::Model model_;
  const solve::SubjectPlan& plan_;
  std::map<std::pair<std::string, double>, std::string> amounts_;
  std::set<std::string> inputs_;
  int events_ = 0;
};

}  // namespace

model::Model dosed_model(const CompiledModel& model, const solve::SubjectPlan& plan) { return Doser(model, plan).run(); }

}  // namespace osteosome::simulate
