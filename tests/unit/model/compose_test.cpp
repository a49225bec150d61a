// SPDX-License-Identifier: Apache-2.0
// Composition of two small documents: names, ports, units, time units, and what can go wrong.
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "documents.hpp"

namespace osteosome::model {
namespace {

using support::error_of;
using support::line_of;
using support::TemporaryFolder;

// The used document counts in minutes and picomolar.
const std::string kChild = R"toml([model]
id = "child"
title = "Child"
time = "minute"
source = "doi:10.1000/child"

[ports]
signal = { unit = "pM", meaning = "what drives it" }
gain = { unit = "1", default = "2" }

[parameters]
k = { value = 0.25, unit = "1/minute", source = "model", kind = "reported" }

[species]
X = { initial = 0, unit = "pM", rate = "k*(gain*signal - X)" }

[rules]
clock = { formula = "time", unit = "minute" }
)toml";

const std::string kParent = R"toml([model]
id = "parent"
title = "Parent"
time = "h"
source = "doi:10.1000/parent"

[parameters]
level = { value = 3, unit = "nM", source = "model", kind = "reported" }

[species]
Y = { initial = 0, unit = "pM", rate = "pace*sub.X" }

[rules]
pace = { formula = "1/hour_", unit = "1/h" }

[uses.sub]
document = "child"
connect = { signal = "level" }
)toml";

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

const std::string kHour = "level = {";
std::string parent_text() {
  return replaced(kParent, kHour, "hour_ = { value = 1, unit = \"h\", source = \"model\", kind = \"reported\" }\nlevel = {");
}

Model compose(const std::string& parent, const std::string& child) {
  const TemporaryFolder folder;
  folder.write("child.toml", child);
  return load_model(folder.write("parent.toml", parent), support::library(), support::units());
}

/// Value of a formula of numbers, parameters of `m`, its parameter-only rules, and the names given.
double value_of(const Model& m, const expr::Ast& x, const std::map<std::string, double>& given) {
  if (x.kind == expr::Ast::Kind::Number) return x.value;
  if (x.kind == expr::Ast::Kind::Name) {
    if (const auto hit = given.find(x.name); hit != given.end()) return hit->second;
    if (const Parameter* p = m.find_parameter(x.name)) return p->value;
    for (const Rule& r : m.rules) {
      if (r.id == x.name) return value_of(m, r.formula, given);
    }
    ADD_FAILURE() << "unknown name " << x.name;
    return 0;
  }
  double r = value_of(m, x.args[0], given);
  if (x.name == "-" && x.args.size() == 1) return -r;
  for (std::size_t i = 1; i < x.args.size(); ++i) {
    const double v = value_of(m, x.args[i], given);
    r = x.name == "+" ? r + v : x.name == "-" ? r - v : x.name == "*" ? r * v : r / v;
  }
  return r;
}

const Rule& rule(const Model& m, const std::string& id) {
  for (const Rule& r : m.rules) {
    if (r.id == id) return r;
  }
  ADD_FAILURE() << "no rule " << id;
  return m.rules.front();
}

// Four roundings of conversion factors and products.
constexpr double kRounding = 1e-15;

TEST(Composition, names_getThePrefixOfTheUse) {
  const Model m = compose(parent_text(), kChild);
  EXPECT_NE(m.find_species("sub.X"), nullptr);
  EXPECT_NE(m.find_parameter("sub.k"), nullptr);
  EXPECT_EQ(m.find_species("X"), nullptr);
}

TEST(Composition, connectedPort_convertsNanomolarToPicomolar) {
  const Model m = compose(parent_text(), kChild);
  EXPECT_NEAR(value_of(m, rule(m, "sub.signal").formula, {}) / 3000, 1, kRounding);
}

TEST(Composition, unconnectedPort_takesItsDefault) {
  const Model m = compose(parent_text(), kChild);
  EXPECT_EQ(value_of(m, rule(m, "sub.gain").formula, {}), 2);
}

TEST(Composition, rateInMinutes_countsPerHourOfTheParent) {
  const Model m = compose(parent_text(), kChild);
  // 60 minutes an hour times k*(gain*signal - X) per minute.
  const double expected = 60 * 0.25 * (2 * 3000.0 - 7);
  EXPECT_NEAR(value_of(m, *m.find_species("sub.X")->rate, {{"sub.X", 7}}) / expected, 1, 2 * kRounding);
}

TEST(Composition, timeInMinutes_isTheParentsTimesSixty) {
  const Model m = compose(parent_text(), kChild);
  EXPECT_NEAR(value_of(m, rule(m, "sub.clock").formula, {{"time", 2.5}}) / 150, 1, kRounding);
}

TEST(Composition, parameterOverride_replacesTheValue) {
  const Model m = compose(parent_text() + "set = { k = 0.5 }\n", kChild);
  EXPECT_EQ(m.find_parameter("sub.k")->value, 0.5);
}

TEST(Composition, usedDocumentAlone_loadsWithDefaults) {
  const TemporaryFolder folder;
  const std::string path = folder.write("child.toml", replaced(kChild, "unit = \"pM\", meaning", "unit = \"pM\", default = \"0\", meaning"));
  EXPECT_NO_THROW((void)load_model(path, support::library(), support::units()));
}

