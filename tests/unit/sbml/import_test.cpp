// SPDX-License-Identifier: Apache-2.0
// Reading SBML: names, units, and one clear message for what cannot be read.
#include <gtest/gtest.h>

#include <chrono>

#include "osteosome/compile/program.hpp"
#include "sbml_text.hpp"

namespace osteosome::support {
namespace {

core::Diagnostic problem(const std::string& text) {
  return error_of([&] { (void)import(text); }).diagnostics().front();
}

const std::string kOneParameter = "<listOfParameters>" + parameter("p", 1) + "</listOfParameters>";

std::string level2(const std::string& body) {
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<sbml xmlns=\"http://www.sbml.org/sbml/level2\" level=\"2\" version=\"1\"><model id=\"m\">\n"
         "<listOfUnitDefinitions><unitDefinition id=\"minute\"><listOfUnits><unit kind=\"second\" multiplier=\"60\"/></listOfUnits></unitDefinition>"
         "</listOfUnitDefinitions><listOfCompartments><compartment id=\"c\" size=\"1\"/></listOfCompartments>"
         "<listOfSpecies><species id=\"A\" compartment=\"c\" initialAmount=\"1\"/></listOfSpecies>\n" +
         body + "</model></sbml>\n";
}

std::string level2_source(const std::string& stoichiometry, const std::string& law_attributes) {
  return level2("<listOfReactions><reaction id=\"J\" reversible=\"false\"><listOfProducts><speciesReference species=\"A\">" + stoichiometry +
                "</speciesReference></listOfProducts>\n<kineticLaw" + law_attributes + ">" + math(cn(1)) +
                "</kineticLaw></reaction></listOfReactions>");
}

// libSBML keeps a rational stoichiometry of Level 2 as numerator and denominator: dA/dt = 1/2.
TEST(SbmlImport, RationalStoichiometryOfLevel2_isTheQuotient) {
  const auto model = import(level2_source("<stoichiometryMath>" + math("<cn type=\"rational\">1<sep/>2</cn>") + "</stoichiometryMath>", "")).model;
  const auto table = trajectory(model, {"A"}, {0, 4}, simulate::EngineChoice::Lanes);
  EXPECT_NEAR(table[1][0], 3, 1e-8);
}

TEST(SbmlImport, UnitsOfOneElement_areRefusedByName) {
  const auto of = [](const std::string& text) { return error_of([&] { (void)import(text); }).diagnostics().front(); };
  const auto law = of(level2_source("", " timeUnits=\"minute\""));
  EXPECT_EQ(law.code, "sbml-014");
  EXPECT_EQ(law.message, "<kineticLaw> has units of its own, timeUnits=\"minute\", which is not supported");
  EXPECT_EQ(law.hint, "Write the conversion into the formula, or the value in the units of the model.");
  EXPECT_EQ(law.where.line, 5);
  const auto event = of(level2(
      "<listOfParameters><parameter id=\"p\" value=\"0\" constant=\"false\"/></listOfParameters><listOfEvents><event timeUnits=\"minute\"><trigger>" +
      math(op("gt", kTimeSymbol + cn(1))) + "</trigger><listOfEventAssignments><eventAssignment variable=\"p\">" + math(cn(1)) +
      "</eventAssignment></listOfEventAssignments></event></listOfEvents>"));
  EXPECT_EQ(event.message, "<event> has units of its own, timeUnits=\"minute\", which is not supported");
  EXPECT_NO_THROW((void)import(level2_source("", " timeUnits=\"second\" substanceUnits=\"mole\"")));
}

TEST(SbmlImport, NumberOfAnotherBase_isRefused) {
  const auto d =
      error_of([&] {
        (void)import(sbml("<listOfParameters>" + parameter("p", 0, false) + "</listOfParameters><listOfRules><assignmentRule variable=\"p\">" +
                          math("<cn type=\"integer\" base=\"16\">10</cn>") + "</assignmentRule></listOfRules>"));
      })
          .diagnostics()
          .front();
  EXPECT_EQ(d.code, "sbml-011");
  EXPECT_EQ(d.message, "'10' in <cn> has a base");
}

TEST(SbmlImport, Units_areReadIntoOurs) {
  const auto m =
      import(sbml("<listOfUnitDefinitions><unitDefinition id=\"nM\"><listOfUnits><unit kind=\"mole\" exponent=\"1\" scale=\"-9\" multiplier=\"1\"/>"
                  "<unit kind=\"litre\" exponent=\"-1\" scale=\"0\" multiplier=\"1\"/></listOfUnits></unitDefinition>"
                  "<unitDefinition id=\"minute\"><listOfUnits><unit kind=\"second\" exponent=\"1\" scale=\"0\" "
                  "multiplier=\"60\"/></listOfUnits></unitDefinition>"
                  "</listOfUnitDefinitions><listOfParameters><parameter id=\"p\" value=\"1\" units=\"nM\" constant=\"true\"/></listOfParameters>",
                  "timeUnits=\"minute\""))
          .model;
  EXPECT_EQ(m.time.text, "min");
  EXPECT_EQ(m.parameters[0].unit.text, "nmol.L^-1");
  EXPECT_TRUE(m.parameters[0].unit.unit.equivalent(units().parse("nM")));
  EXPECT_TRUE(m.faults.empty());
}

TEST(SbmlImport, ModelWithoutUnits_saysSo) {
  const auto m = import(sbml(kOneParameter)).model;
  EXPECT_FALSE(m.time.known);
  ASSERT_EQ(m.faults.size(), 2u);
  EXPECT_EQ(m.faults[0], "The unit of time is not declared in the SBML file; times are plain numbers.");
}

TEST(SbmlImport, NamesOfOurFormulas_areRenamed) {
  const auto in = import(sbml("<listOfParameters>" + parameter("time", 10) + parameter("exp", 3) + parameter("time_", 5) +
                              "<parameter id=\"y\" constant=\"false\"/></listOfParameters><listOfRules><assignmentRule variable=\"y\">" +
                              math(op("plus", ci("time") + ci("exp") + kTimeSymbol)) + "</assignmentRule></listOfRules>"));
  EXPECT_EQ(in.name_of("time"), "time__");
  EXPECT_EQ(in.name_of("exp"), "exp_");
  EXPECT_EQ(trajectory(in.model, {"y"}, {0, 2}, simulate::EngineChoice::Reference)[1][0], 15);
}

TEST(SbmlImport, LocalParameters_areNamedByTheirReaction) {
  const auto m =
      import(sbml("<listOfReactions><reaction id=\"r\" reversible=\"false\"><kineticLaw>" + math(ci("k")) +
                  "<listOfLocalParameters><localParameter id=\"k\" value=\"2\"/></listOfLocalParameters></kineticLaw></reaction></listOfReactions>"))
          .model;
  ASSERT_EQ(m.parameters.size(), 1u);
  EXPECT_EQ(m.parameters[0].id, "r.k");
  EXPECT_EQ(expr::to_text(m.reactions[0].rate), "r.k");
}

TEST(SbmlImport, DecimalNumbers_areTheNearestDoubles) {
  for (const double value : {7.3e-11, 1.7e-3, 6.02214179e23, 0.1}) {
    char text[32];
    std::snprintf(text, sizeof text, "%.17g", value);
    const std::string digits = text;
    const auto e = digits.find('e');
    const std::string number = e == std::string::npos ? "<cn>" + digits + "</cn>"
                                                      : "<cn type=\"e-notation\">" + digits.substr(0, e) + "<sep/>" + digits.substr(e + 1) + "</cn>";
    const auto m =
        import(sbml("<listOfParameters><parameter id=\"y\" constant=\"false\"/></listOfParameters><listOfRules><assignmentRule variable=\"y\">" +
                    math(number) + "</assignmentRule></listOfRules>"))
            .model;
    EXPECT_EQ(m.rules[0].formula.value, value);
  }
}

TEST(SbmlBadInput, TruncatedXml_isReportedWithItsLine) {
  const std::string whole = sbml(kOneParameter);
  const auto d = problem(whole.substr(0, whole.find("</listOfParameters>")));
  EXPECT_EQ(d.where.file, "test.xml");
  EXPECT_GT(d.where.line, 0);
}

TEST(SbmlBadInput, NoSbml) {
  EXPECT_FALSE(problem("").message.empty());
  EXPECT_FALSE(problem("hello").message.empty());
  EXPECT_FALSE(problem("<html><body/></html>").message.empty());
}

TEST(SbmlBadInput, WrongNamespace) {
  std::string text = sbml(kOneParameter);
  text.replace(text.find("www.sbml.org"), 12, "www.example.org");
  const auto d = problem(text);
  EXPECT_EQ(d.code, "sbml-012");
  EXPECT_EQ(d.message, "element <sbml>: 'http://www.example.org/sbml/level3/version2/core' is not the namespace of Level 3 Version 2");
  EXPECT_EQ(d.hint, "It is 'http://www.sbml.org/sbml/level3/version2/core'.");
  EXPECT_GT(d.where.line, 0);
}

/// A Level 2 model with the element that makes libSBML throw where it has no namespace that it knows.
std::string level_2(const std::string& root, const std::string& mathml) {
  return "<?xml version=\"1.0\"?>\n<!-- a comment -->\n<" + root +
         ">\n<model id=\"m\"><listOfCompartments><compartment id=\"c\" size=\"1\"/></listOfCompartments>\n"
         "<listOfSpecies><species id=\"A\" compartment=\"c\" initialConcentration=\"1\"/></listOfSpecies>\n"
         "<listOfReactions><reaction id=\"r\"><listOfReactants><speciesReference species=\"A\">\n<stoichiometryMath>\n<math xmlns=\"" +
         mathml +
         "\"><cn>2</cn></math></stoichiometryMath></speciesReference></listOfReactants>\n"
         "<kineticLaw><math xmlns=\"http://www.w3.org/1998/Math/MathML\"><ci>A</ci></math></kineticLaw></reaction></listOfReactions></model></sbml>";
}

TEST(SbmlBadInput, MisspeltNamespaces_areReportedTogetherWithLineAndElement) {
  const std::string text =
      level_2("sbml xmlns='http://www.sbml.org/sbmr/level2/version4' level='2' version='4'", "http://www.w3.org/1998/Maths/MathML");
  const auto found = error_of([&] { (void)import(text); }).diagnostics();
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].message, "element <sbml>: 'http://www.sbml.org/sbmr/level2/version4' is not the namespace of Level 2 Version 4");
  EXPECT_EQ(found[0].where.line, 3);
  EXPECT_EQ(found[1].message, "element <math>: 'http://www.w3.org/1998/Maths/MathML' is not the namespace of MathML");
  EXPECT_EQ(found[1].where.line, 8);
  EXPECT_EQ(found[1].hint, "It is 'http://www.w3.org/1998/Math/MathML'.");
}

