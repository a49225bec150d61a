// SPDX-License-Identifier: Apache-2.0
// Text to a checked libSBML document: hostile input is refused before libSBML sees it, packages are flattened or refused by name.
#include "document.hpp"

#include <sbml/conversion/ConversionProperties.h>
#include <sbml/packages/comp/common/CompExtensionTypes.h>
#include <sbml/packages/fbc/common/FbcExtensionTypes.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <stdexcept>
#include <vector>

#include "namespaces.hpp"
#include "osteosome/core/text.hpp"
#include "osteosome/sbml/import.hpp"

namespace osteosome::sbml {
namespace {

constexpr std::size_t kMostProblems = 20;
constexpr std::size_t kDeepestElement = 1000;
constexpr std::size_t kMostSubmodels = 10'000;
constexpr int kDeepestSubmodels = 32;
constexpr std::size_t kLongestChain = 60;  // of symbols that libSBML's check for cycles, which takes exponential time, is asked to follow

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
    if (e.getErrorId() == RequiredPackagePresent) {
      refuse(core::ErrorKind::Unsupported, "sbml-004", "the file requires a package that is not supported: " + particular(e),
             {file, static_cast<int>(e.getLine()), 0}, "Supported are SBML core and 'comp'.");
    }
    const core::Location at{file, static_cast<int>(e.getLine()), static_cast<int>(e.getColumn())};
    core::Diagnostic d{"sbml-" + std::to_string(e.getErrorId()), particular(e), at, ""};
    if (seen.insert(core::to_text(d)).second) problems.add(std::move(d));
  }
  problems.throw_if_any(core::ErrorKind::Model);
}

/// The number of a <cn> must be one: libSBML reads as far as it can, "1,5" as 1.
void check_number(std::string_view text, std::size_t at, std::size_t end, const std::string& file) {
  if (element_at(text, at) != "cn" || text[end - 1] == '/') return;
  const auto stop = std::min(text.find('<', end), text.size());
  const std::string_view number = core::trim(text.substr(end + 1, stop - end - 1));
  const std::string_view attributes = text.substr(at, end - at);
  const bool integer = attributes.find("\"integer\"") != std::string_view::npos || attributes.find("\"rational\"") != std::string_view::npos;
  bool good = core::parse_double(number.starts_with('+') ? number.substr(1) : number).has_value();
  if (integer) good = good && number.find_first_not_of("+-0123456789") == std::string_view::npos;
  if (text.substr(stop).starts_with("<sep")) {
    const auto second = std::min(text.find('>', stop), text.size() - 1) + 1;
    const std::string_view exponent = core::trim(text.substr(second, std::min(text.find('<', second), text.size()) - second));
    good = good && !exponent.empty() && exponent.find_first_not_of("+-0123456789") == std::string_view::npos;
  }
  const auto base = attributes.find(" base=");
  if (base != std::string_view::npos && attributes.substr(base + 7, 2) != "10") {
    refuse(core::ErrorKind::Model, "sbml-011", "'" + std::string(number.substr(0, 40)) + "' in <cn> has a base", {file, line_at(text, at), 0},
           "SBML's numbers are decimal.");
  }
  if (good) return;
  refuse(core::ErrorKind::Model, "sbml-011", "'" + std::string(number.substr(0, 40)) + "' in <cn> is no number", {file, line_at(text, at), 0},
         "Numbers have a decimal point and no separators.");
}

/// libSBML's document of `text`. Where libSBML throws instead of taking note, the shortest beginning of the text that makes it throw tells where.
std::unique_ptr<SBMLDocument> parse(std::string_view text, const std::string& file) {
  const auto attempt = [](std::string_view part, std::string& why) -> std::unique_ptr<SBMLDocument> {
    try {
      SBMLReader reader;
      return std::unique_ptr<SBMLDocument>(reader.readSBMLFromString(std::string(part)));
    } catch (const std::logic_error& thrown) {  // the base of all exceptions of libSBML
      why = thrown.what();
      return nullptr;
    }
  };
  std::string why;
  if (auto document = attempt(text, why)) return document;
  std::vector<std::size_t> ends;
  for (std::size_t at = text.find('>'); at != std::string_view::npos; at = text.find('>', at + 1)) ends.push_back(at + 1);
  std::string ignored;
  const auto last = std::partition_point(ends.begin(), ends.end(), [&](std::size_t end) { return attempt(text.substr(0, end), ignored) != nullptr; });
  const std::size_t at = text.rfind('<', last == ends.end() ? text.size() : *last - 1);
  const std::string element(at == std::string_view::npos ? "sbml" : element_at(text, at));
  refuse(core::ErrorKind::Model, "sbml-013", "libSBML cannot read the element <" + element + ">: " + why, {file, line_at(text, at), 0});
}