TEST(Composition, unknownPort_isReportedWithNearMatch) {
  const std::string text = replaced(parent_text(), "{ signal = \"level\" }", "{ signal = \"level\", gian_ = \"1\" }");
  const core::Error error = error_of([&] { (void)compose(text, kChild); });
  ASSERT_EQ(error.diagnostics().size(), 1u) << error.what();
  const core::Diagnostic& d = error.diagnostics().front();
  EXPECT_EQ(d.code, "compose-004");
  EXPECT_EQ(d.message, "'child' has no port 'gian_'");
  EXPECT_EQ(d.where.line, line_of(text, "[uses.sub]"));
}

TEST(Composition, misspeltPort_isReportedWithNearMatch) {
  const std::string text = replaced(parent_text(), "{ signal = \"level\" }", "{ signal = \"level\", gains = \"1\" }");
  const core::Error error = error_of([&] { (void)compose(text, kChild); });
  EXPECT_EQ(error.diagnostics().front().hint, "Did you mean 'gain'?");
}

TEST(Composition, missingConnection_isReported) {
  const std::string text = replaced(parent_text(), "connect = { signal = \"level\" }\n", "");
  const core::Error error = error_of([&] { (void)compose(text, kChild); });
  ASSERT_EQ(error.diagnostics().size(), 1u) << error.what();
  const core::Diagnostic& d = error.diagnostics().front();
  EXPECT_EQ(d.code, "compose-002");
  EXPECT_EQ(d.message, "port 'signal' is not connected and has no default");
  EXPECT_EQ(d.where.line, line_of(kChild, "signal = {"));
  EXPECT_TRUE(d.where.file.ends_with("child.toml")) << d.where.file;
}

TEST(Composition, portOfAnotherDimension_isReported) {
  const std::string text = replaced(parent_text(), "signal = \"level\"", "signal = \"hour_\"");
  const core::Error error = error_of([&] { (void)compose(text, kChild); });
  ASSERT_EQ(error.diagnostics().size(), 1u) << error.what();
  const core::Diagnostic& d = error.diagnostics().front();
  EXPECT_EQ(d.code, "compose-005");
  EXPECT_EQ(d.message, "port 'sub.signal' is in 'pM', but 'hour_' yields [3600 second]");
  EXPECT_EQ(d.where.line, line_of(text, "[uses.sub]"));
}

TEST(Composition, unknownNameInConnection_isReported) {
  const std::string text = replaced(parent_text(), "signal = \"level\"", "signal = \"levl\"");
  const core::Error error = error_of([&] { (void)compose(text, kChild); });
  EXPECT_NE(std::string(error.what()).find("unknown name 'levl'"), std::string::npos) << error.what();
}

TEST(Composition, unknownOverride_isReportedWithNearMatch) {
  const core::Error error = error_of([] { (void)compose(parent_text() + "set = { kk = 0.5 }\n", kChild); });
  ASSERT_EQ(error.diagnostics().size(), 1u) << error.what();
  EXPECT_EQ(error.diagnostics().front().code, "compose-003");
  EXPECT_EQ(error.diagnostics().front().message, "'child' has no parameter 'kk'");
}

TEST(Composition, missingDocument_isReportedAtTheUse) {
  const std::string text = replaced(parent_text(), "document = \"child\"", "document = \"no_such_document\"");
  const core::Error error = error_of([&] { (void)compose(text, kChild); });
  const core::Diagnostic& d = error.diagnostics().front();
  EXPECT_EQ(d.code, "input-010");
  EXPECT_EQ(d.message, "no model 'no_such_document'");
  EXPECT_EQ(d.where.line, line_of(text, "[uses.sub]"));
}

TEST(Composition, problemInsideTheUsedDocument_isReportedWithItsFileAndLine) {
  const std::string child = replaced(kChild, "value = 0.25", "value = nan");
  const core::Error error = error_of([&] { (void)compose(parent_text(), child); });
  const core::Diagnostic& d = error.diagnostics().front();
  EXPECT_EQ(d.message, "parameter 'k': 'value' is not finite");
  EXPECT_TRUE(d.where.file.ends_with("child.toml")) << d.where.file;
  EXPECT_EQ(d.where.line, line_of(child, "k = {"));
}

TEST(Composition, documentsUsingEachOther_areReportedOnce) {
  const std::string child = kChild + "[uses.back]\ndocument = \"parent\"\n";
  const core::Error error = error_of([&] { (void)compose(parent_text(), child); });
  EXPECT_EQ(error.diagnostics().front().code, "compose-001") << error.what();
  int circles = 0;
  for (const core::Diagnostic& d : error.diagnostics()) circles += d.code == "compose-001" ? 1 : 0;
  EXPECT_EQ(circles, 1) << error.what();
  EXPECT_NE(std::string(error.what()).find("documents use each other in a circle"), std::string::npos) << error.what();
}

TEST(Composition, sameDocumentTwice_keepsBothApart) {
  const Model m = compose(parent_text() + "\n[uses.second]\ndocument = \"child\"\nconnect = { signal = \"2*level\" }\n", kChild);
  EXPECT_NE(m.find_species("sub.X"), nullptr);
  EXPECT_NE(m.find_species("second.X"), nullptr);
  EXPECT_NEAR(value_of(m, rule(m, "second.signal").formula, {}) / 6000, 1, kRounding);
}

TEST(Composition, markdown_showsParametersOfBothWithSources) {
  const std::string text = to_markdown(compose(parent_text(), kChild));
  EXPECT_NE(text.find("| level | 3 | nM | reported | doi:10.1000/parent |  |"), std::string::npos) << text;
  EXPECT_NE(text.find("| sub.k | 0.25 | 1/minute | reported | doi:10.1000/child |  |"), std::string::npos) << text;
}

}  // namespace
}  // namespace osteosome::model