TEST(SbmlBadInput, NamespaceOfAnotherVersionOrNone_isReported) {
  const std::string mathml = "http://www.w3.org/1998/Math/MathML";
  EXPECT_EQ(problem(level_2("sbml xmlns=\"http://www.sbml.org/sbml/level2/version3\" level=\"2\" version=\"4\"", mathml)).message,
            "element <sbml>: 'http://www.sbml.org/sbml/level2/version3' is not the namespace of Level 2 Version 4");
  EXPECT_EQ(problem(level_2("sbml level=\"2\" version=\"4\"", mathml)).message, "element <sbml> declares no namespace");
  EXPECT_EQ(problem(level_2("sbml xmlns=\"http://www.sbml.org/sbml/level2/version7\" level=\"2\" version=\"7\"", mathml)).message,
            "element <sbml>: there is no SBML Level 2 Version 7");
}

TEST(SbmlBadInput, MisspeltNamespaceOfAPackage_isReportedNotPassedOver) {
  const auto with = [](const std::string& declared) {
    std::string text = sbml(kOneParameter);
    return text.insert(text.find("<sbml ") + 6, declared + " ");
  };
  const auto unknown = problem(with("xmlns:comp=\"http://www.sbml.org/sbml/level3/version1/compp/version1\" comp:required=\"false\""));
  EXPECT_EQ(unknown.message, "element <sbml>: 'http://www.sbml.org/sbml/level3/version1/compp/version1' is the namespace of no package of SBML");
  EXPECT_EQ(unknown.hint, "Did you mean 'comp'?");
  const auto elsewhere = problem(with("xmlns:comp=\"http://www.sbml.org/sbmr/level3/version1/comp/version1\" comp:required=\"false\""));
  EXPECT_EQ(elsewhere.message, "element <sbml>: 'http://www.sbml.org/sbmr/level3/version1/comp/version1' is the namespace of no package of SBML");
  EXPECT_EQ(elsewhere.hint, "It is 'http://www.sbml.org/sbml/level3/version1/comp/version1' or a later version.");
}

