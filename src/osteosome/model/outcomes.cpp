// SPDX-License-Identifier: Apache-2.0
#include "osteosome/model/outcomes.hpp"

#include <algorithm>
#include <cmath>

#include "osteosome/core/text.hpp"
#include "osteosome/core/toml.hpp"
#include "osteosome/model/vocabulary.hpp"

namespace osteosome::model {
namespace {

using core::TomlReader;
using core::TomlValue;

const std::vector<std::string> kOutcomeKinds = {"density", "marker", "structure", "histomorphometry", "signal", "exposure", "culture", "fracture"};
const std::vector<std::string> kGood = {"up", "down"};
constexpr double kLastPlace = 1000;

/// Index of the word of `key` in `allowed`, whose size stands for a word that is left out or, with a problem reported, unknown.
std::size_t among(TomlReader& in, std::string_view key, const std::string& word, const std::vector<std::string>& allowed) {
  const auto at = std::find(allowed.begin(), allowed.end(), word);
  if (at == allowed.end() && !word.empty()) {
    std::string list;
    for (const std::string& a : allowed) list += (list.empty() ? "" : ", ") + a;
    in.problem("outcome-001", "unknown '" + std::string(key) + "' = '" + word + "'", "One of " + list + ". " + core::did_you_mean(word, allowed),
               key);
  }
  return static_cast<std::size_t>(at - allowed.begin());
}

/// The code of an entry; reports one that is no identifier or stands twice.
std::string code_of(TomlReader& in, const std::vector<std::string>& earlier) {
  const std::string code = in.required_text("code");
  if (!code.empty() && !core::is_identifier(code)) in.problem("outcome-002", "'" + code + "' is no code", "Use letters, digits and '_'.", "code");
  if (std::find(earlier.begin(), earlier.end(), code) != earlier.end()) in.problem("outcome-003", "'" + code + "' stands twice", "", "code");
  return code;
}

template <class T>
std::vector<std::string> codes_of(const std::vector<T>& entries) {
  std::vector<std::string> codes;
  for (const T& entry : entries) codes.push_back(entry.code);
  return codes;
}

template <class F>
void each_entry(const std::string& data_root, const char* list, core::Diagnostics& problems, F read) {
  const TomlValue root = load_vocabulary(data_root, list);
  TomlReader top(root, "vocabulary", problems);
  const TomlValue* entries = top.array(list);
  if (entries == nullptr) top.problem("outcome-004", "the list [[" + std::string(list) + "]] is missing");
  for (const TomlValue& entry : entries == nullptr ? std::vector<TomlValue>{} : entries->items) {
    TomlReader in(entry, "entry of [[" + std::string(list) + "]]", problems);
    read(in);
    in.finish();
  }
  top.finish();
}

std::vector<Site> read_sites(const std::string& data_root, core::Diagnostics& problems) {
  std::vector<Site> sites;
  each_entry(data_root, "sites", problems, [&](TomlReader& in) {
    Site site;
    site.code = code_of(in, codes_of(sites));
    site.title = in.required_text("title");
    site.t_score = in.boolean("t_score").value_or(false);
    sites.push_back(std::move(site));
  });
  return sites;
}

/// What an entry says of its outcome wherever it is measured.
Outcome read_outcome(TomlReader& in) {
  Outcome o;
  o.title = in.required_text("title");
  o.meaning = in.required_text("meaning");
  o.unit = in.required_text("unit");
  const std::size_t kind = among(in, "kind", in.required_text("kind"), kOutcomeKinds);
  if (kind < kOutcomeKinds.size()) o.kind = static_cast<OutcomeKind>(kind);
  o.good = static_cast<Good>(among(in, "good", in.text("good").value_or(""), kGood));
  o.spread = in.text("spread").value_or("other");
  o.precision = in.number("precision");
  if (o.precision && !(*o.precision > 0 && *o.precision < 100))
    in.problem("outcome-005", "'precision' should lie between 0 and 100 percent", "", "precision");
  const bool sourced = !in.text("source").value_or("").empty();
  if (o.precision && !sourced) in.problem("outcome-005", "'precision' needs a 'source'", "", "precision");
  if (const auto order = in.number("order")) {
    if (!(*order >= 1 && *order <= kLastPlace && *order == std::floor(*order)))
      in.problem("outcome-005", "'order' should be a whole number from 1 to 1000", "", "order");
    o.order = static_cast<int>(std::clamp(*order, 1.0, kLastPlace));
  }
  o.fades = in.boolean("fades").value_or(false);
  return o;
}

std::vector<Outcome> read_outcomes(const std::string& data_root, const std::vector<Site>& sites, core::Diagnostics& problems) {
  std::vector<Outcome> outcomes;
  const auto known = codes_of(sites);
  each_entry(data_root, "outcomes", problems, [&](TomlReader& in) {
    const std::string code = code_of(in, codes_of(outcomes));
    Outcome o = read_outcome(in);
    o.code = o.measure = code;
    o.where = in.where("code");
    o.site = in.text("site").value_or("");
    const auto at = in.texts("sites");
    if (!o.site.empty()) (void)among(in, "site", o.site, known);
    if (!o.site.empty() && !at.empty()) in.problem("outcome-005", "'site' and 'sites' are the same question", "Keep one of them.", "sites");
    if (at.empty()) outcomes.push_back(o);
    for (const std::string& site : at) {
      const std::size_t k = among(in, "sites", site, known);
      Outcome there = o;
      there.code = code + "_" + site;
      there.site = site;
      if (k < sites.size()) there.title += ", " + sites[k].title, there.meaning += ", " + sites[k].title;
      if (std::any_of(outcomes.begin(), outcomes.end(), [&](const Outcome& x) { return x.code == there.code; }))
        in.problem("outcome-003", "'" + there.code + "' stands twice", "", "sites");
      outcomes.push_back(std::move(there));
    }
  });
  return outcomes;
}

}  // namespace

std::string Site::t_score_key() const { return "t_" + core::to_lower(code); }

Outcomes::Outcomes(std::vector<Site> sites, std::vector<Outcome> outcomes) : sites_(std::move(sites)), outcomes_(std::move(outcomes)) {}

const Outcome* Outcomes::find(std::string_view code) const& {
  const auto it = std::find_if(outcomes_.begin(), outcomes_.end(), [&](const Outcome& o) { return o.code == code; });
  return it == outcomes_.end() ? nullptr : &*it;
}

const Outcome* Outcomes::find(std::string_view measure, std::string_view site) const& {
  const auto it = std::find_if(outcomes_.begin(), outcomes_.end(), [&](const Outcome& o) {
    return o.measure == measure && (o.code == o.measure || o.site == site);
  });
  return it == outcomes_.end() ? nullptr : &*it;
}

std::vector<std::string> Outcomes::codes() const {
  std::vector<std::string> codes;
  for (const Outcome& o : outcomes_) {
    if (o.kind != OutcomeKind::Fracture) codes.push_back(o.code);
  }
  return codes;
}

std::vector<std::string> Outcomes::usual() const {
  std::vector<const Outcome*> ordered;
  for (const Outcome& o : outcomes_) {
    if (o.order) ordered.push_back(&o);
  }
  std::stable_sort(ordered.begin(), ordered.end(), [](const Outcome* a, const Outcome* b) { return *a->order < *b->order; });
  std::vector<std::string> codes;
  for (const Outcome* o : ordered) codes.push_back(o->code);
  return codes;
}

Outcomes load_outcomes(const std::string& data_root) {
  core::Diagnostics problems;
  auto sites = read_sites(data_root, problems);
  auto outcomes = read_outcomes(data_root, sites, problems);
  problems.throw_if_any(core::ErrorKind::Input);
  return {std::move(sites), std::move(outcomes)};
}

}  // namespace osteosome::model
