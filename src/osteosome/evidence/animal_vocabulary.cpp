// SPDX-License-Identifier: Apache-2.0
// The words of animal studies (evidence/preclinical/vocabulary.toml): read, checked, looked up.
#include <algorithm>

#include "animal_words.hpp"
#include "osteosome/core/text.hpp"
#include "osteosome/evidence/preclinical.hpp"
#include "osteosome/model/document.hpp"

namespace osteosome::evidence {
namespace {

using core::TomlReader;
using core::TomlValue;
using Names = std::vector<std::string>;

/// A list of the vocabulary: its keys beside `words`, and which names each may hold (none: any text).
struct Key {
  const char* name;
  Names allowed;
  bool required = true;
};
struct List {
  const char* name;
  std::vector<Key> keys;
};

std::vector<List> lists_of(const std::string& data_root, const model::Outcomes& outcomes) {
  Names measures = {""}, sites;
  for (const model::Outcome& o : outcomes.all()) measures.push_back(o.measure);
  for (const model::Site& site : outcomes.sites()) sites.push_back(site.code);
  const Names routes = protocol::load_routes(data_root);
  return {{"species", {{"overlay", model::Library{data_root}.species()}, {"surrogate", {"yes"}, false}}},
          {"diseases", {{"kind", {"gonadectomy", "unloading", "glucocorticoid", "ageing", "none"}}}},
          {"animal_models", {{"model", {}}}},
          {"products", {{"therapy", {"EV", "MSC", "drug"}}, {"drug", {}}}},
          {"outcomes", {{"code", measures}, {"sign", {"-"}, false}}},
          {"routes", {{"route", routes}, {"cells", routes}}},
          {"defects", {{"route", routes}}},
          {"sites", {{"site", sites}}},
          {"pathways", {{"constants", {}}}}};
}

void check_entry(const List& list, const TomlValue& entry, core::Diagnostics& problems) {
  TomlReader in(entry, "entry of [[" + std::string(list.name) + "]]", problems);
  if (in.texts("words").empty()) in.problem("vocabulary-001", "'words' is missing or empty", "[\"\"] stands for every text.");
  for (const Key& key : list.keys) {
    const auto text = in.text(key.name);
    if (!text && key.required && entry.find(key.name) == nullptr) in.problem("toml-005", "'" + std::string(key.name) + "' is missing");
    if (!text || key.allowed.empty() || std::find(key.allowed.begin(), key.allowed.end(), *text) != key.allowed.end()) continue;
    in.problem("vocabulary-002", "unknown '" + std::string(key.name) + "' = '" + *text + "'", core::did_you_mean(*text, key.allowed), key.name);
  }
  in.finish();
}

void check_defaults(TomlReader& top, core::Diagnostics& problems) {
  const TomlValue* table = top.table("defaults");
  if (table == nullptr) return top.problem("vocabulary-003", "the table [defaults] is missing");
  TomlReader in(*table, "[defaults]", problems);
  for (const char* key : {"animals", "age_weeks", "old_age_weeks", "start_weeks", "duration_weeks", "exosome_interval_days"})
    (void)in.required_number(key);
  for (const char* key : {"exosome_dose", "cell_dose", "glucocorticoid"}) (void)in.required_text(key);
  in.finish();
}

}  // namespace

Vocabulary::Vocabulary(const std::string& data_root, const model::Outcomes& outcomes)
    : root_(core::load_toml(data_root + "/evidence/preclinical/vocabulary.toml")) {
  core::Diagnostics problems;
  TomlReader top(root_, "vocabulary", problems);
  check_defaults(top, problems);
  for (const List& list : lists_of(data_root, outcomes)) {
    const TomlValue* entries = top.array(list.name);
    if (entries == nullptr) top.problem("vocabulary-003", "the list [[" + std::string(list.name) + "]] is missing");
    for (const TomlValue& entry : entries == nullptr ? std::vector<TomlValue>{} : entries->items) check_entry(list, entry, problems);
  }
  top.finish();
  problems.throw_if_any(core::ErrorKind::Input);
}

std::string Vocabulary::look_up(const std::string& table, const std::string& text, const std::string& wanted, const std::string& only) const {
  for (const TomlValue& entry : root_.find(table)->items) {
    const TomlValue* therapy = entry.find("therapy");
    if (!only.empty() && (therapy == nullptr || therapy->text != only)) continue;
    const auto& words = entry.find("words")->items;
    const bool hit = std::any_of(words.begin(), words.end(), [&](const TomlValue& w) { return has_word(text, core::to_lower(w.text)); });
    if (!hit) continue;
    const TomlValue* value = entry.find(wanted);
    return value == nullptr ? "" : value->text;
  }
  return "";
}

bool Vocabulary::names(const std::string& table, const std::string& text, const std::string& only) const {
  for (const TomlValue& entry : root_.find(table)->items) {
    const TomlValue* therapy = entry.find("therapy");
    if (!only.empty() && (therapy == nullptr || therapy->text != only)) continue;
    const auto& words = entry.find("words")->items;
    if (std::any_of(words.begin(), words.end(), [&](const TomlValue& w) { return !w.text.empty() && has_word(text, core::to_lower(w.text)); }))
      return true;
  }
  return false;
}

std::string Vocabulary::fallback(const std::string& key) const { return root_.find("defaults")->find(key)->text; }
double Vocabulary::number(const std::string& key) const { return root_.find("defaults")->find(key)->number; }

}  // namespace osteosome::evidence