/// libSBML takes the last declared namespace of SBML core for that of the file, and throws at the first element that does not exist there.
TEST(SbmlBadInput, WhatLibsbmlThrows_isReportedWithLineAndElement) {
  const auto d = problem(level_2(
      "sbml xmlns=\"http://www.sbml.org/sbml/level2/version4\" xmlns:x=\"http://www.sbml.org/sbml/level3/version1/core\" level=\"2\" version=\"4\"",
      "http://www.w3.org/1998/Math/MathML"));
  EXPECT_EQ(d.code, "sbml-013");
  EXPECT_EQ(d.message, "libSBML cannot read the element <math>: Level/version/namespaces combination is invalid");
  EXPECT_EQ(d.where.line, 8);
}

TEST(SbmlBadInput, EntityBomb_isRefusedUnread) {
  std::string bomb = "<?xml version=\"1.0\"?>\n<!DOCTYPE sbml [<!ENTITY a \"aaaaaaaaaa\">";
  for (char c = 'b'; c < 'k'; ++c) {
    const std::string last = std::string("&") + static_cast<char>(c - 1) + ";";
    bomb += std::string("<!ENTITY ") + c + " \"";
    for (int i = 0; i < 10; ++i) bomb += last;
    bomb += "\">";
  }
  const auto d =
      problem(bomb + "]>\n<sbml xmlns=\"http://www.sbml.org/sbml/level3/version2/core\" level=\"3\" version=\"2\"><model id=\"&j;\"/></sbml>");
  EXPECT_EQ(d.code, "sbml-003");
  EXPECT_EQ(d.where.line, 2);
}

