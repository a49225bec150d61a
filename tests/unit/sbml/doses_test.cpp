// SPDX-License-Identifier: Apache-2.0
// Doses of an event table into species of an SBML file: AMT is an amount of substance, whatever the species' symbol stands for.
#include <gtest/gtest.h>

#include <cmath>

#include "sbml_text.hpp"

namespace osteosome::support {
namespace {

using simulate::EngineChoice;

/// S starts at 0 in a compartment of 4 that is constant, assigned 4 + 2t, or grows by 2; it decays as an amount at 0.1.
std::string vessel(const std::string& volume, bool only_substance) {
  const bool constant = volume == "constant";
  std::string rules;
  if (volume == "assigned")
    rules = "<assignmentRule variable=\"c\">" + math(op("plus", cn(4) + op("times", cn(2) + kTimeSymbol))) + "</assignmentRule>";
  if (volume == "rate") rules = "<rateRule variable=\"c\">" + math(cn(2)) + "</rateRule>";
  const std::string amount = only_substance ? ci("S") : op("times", ci("S") + ci("c"));
  return sbml("<listOfCompartments><compartment id=\"c\" size=\"4\" spatialDimensions=\"3\" constant=\"" + std::string(constant ? "true" : "false") +
              "\"/></listOfCompartments><listOfSpecies><species id=\"S\" compartment=\"c\" initialAmount=\"0\" hasOnlySubstanceUnits=\"" +
              (only_substance ? "true" : "false") + "\" boundaryCondition=\"false\" constant=\"false\"/></listOfSpecies>" +
              (rules.empty() ? "" : "<listOfRules>" + rules + "</listOfRules>") +
              "<listOfReactions><reaction id=\"out\" reversible=\"false\"><listOfReactants><speciesReference species=\"S\" stoichiometry=\"1\" "
              "constant=\"true\"/></listOfReactants><kineticLaw>" +
              math(op("times", cn(0.1) + amount)) + "</kineticLaw></reaction></listOfReactions>");
}

TEST(SbmlDoses, Are_amounts_into_every_kind_of_species) {
  for (const std::string volume : {"constant", "assigned", "rate"}) {
    for (const bool only_substance : {true, false}) {
      for (const EngineChoice engine : {EngineChoice::Lanes, EngineChoice::Reference}) {
        simulate::SolverSettings settings;
        settings.engine = engine;
        settings.relative_tolerance = 1e-9;
        settings.lanes.tape_only = true;
        const simulate::CompiledModel model(import(vessel(volume, only_substance)).model, settings);
        const auto& program = model.program();
        const auto table =
            protocol::parse_event_table("ID,TIME,AMT,CMT,EVID,RATE\n1,0,0,S,2,0\n1,1,60,S,1,0\n1,2,30,S,1,10\n1,2,0,S,0,0\n1,6,0,S,0,0\n", "t.csv",
                                        "s", program.parameters, program.states, units());
        std::vector<std::string> warnings;
        const auto episodes = simulate::plan_event_table(table, model, units(), program.parameter_values, {}, warnings);
        simulate::ObservableReader reader(program, {"S"});
        std::vector<double> x;
        model.run(
            1, [&](std::size_t) { return episodes.at(0).plan; },
            [&](std::size_t, const solve::SubjectPlan& p, solve::SubjectResult&& r) { x = reader.read(p, r); });
        SCOPED_TRACE(volume + (only_substance ? " amount" : " concentration"));
        const auto size = [&](double t) { return only_substance ? 1 : volume == "constant" ? 4 : 4 + 2 * t; };
        ASSERT_EQ(x.size(), 2u);
        EXPECT_NEAR(x[0], 60 * std::exp(-0.1) / size(2), 1e-5);  // 2e-7 of 60
        EXPECT_NEAR(x[1], (60 * std::exp(-0.5) + 10 / 0.1 * (std::exp(-0.1) - std::exp(-0.4))) / size(6), 1e-5);
      }
    }
  }
}

}  // namespace
}  // namespace osteosome::support
