// SPDX-License-Identifier: Apache-2.0
// Text to a checked libSBML document: hostile input is refused before libSBML sees it, packages are flattened or refused by name.
#include "document.hpp"

#include <sbml/conversion/ConversionProperties.h>
#include <sbml/packages/comp/common/CompExtensionTypes.h>
#include <sbml/packages/fbc/common/FbcExtensionTypes.h>

#include <filesystem>
#include <set>

#include "osteosome/core/text.hpp"
#include "osteosome/sbml/import.hpp"

namespace osteosome::sbml {
namespace {

constexpr std::size_t kMostProblems = 20;

[[noreturn]] void refuse(core::ErrorKind kind, const std::string& code, const std::string& message, const core::Location& at,
                         const std::string& hint = "") {
  throw core::Error(kind, {code, message, at, hint});
}

/// One line of libSBML's message, without its indentation.
std::string one_line(const std::string& text) {
  std::string line;
  for (const char c : text) {
    const bool space = c == '\n' || c == '\r' || c == '\t' || c == ' ';
    if (space && (line.empty() || line.back() == ' ')) continue;
    line += space ? ' ' : c;
  }
  while (!line.empty() && line.back() == ' ') line.pop_back();
  if (line.size() > 400) line = line.substr(0, 397) + "...";
  return line;
}

/// What libSBML says of this case: it puts that behind the rule's own text and the reference to it.
std::string particular(const SBMLError& e) {
  const std::string& message = e.getMessage();
  const auto reference = message.find("Reference: ");
  const auto end = reference == std::string::npos ? reference : message.find('\n', reference);
  const std::string rest = end == std::string::npos ? "" : one_line(message.substr(end));
  const std::string rule = one_line(e.getShortMessage());
  if (rest.empty()) return one_line(message);
  return rule.empty() ? rest : rule + ": " + rest;
}

/// Throws with the errors of the document's log, if there are any.
void report(const SBMLDocument& document, const std::string& file) {
  core::Diagnostics problems;
  std::set<std::string> seen;
  for (unsigned i = 0; i < document.getNumErrors() && seen.size() < kMostProblems; ++i) {
    const SBMLError& e = *document.getError(i);
    if ((!e.isError() && !e.isFatal()) || e.getErrorId() == DanglingUnitReference) continue;  // a unit without a definition is not known
    const core::Location at{file, static_cast<int>(e.getLine()), static_cast<int>(e.getColumn())};
    core::Diagnostic d{"sbml-" + std::to_string(e.getErrorId()), particular(e), at, ""};
    if (seen.insert(core::to_text(d)).second) problems.add(std::move(d));
  }
  problems.throw_if_any(core::ErrorKind::Model);
}

/// SBML has no document type; entities only serve to blow a file up.
void refuse_doctype(std::string_view text, const std::string& file) {
  const std::string_view prolog = text.substr(0, text.find("<sbml"));
  const auto at = prolog.find("<!DOCTYPE");
  if (at == std::string_view::npos && prolog.find("<!ENTITY") == std::string_view::npos) return;
  const int line = 1 + static_cast<int>(std::count(prolog.begin(), prolog.begin() + static_cast<std::ptrdiff_t>(std::min(at, prolog.size())), '\n'));
  refuse(core::ErrorKind::Model, "sbml-003", "the file has a document type declaration", {file, line, 0}, "SBML files have none.");
}

/// Packages of Level 3 that libSBML knows and this file requires.
void check_packages(SBMLDocument& document, const std::string& file) {
  static const std::set<std::string> harmless = {"comp", "layout", "render", "groups", "l3v2extendedmath"};
  for (unsigned i = 0; i < document.getNumPlugins(); ++i) {
    const std::string package = document.getPlugin(i)->getPackageName();
    if (package == "fbc") {
      const auto* plugin = document.getModel() == nullptr ? nullptr : dynamic_cast<const FbcModelPlugin*>(document.getModel()->getPlugin("fbc"));
      if (plugin == nullptr || plugin->getNumObjectives() == 0) continue;
      refuse(core::ErrorKind::Unsupported, "sbml-004", "flux balance analysis (package 'fbc') is not supported", {file, 1, 0},
             "Osteosome simulates time courses.");
    }
    if (harmless.contains(package) || !document.getPackageRequired(package)) continue;
    refuse(core::ErrorKind::Unsupported, "sbml-004", "the file requires the package '" + package + "', which is not supported", {file, 1, 0},
           "Supported are SBML core and 'comp'.");
  }
}

void flatten(SBMLDocument& document, const std::string& file) {
  if (document.getPlugin("comp") == nullptr) return;
  const std::string folder = std::filesystem::path(file).parent_path().string();
  document.setLocationURI("file:" + (folder.empty() ? std::string(".") : folder) + "/" + std::filesystem::path(file).filename().string());
  ConversionProperties properties;
  properties.addOption("flatten comp", true);
  properties.addOption("performValidation", false);
  properties.addOption("leavePorts", false);
  properties.addOption("basePath", folder.empty() ? std::string(".") : folder);
  const int code = document.convert(properties);
  if (code == LIBSBML_OPERATION_SUCCESS) return;
  report(document, file);
  refuse(core::ErrorKind::Model, "sbml-005", "the submodels (package 'comp') could not be put together", {file, 1, 0});
}

}  // namespace

core::Location where(const SBase& element, const std::string& file) {
  return {file, static_cast<int>(element.getLine()), static_cast<int>(element.getColumn())};
}

std::unique_ptr<SBMLDocument> load_document(std::string_view text, const std::string& file) {
  if (text.size() > kLargestFile) {
    refuse(core::ErrorKind::Io, "sbml-002", "the file has " + std::to_string(text.size()) + " bytes", {file, 0, 0},
           "At most " + std::to_string(kLargestFile) + " bytes are read.");
  }
  refuse_doctype(text, file);
  SBMLReader reader;
  std::unique_ptr<SBMLDocument> document(reader.readSBMLFromString(std::string(text)));
  report(*document, file);
  if (document->getModel() == nullptr) refuse(core::ErrorKind::Model, "sbml-001", "the file holds no SBML model", {file, 1, 0});
  check_packages(*document, file);
  if (document->getLevel() == 1 && !document->setLevelAndVersion(2, 4, false)) {
    report(*document, file);
    refuse(core::ErrorKind::Unsupported, "sbml-006", "the Level 1 model could not be converted to Level 2", {file, 1, 0});
  }
  flatten(*document, file);
  document->setConsistencyChecks(LIBSBML_CAT_UNITS_CONSISTENCY, false);
  document->setConsistencyChecks(LIBSBML_CAT_MODELING_PRACTICE, false);
  document->setConsistencyChecks(LIBSBML_CAT_SBO_CONSISTENCY, false);
  document->getErrorLog()->clearLog();
  document->checkConsistency();
  report(*document, file);
  return document;
}

}  // namespace osteosome::sbml