TEST(SbmlBadInput, HugeFile_isRefusedUnread) {
  const core::Error error = error_of([] { (void)import(std::string(sbml::kLargestFile + 1, ' ')); });
  EXPECT_EQ(error.kind(), core::ErrorKind::Io);
  EXPECT_EQ(error.diagnostics().front().code, "sbml-002");
}

TEST(SbmlBadInput, DuplicateIds_nameTheLine) {
  const auto d = problem(sbml("<listOfParameters>" + parameter("p", 1) + "\n" + parameter("p", 2) + "</listOfParameters>"));
  EXPECT_NE(d.message.find("'p'"), std::string::npos) << d.message;
  EXPECT_GT(d.where.line, 0);
}

TEST(SbmlBadInput, CyclicFunctions_areReported) {
  const auto function = [](const std::string& id, const std::string& calls) {
    return "<functionDefinition id=\"" + id + "\">" +
           math("<lambda><bvar><ci>x</ci></bvar><apply><ci>" + calls + "</ci><ci>x</ci></apply></lambda>") + "</functionDefinition>";
  };
  EXPECT_FALSE(problem(sbml("<listOfFunctionDefinitions>" + function("f", "g") + function("g", "f") + "</listOfFunctionDefinitions>" + kOneParameter))
                   .message.empty());
}

