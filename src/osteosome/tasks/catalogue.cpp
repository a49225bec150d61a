// SPDX-License-Identifier: Apache-2.0
// What there is to name, and documents to start from.
#include "osteosome/tasks/catalogue.hpp"

#include <algorithm>
#include <filesystem>
#include <map>

#include "osteosome/core/output_file.hpp"
#include "osteosome/core/text.hpp"
#include "osteosome/evidence/preclinical.hpp"
#include "osteosome/evidence/study.hpp"

namespace osteosome::tasks {
namespace {

namespace fs = std::filesystem;
using core::Table;
using core::TomlValue;

/// Documents of a folder of the data folder, by name.
std::vector<fs::path> documents(const cohort::Workspace& workspace, const char* folder) {
  std::vector<fs::path> paths;
  std::error_code ec;
  for (const auto& entry : fs::directory_iterator(fs::path(workspace.root()) / folder, ec)) {
    if (entry.path().extension() == ".toml") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

/// `table`.`key` of a document as text, or "".
std::string text_of(const TomlValue& document, const char* table, const char* key) {
  const TomlValue* header = document.find(table);
  const TomlValue* value = header == nullptr ? nullptr : header->find(key);
  return value == nullptr ? "" : value->text;
}

/// Drugs, or products, each with the title of its document.
Table drugs(const cohort::Workspace& workspace, bool products) {
  std::map<std::string, std::string> titles;
  for (const std::string& path : workspace.library().therapies()) {
    const TomlValue document = core::load_toml(path);
    const std::string drug = text_of(document, "therapy", "drug");
    if (!drug.empty()) titles[drug] = text_of(document, "model", "title");
    titles[text_of(document, "product", "drug")] = text_of(document, "product", "title");
  }
  Table table{products ? "products" : "drugs", {products ? "product" : "drug", "route", "unit", "largest_dose", "title"}, {}};
  for (const protocol::Drug& d : workspace.drugs().drugs) {
    if (d.product == products) table.rows.push_back({d.name, d.route, d.unit, d.largest_dose, titles[d.name]});
  }
  std::sort(table.rows.begin(), table.rows.end());
  return table;
}

/// Overlays of animals and dishes; a strain has the name of its species and one of its own.
Table species(const cohort::Workspace& workspace, bool strains) {
  Table table{strains ? "strains" : "species", {strains ? "strain" : "species", strains ? "of" : "model", "title"}, {}};
  if (!strains) table.rows.push_back({"human", "osteosome", "Women; without `species` in a scenario"});
  for (const std::string& name : workspace.library().species()) {
    const TomlValue document = core::load_toml(workspace.library().find_species(name));
    const std::string of = text_of(document, "overlay", "species");
    if ((of != name) == strains)
      table.rows.push_back({name, strains ? of : text_of(document, "overlay", "of"), text_of(document, "overlay", "title")});
  }
  return table;
}

Table outcomes(const model::Outcomes& all) {
  Table table{"outcomes", {"outcome", "unit", "title", "meaning"}, {}};
  for (const model::Outcome& o : all.all()) table.rows.push_back({o.code, o.unit, o.title, o.meaning});
  return table;
}

Table sites(const model::Outcomes& all) {
  Table table{"sites", {"site", "t_score", "title"}, {}};
  for (const model::Site& s : all.sites()) table.rows.push_back({s.code, s.t_score ? s.t_score_key() : "", s.title});
  return table;
}

Table scenarios(const cohort::Workspace& workspace) {
  Table table{"scenarios", {"scenario", "title", "file"}, {}};
  for (const fs::path& path : documents(workspace, "scenarios"))
    table.rows.push_back({path.stem().string(), text_of(core::load_toml(path.string()), "scenario", "title"), path.string()});
  return table;
}

/// Arms of trials and animal studies: what `evidence` of an arm names.
Table studies(const cohort::Workspace& workspace) {
  Table table{"studies", {"evidence", "kind", "title"}, {}};
  for (const evidence::Study& study : evidence::load_evidence(workspace.root())) {
    for (const evidence::StudyArm& arm : study.arms) table.rows.push_back({arm.id, "women", study.title + ": " + arm.label});
  }
  std::string last;
  for (const evidence::AnimalRow& row : evidence::load_animal_studies(workspace.root() + "/evidence/preclinical")) {
    if (row.study != last) table.rows.push_back({row.study, "animals", text_of(core::load_toml(row.where.file), "study", "title")});
    last = row.study;
  }
  return table;
}

}  // namespace

const std::vector<std::string>& listed() {
  static const std::vector<std::string> kinds = {"drugs", "products", "species", "strains", "outcomes", "sites", "scenarios", "studies"};
  return kinds;
}

Table list(const cohort::Workspace& workspace, const std::string& what) {
  if (what == "drugs" || what == "products") return drugs(workspace, what == "products");
  if (what == "species" || what == "strains") return species(workspace, what == "strains");
  if (what == "scenarios") return scenarios(workspace);
  if (what == "studies") return studies(workspace);
  const model::Outcomes all = model::load_outcomes(workspace.root());
  return what == "sites" ? sites(all) : outcomes(all);
}

std::vector<std::string> templates(const cohort::Workspace& workspace) {
  std::vector<std::string> names;
  for (const fs::path& path : documents(workspace, "templates")) names.push_back(path.stem().string());
  return names;
}

void begin(const cohort::Workspace& workspace, const std::string& kind, const std::string& path) {
  const auto names = templates(workspace);
  if (std::find(names.begin(), names.end(), kind) == names.end()) {
    std::string list;
    for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
    throw core::usage("there is no template '" + kind + "'", "There are " + list + ". " + core::did_you_mean(kind, names));
  }
  std::error_code ec;
  if (fs::exists(path, ec)) throw core::Error(core::ErrorKind::Io, {"io-004", "'" + path + "' exists", {}, "Write to another name."});
  core::write_file(path, core::read_file(workspace.root() + "/templates/" + kind + ".toml"));
}

}  // namespace osteosome::tasks
