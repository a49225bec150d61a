// SPDX-License-Identifier: Apache-2.0
// Every drug in repeated doses, on every model and species that takes it: lanes, which pass over periods and weigh what is not looked at
// (docs/decisions/0035-trains-of-doses.md), beside the reference engine, which does neither.
#include <gtest/gtest.h>

#include "cohort_scenarios.hpp"
#include "solve_support.hpp"

namespace osteosome::support {
namespace {

struct Case {
  std::string model, species, regimen, until, every;
};
void PrintTo(const Case& c, std::ostream* out) { *out << c.model << " " << c.species << " " << c.regimen; }

const Case kCases[] = {
    {"osteosome", "", "alendronate 70 mg po weekly for 24 months", "24 months", "1 month"},
    {"osteosome", "", "risedronate 35 mg po weekly for 12 months then none", "15 months", "1 month"},
    {"osteosome", "", "ibandronate 150 mg po monthly for 36 months", "36 months", "1 month"},
    {"osteosome", "", "zoledronate 5 mg iv over 15 min every 2 months for 40 months", "40 months", "1 month"},
    {"osteosome", "", "denosumab 60 mg sc monthly for 24 months", "24 months", "0.7 months"},
    {"osteosome", "", "romosozumab 210 mg sc monthly for 20 months then alendronate 70 mg po weekly for 6 months", "26 months", "1 month"},
    {"osteosome", "", "teriparatide 20 ug sc daily for 4 months then none", "5 months", "10 d"},
    {"osteosome", "", "abaloparatide 80 ug sc daily for 3 months", "3 months", "9.3 d"},
    {"osteosome", "", "teriparatide 20 ug sc daily for 3 months & alendronate 70 mg po weekly for 3 months", "3 months", "1 month"},
    {"osteosome", "", "estradiol 2 mg po every 2 d for 2 months", "2 months", "11 d"},
    {"osteosome", "", "raloxifene 60 mg po every 2 d for 2 months", "2 months", "11 d"},
    {"osteosome", "", "prednisolone 10 mg po every 2 d for 2 months", "2 months", "11 d"},
    {"osteosome", "", "exosomes:bmsc 100 ug iv weekly for 6 months", "6 months", "1 month"},
    {"osteosome", "rat", "exosomes:bmsc 100 ug iv every 3 d for 12 weeks", "12 weeks", "2 weeks"},
    {"osteosome", "rat", "msc:bmsc 1e6 cells iv weekly for 16 weeks", "16 weeks", "2 weeks"},
    {"osteosome", "rat", "teriparatide 30 ug/kg sc daily for 12 weeks", "12 weeks", "2 weeks"},
    {"osteosome", "rat", "opg-fc 10 mg/kg sc every 3 d for 8 weeks", "8 weeks", "1 week"},
    {"osteosome", "mouse", "testosterone 1 mg im every 3 d for 8 weeks", "8 weeks", "1 week"},
    {"osteosome", "mouse", "zoledronate 0.1 mg/kg iv weekly for 16 weeks", "16 weeks", "2 weeks"},
    {"peterson-riggs-2010", "", "teriparatide 20 ug sc daily for 6 months", "6 months", "17 d"},
    {"peterson-riggs-2010", "", "denosumab 60 mg sc monthly for 18 months", "18 months", "1 month"},
    {"joerg-2022", "", "alendronate 70 mg po weekly for 24 months", "24 months", "1 month"},
    {"joerg-2022", "", "teriparatide 20 ug sc daily for 6 months then denosumab 60 mg sc monthly for 18 months", "30 months", "1 month"},
};

class TrainsOfDrugs : public testing::TestWithParam<Case> {};

TEST_P(TrainsOfDrugs, Agree_with_the_reference) {
  const Case& c = GetParam();
  const std::string species = c.species.empty() ? "" : "species = \"" + c.species + "\"\n";
  const std::string age = c.species.empty() ? "66 years" : "25 weeks";
  const auto scenario =
      cohort::read_scenario("[scenario]\ntitle = \"t\"\nuntil = \"" + c.until + "\"\nevery = \"" + c.every + "\"\n[patient]\nage = \"" + age +
                                "\"\n[models." + c.model + "]\n" + species + "[arms.a]\nregimen = \"" + c.regimen + "\"\n",
                            "test.toml", library(), units());
  const auto values = [&](simulate::EngineChoice engine, double rtol) {
    simulate::SolverSettings settings;
    settings.engine = engine;
    settings.relative_tolerance = rtol;
    const auto models = cohort::compile_models(scenario, settings, library(), units());
    auto arm = cohort::run_scenario(scenario, models, units(), {}, {}).arms.at(0);
    EXPECT_EQ(arm.status.at(0), solve::Status::Completed) << arm.message.at(0);
    return arm;
  };
  const auto reference = values(simulate::EngineChoice::Reference, 1e-9), found = values(simulate::EngineChoice::Lanes, 1e-6);
  ASSERT_EQ(found.values.at(0).size(), reference.values.at(0).size());
  EXPECT_LE(achieved_error(found.values[0], reference.values[0], reference.outputs.size()), 5e-6);
}

INSTANTIATE_TEST_SUITE_P(All, TrainsOfDrugs, testing::ValuesIn(kCases));

}  // namespace
}  // namespace osteosome::support