TEST(SbmlBadInput, FunctionsThatGrowWithoutEnd_areRefused) {
  std::string functions;
  for (int k = 0; k < 60; ++k) {
    const std::string inner = k == 0 ? ci("x") : "<apply><ci>f" + std::to_string(k - 1) + "</ci><ci>x</ci></apply>";
    functions += "<functionDefinition id=\"f" + std::to_string(k) + "\">" +
                 math("<lambda><bvar><ci>x</ci></bvar>" + op("plus", inner + inner) + "</lambda>") + "</functionDefinition>";
  }
  const auto m =
      import(sbml("<listOfFunctionDefinitions>" + functions +
                  "</listOfFunctionDefinitions><listOfParameters><parameter id=\"y\" constant=\"false\"/></listOfParameters>"
                  "<listOfRules><assignmentRule variable=\"y\">" +
                  math("<apply><ci>f59</ci>" + kTimeSymbol + "</apply>") + "</assignmentRule></listOfRules>"))
          .model;
  const core::Error error = error_of([&] { (void)compile::build_program(m); });
  EXPECT_EQ(error.kind(), core::ErrorKind::Unsupported);
}

TEST(SbmlBadInput, CircularRules_areReported) {
  const auto rule = [](const std::string& v, const std::string& from) {
    return "<assignmentRule variable=\"" + v + "\">" + math(ci(from)) + "</assignmentRule>";
  };
  EXPECT_FALSE(problem(sbml("<listOfParameters>" + parameter("a", 1, false) + parameter("b", 1, false) + "</listOfParameters><listOfRules>" +
                            rule("a", "b") + rule("b", "a") + "</listOfRules>"))
                   .message.empty());
}

TEST(SbmlBadInput, NamesThatAreNowhere_areReported) {
  EXPECT_NE(problem(sbml("<listOfParameters>" + parameter("a", 1, false) + "</listOfParameters><listOfRules><assignmentRule variable=\"a\">" +
                         math(ci("nowhere")) + "</assignmentRule></listOfRules>"))
                .message.find("nowhere"),
            std::string::npos);
}

TEST(SbmlBadInput, RequiredPackages_areRefusedByName) {
  std::string text = sbml(kOneParameter);
  text.replace(text.find(" level="), 1, " xmlns:qual=\"http://www.sbml.org/sbml/level3/version1/qual/version1\" qual:required=\"true\" ");
  const core::Error error = error_of([&] { (void)import(text); });
  EXPECT_EQ(error.kind(), core::ErrorKind::Unsupported);
  EXPECT_EQ(error.diagnostics().front().message, "the file requires the package 'qual', which is not supported");
}

TEST(SbmlBadInput, ValuesThatAreNotFinite_endTheSubjectNotTheProgram) {
  const auto m =
      import(sbml("<listOfParameters><parameter id=\"x\" value=\"NaN\" constant=\"false\"/><parameter id=\"z\" value=\"INF\" "
                  "constant=\"false\"/></listOfParameters>"
                  "<listOfRules><rateRule variable=\"x\">" +
                  math(ci("z")) + "</rateRule></listOfRules>"))
          .model;
  const simulate::CompiledModel compiled(m, {});
  solve::SubjectPlan plan;
  plan.parameters = compiled.program().parameter_values;
  simulate::DoseTranslator::add_outputs({0, 1}, simulate::AtDose::Post, plan);
  compiled.run(
      1, [&](std::size_t) { return plan; },
      [](std::size_t, const solve::SubjectPlan&, solve::SubjectResult&& r) { EXPECT_EQ(r.status, solve::Status::NotFinite); });
}

TEST(SbmlBadInput, DeepFormula_isRefusedNotFollowed) {
  std::string nested = cn(1);
  for (int k = 0; k < 5000; ++k) nested = op("minus", nested);
  EXPECT_FALSE(problem(sbml("<listOfParameters>" + parameter("a", 1, false) + "</listOfParameters><listOfRules><assignmentRule variable=\"a\">" +
                            math(nested) + "</assignmentRule></listOfRules>"))
                   .message.empty());
}

