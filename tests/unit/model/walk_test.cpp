// SPDX-License-Identifier: Apache-2.0
// A model in which one name stands wherever a name can stand: renaming reaches every place.
#include <gtest/gtest.h>

#include "osteosome/model/document.hpp"

namespace osteosome::model {
namespace {

const std::string kOld = "used.x", kNew = "x";

/// Counts the places that hold `name`, field by field.
struct Counter {
  std::string name;
  int found = 0, places = 0;

  void operator()(const std::string& id) { ++places, found += id == name ? 1 : 0; }
  void operator()(const expr::Ast& ast) { (*this)(ast.name); }
  void operator()(const std::optional<expr::Ast>& ast) { (*this)(ast.value()); }
};

template <class M, class F>
void every_place(M& m, F&& f) {
  auto& c = m.compartments[0];
  f(m.parameters[0].id), f(c.id), f(c.rate), f(c.assigned), f(m.functions[0].id);
  auto& s = m.species[0];
  f(s.id), f(s.compartment), f(s.conversion_factor), f(s.initial), f(s.rate), f(s.assigned), f(s.typical);
  f(s.bioavailability), f(s.lag), f(s.infusion_rate), f(s.infusion_duration);
  auto& r = m.reactions[0];
  f(r.id), f(r.rate), f(r.reactants[0].species), f(r.reactants[0].stoichiometry), f(r.products[0].species), f(r.products[0].stoichiometry);
  f(m.rules[0].id), f(m.rules[0].formula), f(m.initial_assignments[0].symbol), f(m.initial_assignments[0].formula), f(m.constraints[0].condition);
  auto& e = m.events[0];
  f(e.id), f(e.trigger), f(e.delay), f(e.priority), f(e.assignments[0].target), f(e.assignments[0].formula);
  auto& d = m.doses[0];
  f(d.id), f(d.into), f(d.molar_mass), f(d.factor), f(m.outputs[0].id), f(m.outputs[0].formula), f(m.age_at_zero);
  auto& p = m.patient;
  f(p.age_at_menopause), f(p.surgical), f(p.turnover), f(p.supplement), f(p.body_mass), f(p.unloaded), f(p.densities[0].scale);
  f(p.densities[0].t_score);
}

struct Fill {
  void operator()(std::string& id) const { id = kOld; }
  void operator()(expr::Ast& ast) const { ast = expr::Ast::symbol(kOld); }
  void operator()(std::optional<expr::Ast>& ast) const { ast = expr::Ast::symbol(kOld); }
};

Model filled() {
  Model m;
  m.parameters.resize(1), m.compartments.resize(1), m.functions.resize(1), m.species.resize(1), m.reactions.resize(1), m.rules.resize(1);
  m.reactions[0].reactants.resize(1), m.reactions[0].products.resize(1);
  m.initial_assignments.resize(1), m.constraints.resize(1), m.events.resize(1), m.doses.resize(1), m.outputs.resize(1);
  m.events[0].assignments.resize(1), m.patient.densities.resize(1);
  every_place(m, Fill());
  return m;
}

TEST(RenameSymbols, everyPlace_isReached) {
  Model m = filled();
  rename_symbols(m, {{kOld, kNew}});
  Counter after{kNew};
  every_place(m, after);
  EXPECT_EQ(after.places, 48);
  EXPECT_EQ(after.found, after.places);
}

TEST(RenameSymbols, argumentsOfAFunction_hideWhatHasTheirNames) {
  Model m = filled();
  m.functions[0].body = expr::Ast::call(kOld, {expr::Ast::symbol(kOld)});
  rename_symbols(m, {{kOld, kNew}});
  EXPECT_EQ(expr::to_text(m.functions[0].body), kNew + "(" + kOld + ")");
}

TEST(PlainNames, everyDeclaredName_losesItsDot) { EXPECT_EQ(plain_names(filled()), (std::map<std::string, std::string>{{kOld, "used__x"}})); }

}  // namespace
}  // namespace osteosome::model