/// Refuses what would make the XML parser run out of memory or stack, before it sees the text: a document type (SBML has none; its entities only
/// serve to blow a file up), elements nested deeper than any model's, and bytes that are not UTF-8 text.
void refuse_hostile(std::string_view text, const std::string& file) {
  if (const auto zero = text.find('\0'); zero != std::string_view::npos) {
    refuse(core::ErrorKind::Model, "sbml-008", "the file is no UTF-8 text", {file, line_at(text, zero), 0}, "SBML files are XML in UTF-8.");
  }
  std::size_t depth = 0;
  for (std::size_t at = text.find('<'); at != std::string_view::npos; at = text.find('<', at + 1)) {
    const std::string_view rest = text.substr(at);
    const char* closing = rest.starts_with("<!--") ? "-->" : rest.starts_with("<![CDATA[") ? "]]>" : rest.starts_with("<?") ? "?>" : nullptr;
    if (closing != nullptr) {
      at = std::min(text.find(closing, at), text.size() - 1);
    } else if (rest.starts_with("<!")) {
      refuse(core::ErrorKind::Model, "sbml-003", "the file has a document type declaration", {file, line_at(text, at), 0}, "SBML files have none.");
    } else if (rest.starts_with("</")) {
      depth -= depth > 0 ? 1 : 0;
    } else {
      const auto end = std::min(text.find('>', at), text.size() - 1);
      check_number(text, at, end, file);
      if (text[end - 1] != '/') ++depth;
      if (depth > kDeepestElement) {
        refuse(core::ErrorKind::Model, "sbml-009", "elements are nested deeper than " + std::to_string(kDeepestElement) + " levels",
               {file, line_at(text, at), 0}, "");
      }
    }
  }
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

/// Counts the submodels that flattening would make, before it makes them. External definitions must lie beside the file, and are held to what
/// the file itself is.
class SubmodelCounter {
 public:
  SubmodelCounter(std::string folder, std::string file) : folder_(std::move(folder)), file_(std::move(file)) {}

  std::size_t count(SBMLDocument& document, const std::string& id, int depth = 0) {
    if (depth > kDeepestSubmodels)
      refuse_submodels("submodels are nested deeper than " + std::to_string(kDeepestSubmodels) + " levels, or in a circle");
    auto* definitions = dynamic_cast<CompSBMLDocumentPlugin*>(document.getPlugin("comp"));
    const Model* model = definitions == nullptr || id.empty() || (document.getModel() != nullptr && document.getModel()->getId() == id)
                             ? document.getModel()
                             : definitions->getModelDefinition(id);
    if (model == nullptr && definitions != nullptr && definitions->getExternalModelDefinition(id) != nullptr) {
      return external(*definitions->getExternalModelDefinition(id), depth);
    }
    const auto* plugin = model == nullptr ? nullptr : dynamic_cast<const CompModelPlugin*>(model->getPlugin("comp"));
    std::size_t total = 1;
    for (unsigned i = 0; plugin != nullptr && i < plugin->getNumSubmodels(); ++i) {
      total += count(document, plugin->getSubmodel(i)->getModelRef(), depth + 1);
      if (total > kMostSubmodels) refuse_submodels("the file makes more than " + std::to_string(kMostSubmodels) + " submodels");
    }
    return total;
  }

 private:
  std::size_t external(const ExternalModelDefinition& definition, int depth) {
    const std::filesystem::path source(definition.getSource());
    const bool beside = !source.empty() && !source.is_absolute() && definition.getSource().find(':') == std::string::npos &&
                        std::none_of(source.begin(), source.end(), [](const auto& part) { return part == ".."; });
    if (!beside) refuse_submodels("the external model '" + definition.getSource() + "' does not lie beside the file");
    const std::string path = (std::filesystem::path(folder_) / source).string();
    if (!std::filesystem::is_regular_file(path)) refuse_submodels("the external model '" + path + "' is no file");
    const std::string text = core::read_file(path, kLargestFile);
    refuse_hostile(text, path);
    check_namespaces(text, path);
    const auto document = parse(text, path);
    report(*document, path);
    return count(*document, definition.getModelRef(), depth + 1);
  }

  [[noreturn]] void refuse_submodels(const std::string& message) const { refuse(core::ErrorKind::Unsupported, "sbml-010", message, {file_, 1, 0}); }

  std::string folder_, file_;
};

void flatten(SBMLDocument& document, const std::string& file) {
  if (document.getPlugin("comp") == nullptr) return;
  (void)SubmodelCounter(std::filesystem::path(file).parent_path().string(), file).count(document, "");
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

/// Level 1 has no `constant`: there everything may be determined by an algebraic rule.
void from_level_1(SBMLDocument& document, const std::string& file) {
  if (!document.setLevelAndVersion(2, 4, false)) {
    report(document, file);
    refuse(core::ErrorKind::Unsupported, "sbml-006", "the Level 1 model could not be converted to Level 2", {file, 1, 0});
  }
  Model& model = *document.getModel();
  bool algebraic = false;
  for (unsigned i = 0; i < model.getNumRules(); ++i) algebraic = algebraic || model.getRule(i)->isAlgebraic();
  for (unsigned i = 0; algebraic && i < model.getNumParameters(); ++i) model.getParameter(i)->setConstant(false);
  for (unsigned i = 0; algebraic && i < model.getNumCompartments(); ++i) model.getCompartment(i)->setConstant(false);
}

void collect(const ASTNode* node, std::vector<std::string>& names) {
  if (node == nullptr) return;
  if ((node->isName() || node->isFunction()) && node->getName() != nullptr) names.emplace_back(node->getName());
  for (unsigned i = 0; i < node->getNumChildren(); ++i) collect(node->getChild(i), names);
}

/// Links of the longest chain of symbols and functions of which each is given by the next; circles are left to the other checks.
std::size_t longest_chain(const Model& model) {
  std::map<std::string, std::vector<std::string>> uses;
  for (unsigned i = 0; i < model.getNumRules(); ++i) {
    if (model.getRule(i)->isAssignment()) collect(model.getRule(i)->getMath(), uses[model.getRule(i)->getVariable()]);
  }
  for (unsigned i = 0; i < model.getNumInitialAssignments(); ++i)
    collect(model.getInitialAssignment(i)->getMath(), uses[model.getInitialAssignment(i)->getSymbol()]);
  for (unsigned i = 0; i < model.getNumReactions(); ++i) {
    const KineticLaw* law = model.getReaction(i)->getKineticLaw();
    if (law != nullptr) collect(law->getMath(), uses[model.getReaction(i)->getId()]);
  }
  for (unsigned i = 0; i < model.getNumFunctionDefinitions(); ++i)
    collect(model.getFunctionDefinition(i)->getBody(), uses[model.getFunctionDefinition(i)->getId()]);
  // Depth-first without recursion; a symbol on the way has the length 0.
  std::map<std::string, std::size_t> length;
  std::size_t longest = 0;
  for (const auto& start : uses) {
    std::vector<std::pair<std::string, std::size_t>> path = {{start.first, 0}};
    while (!path.empty()) {
      auto& [name, next] = path.back();
      const auto& mine = uses.at(name);
      if (next == 0 && length.contains(name)) {
        path.pop_back();
        continue;
      }
      length.try_emplace(name, 0);
      if (next == mine.size()) {
        std::size_t below = 0;
        for (const std::string& used : mine) below = std::max(below, length.contains(used) ? length[used] : 0);
        length[name] = below + 1;
        longest = std::max(longest, below + 1);
        path.pop_back();
        continue;
      }
      const std::string used = mine[next++];
      if (uses.contains(used) && !length.contains(used)) path.emplace_back(used, 0);
    }
  }
  return longest;
}

/// Brings a parsed document to Level 2 or 3 without submodels, and has libSBML check it.
void prepare(SBMLDocument& document, const std::string& file) {
  check_packages(document, file);
  if (document.getLevel() == 1) from_level_1(document, file);
  flatten(document, file);
  // Symbols that do not exist and circles are found again where the model is validated and compiled.
  if (longest_chain(*document.getModel()) > kLongestChain) document.setConsistencyChecks(LIBSBML_CAT_GENERAL_CONSISTENCY, false);
  document.setConsistencyChecks(LIBSBML_CAT_UNITS_CONSISTENCY, false);
  document.setConsistencyChecks(LIBSBML_CAT_MODELING_PRACTICE, false);
  document.setConsistencyChecks(LIBSBML_CAT_SBO_CONSISTENCY, false);
  document.getErrorLog()->clearLog();
  document.checkConsistency();
  report(document, file);
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
  refuse_hostile(text, file);
  check_namespaces(text, file);
  auto document = parse(text, file);
  report(*document, file);
  if (document->getModel() == nullptr) refuse(core::ErrorKind::Model, "sbml-001", "the file holds no SBML model", {file, 1, 0});
  try {
    prepare(*document, file);
  } catch (const std::logic_error& thrown) {
    refuse(core::ErrorKind::Model, "sbml-013", std::string("libSBML cannot check the model: ") + thrown.what(), where(*document->getModel(), file));
  }
  return document;
}

}  // namespace osteosome::sbml