TEST(SbmlBadInput, DeepElements_areRefusedUnread) {
  std::string notes;
  for (int k = 0; k < 200'000; ++k) notes += "<p>";
  EXPECT_EQ(problem(sbml("<notes>" + notes)).code, "sbml-009");
}

TEST(SbmlBadInput, NumberThatIsNone_isReportedNotReadInPart) {
  for (const char* text : {"1,5", "1.5x", "1 2", "0x10", ""}) {
    const auto d = problem(sbml("<listOfParameters>" + parameter("a", 1, false) + "</listOfParameters><listOfRules><assignmentRule variable=\"a\">" +
                                math(std::string("<cn>") + text + "</cn>") + "</assignmentRule></listOfRules>"));
    EXPECT_EQ(d.code, "sbml-011") << text;
  }
}

TEST(SbmlBadInput, SubmodelBomb_isRefusedBeforeItIsFlattened) {
  std::string definitions;
  for (int k = 0; k < 20; ++k) {
    std::string two;
    for (const char* id : {"a", "b"})
      two += k == 0 ? "" : std::string("<comp:submodel comp:id=\"") + id + "\" comp:modelRef=\"m" + std::to_string(k - 1) + "\"/>";
    definitions += "<comp:modelDefinition id=\"m" + std::to_string(k) + "\">" +
                   (k == 0 ? kOneParameter : "<comp:listOfSubmodels>" + two + "</comp:listOfSubmodels>") + "</comp:modelDefinition>";
  }
  const std::string text =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<sbml xmlns=\"http://www.sbml.org/sbml/level3/version2/core\" "
      "xmlns:comp=\"http://www.sbml.org/sbml/level3/version1/comp/version1\" level=\"3\" version=\"2\" comp:required=\"true\"><model id=\"top\">"
      "<comp:listOfSubmodels><comp:submodel comp:id=\"x\" comp:modelRef=\"m19\"/></comp:listOfSubmodels></model><comp:listOfModelDefinitions>" +
      definitions + "</comp:listOfModelDefinitions></sbml>";
  EXPECT_EQ(problem(text).code, "sbml-010");
}

TEST(SbmlImport, FunctionArgumentCalledTime_isNotTheTime) {
  const auto m =
      import(sbml("<listOfFunctionDefinitions><functionDefinition id=\"f\">" +
                  math("<lambda><bvar><ci>time</ci></bvar>" + op("times", ci("time") + cn(2)) + "</lambda>") +
                  "</functionDefinition></listOfFunctionDefinitions><listOfParameters><parameter id=\"y\" constant=\"false\"/></listOfParameters>"
                  "<listOfRules><assignmentRule variable=\"y\">" +
                  math("<apply><ci>f</ci><cn>3</cn></apply>") + "</assignmentRule></listOfRules>"))
          .model;
  EXPECT_EQ(trajectory(m, {"y"}, {0, 2}, simulate::EngineChoice::Reference)[1][0], 6);
}

TEST(SbmlImport, ParameterWithoutValue_isSaid) {
  const auto m = import(sbml("<listOfParameters><parameter id=\"k\" constant=\"true\"/></listOfParameters>")).model;
  EXPECT_NE(std::find(m.faults.begin(), m.faults.end(), "Parameters without a finite value: 'k'."), m.faults.end());
}

TEST(SbmlImport, RulesWithEmptyMath_areAsIfAbsent) {
  const std::string empty = math("");
  const auto m =
      import(sbml("<listOfParameters><parameter id=\"y\" value=\"3\" constant=\"false\"/>"
                  "<parameter id=\"z\" value=\"4\" constant=\"false\"/></listOfParameters>"
                  "<listOfRules><assignmentRule variable=\"y\">" +
                  empty + "</assignmentRule><rateRule variable=\"z\">" + empty + "</rateRule></listOfRules>"))
          .model;
  EXPECT_EQ(trajectory(m, {"y", "z"}, {0, 2}, simulate::EngineChoice::Reference)[1], (std::vector<double>{3, 4}));
}

}  // namespace
}  // namespace osteosome::support
