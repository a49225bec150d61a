// SPDX-License-Identifier: Apache-2.0
#include "namespaces.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "osteosome/core/diagnostics.hpp"
#include "osteosome/core/text.hpp"

namespace osteosome::sbml {
namespace {

constexpr std::string_view kMathMl = "http://www.w3.org/1998/Math/MathML";
constexpr std::string_view kSpace = " \t\r\n";

/// Name and value of each attribute of a start tag, as written.
std::vector<std::pair<std::string, std::string>> attributes(std::string_view tag) {
  std::vector<std::pair<std::string, std::string>> found;
  for (std::size_t at = tag.find('='); at != std::string_view::npos; at = tag.find('=', at)) {
    const std::string_view before = core::trim(tag.substr(0, at));
    const auto open = tag.find_first_not_of(kSpace, at + 1);
    if (open == std::string_view::npos || (tag[open] != '"' && tag[open] != '\'')) break;
    const auto close = tag.find(tag[open], open + 1);
    if (close == std::string_view::npos) break;
    const auto blank = before.find_last_of(kSpace);
    found.emplace_back(before.substr(blank == std::string_view::npos ? 0 : blank + 1), tag.substr(open + 1, close - open - 1));
    at = close;
  }
  return found;
}

std::optional<std::string> attribute(std::string_view tag, std::string_view name) {
  for (auto& [key, value] : attributes(tag)) {
    if (key == name) return std::move(value);
  }
  return std::nullopt;
}

/// The namespace that a start tag declares for its own prefix.
std::optional<std::string> declared_namespace(std::string_view tag) {
  const std::string_view name = tag.substr(1, tag.find_first_of(" \t\r\n/>", 1) - 1);
  const auto colon = name.find(':');
  return attribute(tag, colon == std::string_view::npos ? "xmlns" : "xmlns:" + std::string(name.substr(0, colon)));
}

/// The namespace of SBML core at a level and version; "" if there is no such version.
std::string core_namespace(const std::string& level, const std::string& version) {
  std::string base = "http://www.sbml.org/sbml/level" + level;
  if (level == "1" && (version == "1" || version == "2")) return base;
  if (level == "2" && version == "1") return base;
  if (level == "2" && version.size() == 1 && version >= "2" && version <= "5") return base + "/version" + version;
  if (level == "3" && (version == "1" || version == "2")) return base + "/version" + version + "/core";
  return "";
}

/// A package of Level 3 under a misspelt namespace is one that libSBML does not know, and passes over if the file does not require it.
void check_packages(std::string_view tag, const core::Location& at, core::Diagnostics& problems) {
  static const std::vector<std::string> packages = {
      "arrays", "comp", "distrib", "dyn", "fbc", "groups", "l3v2extendedmath", "layout", "multi", "qual", "render", "req", "spatial"};
  static const std::string base = "http://www.sbml.org/sbml/level3/version1/";
  for (const auto& [key, value] : attributes(tag)) {
    if (!key.starts_with("xmlns:")) continue;
    const std::string prefix = key.substr(6);
    const bool ours = value.starts_with(base);
    const std::string name = ours ? value.substr(base.size(), value.find('/', base.size()) - base.size()) : prefix;
    const bool known = std::find(packages.begin(), packages.end(), name) != packages.end();
    if (ours ? known || name == "core" : !known) continue;
    const std::string hint = ours ? core::did_you_mean(name, packages) : "It is '" + base + name + "/version1' or a later version.";
    problems.add({"sbml-012", "element <sbml>: '" + value + "' is the namespace of no package of SBML", at, hint});
  }
}

void check_root(std::string_view tag, const core::Location& at, core::Diagnostics& problems) {
  const auto level = attribute(tag, "level"), version = attribute(tag, "version"), given = declared_namespace(tag);
  if (!level || !version) return;  // libSBML names what is missing
  const std::string expected = core_namespace(*level, *version);
  if (expected.empty()) {
    problems.add({"sbml-012", "element <sbml>: there is no SBML Level " + *level + " Version " + *version, at,
                  "Read are Level 1 Versions 1 and 2, Level 2 Versions 1 to 5, Level 3 Versions 1 and 2."});
  } else if (given != expected) {
    problems.add({"sbml-012",
                  given ? "element <sbml>: '" + *given + "' is not the namespace of Level " + *level + " Version " + *version
                        : "element <sbml> declares no namespace",
                  at, "It is '" + expected + "'."});
  }
  if (*level == "3") check_packages(tag, at, problems);
}

/// Where what starts at text[at] is over, if it holds no elements of the model: comments, character data, notes and annotations.
std::size_t past_foreign(std::string_view text, std::size_t at) {
  const std::string_view rest = text.substr(at);
  const std::string_view name = rest.size() > 1 && rest[1] != '/' ? element_at(text, at) : std::string_view{};
  const char* closing =
      rest.starts_with("<!--")        ? "-->"
      : rest.starts_with("<![CDATA[") ? "]]>"
      : rest.starts_with("<?")        ? "?>"
      : name == "notes"               ? "</notes"
      : name == "annotation"          ? "</annotation"
                                      : nullptr;
  return closing == nullptr ? at : std::min(text.find(closing, at), text.size());
}

}  // namespace

int line_at(std::string_view text, std::size_t at) {
  return 1 + static_cast<int>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(std::min(at, text.size())), '\n'));
}

std::string_view element_at(std::string_view text, std::size_t at) {
  std::string_view name = text.substr(at + 1, text.find_first_of(" \t\r\n/>", at + 1) - at - 1);
  if (const auto colon = name.find(':'); colon != std::string_view::npos) name.remove_prefix(colon + 1);
  return name;
}

void check_namespaces(std::string_view text, const std::string& file) {
  core::Diagnostics problems;
  bool root = true;
  for (std::size_t at = text.find('<'); at != std::string_view::npos; at = text.find('<', at + 1)) {
    if (const std::size_t end = past_foreign(text, at); end != at) {
      at = end;
      continue;
    }
    const std::string_view tag = text.substr(at, text.find('>', at) - at);
    const std::string_view name = element_at(text, at);
    if (root && name != "sbml") return;  // libSBML says that this is no SBML
    if (root) check_root(tag, {file, line_at(text, at), 0}, problems);
    root = false;
    const auto given = name == "math" ? declared_namespace(tag) : std::nullopt;
    if (given && *given != kMathMl) {
      problems.add({"sbml-012",
                    "element <math>: '" + *given + "' is not the namespace of MathML",
                    {file, line_at(text, at), 0},
                    "It is '" + std::string(kMathMl) + "'."});
    }
  }
  problems.throw_if_any(core::ErrorKind::Model);
}

}  // namespace osteosome::sbml
