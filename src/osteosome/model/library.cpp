// SPDX-License-Identifier: Apache-2.0
// The library: where models, species and therapies lie, and what they are called.
#include <algorithm>
#include <filesystem>

#include "osteosome/core/diagnostics.hpp"
#include "osteosome/core/text.hpp"
#include "osteosome/core/toml.hpp"
#include "osteosome/model/document.hpp"

namespace osteosome::model {
namespace {

namespace fs = std::filesystem;

/// Paths of the TOML files of a folder and those below it, sorted.
std::vector<std::string> toml_files(const fs::path& folder) {
  std::vector<std::string> paths;
  std::error_code ec;
  for (const auto& entry : fs::recursive_directory_iterator(folder, ec)) {
    if (entry.path().extension() == ".toml") paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

}  // namespace

bool is_sbml(const std::string& path) {
  const std::string ending = core::to_lower(fs::path(path).extension().string());
  return ending == ".xml" || ending == ".sbml";
}

std::string Library::find_model(const std::string& name, const std::string& beside) const {
  std::vector<fs::path> tries;
  if (!beside.empty()) tries.push_back(fs::path(beside).parent_path() / (is_sbml(name) ? name : name + ".toml"));
  const bool is_path = name.find('/') != std::string::npos || fs::path(name).extension() == ".toml" || is_sbml(name);
  if (beside.empty() && is_path) tries.push_back(name);
  if (!root.empty()) {
    const fs::path models_folder = fs::path(root) / "models";
    tries.push_back(models_folder / (name + ".toml"));
    for (const std::string& path : toml_files(models_folder)) {
      if (fs::path(path).stem() == name) tries.emplace_back(path);
    }
  }
  for (const fs::path& path : tries) {
    std::error_code ec;
    if (fs::exists(path, ec) && (beside.empty() || !fs::is_directory(path, ec))) return path.string();
  }
  if (beside.empty() && is_path) {
    throw core::Error(core::ErrorKind::Io, {"io-001", "cannot read '" + name + "': no such file", {}, ""});
  }
  std::string list;
  for (const std::string& id : models()) list += (list.empty() ? "" : ", ") + id;
  std::vector<std::string> documents;  // modules and overlays may be meant as well
  for (const std::string& path : toml_files(fs::path(root) / "models")) documents.push_back(fs::path(path).stem().string());
  const std::string hint = core::did_you_mean(name, documents);
  throw core::Error(core::ErrorKind::Input, {"input-010", "no model '" + name + "'", {}, hint.empty() ? "Built-in models: " + list + "." : hint});
}

std::vector<std::string> Library::models() const {
  std::vector<std::string> ids;
  for (const std::string& path : toml_files(fs::path(root) / "models")) {
    const core::TomlValue table = core::load_toml(path);
    if (table.find("model") != nullptr && table.find("ports") == nullptr && table.find("overlay") == nullptr)
      ids.push_back(fs::path(path).stem().string());
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

std::vector<std::string> Library::species() const {
  std::vector<std::string> names;
  for (const std::string& path : toml_files(fs::path(root) / "species")) {
    const core::TomlValue document = core::load_toml(path);
    const core::TomlValue* header = document.find("overlay");
    if (header != nullptr && header->find("species") != nullptr) names.push_back(fs::path(path).stem().string());
  }
  return names;
}

std::string Library::find_species(const std::string& name) const {
  const fs::path path = fs::path(root) / "species" / (name + ".toml");
  if (core::is_identifier(core::stem_identifier(path.string())) && fs::exists(path)) return path.string();
  const auto names = species();
  std::string list;
  for (const std::string& n : names) list += ", " + n;
  throw core::Error(core::ErrorKind::Input,
                    {"input-015", "no species '" + name + "'", {}, "Known are human" + list + ". " + core::did_you_mean(name, names)});
}

std::vector<std::string> Library::therapies() const {
  std::vector<std::string> paths = toml_files(fs::path(root) / "therapies");
  std::erase_if(paths, [](const std::string& path) {
    const core::TomlValue table = core::load_toml(path);
    return table.find("therapy") == nullptr && table.find("product") == nullptr;
  });
  return paths;
}

}  // namespace osteosome::model
