// SPDX-License-Identifier: Apache-2.0
#include "osteosome/evidence/populations.hpp"

#include <algorithm>
#include <cmath>

#include "osteosome/core/text.hpp"
#include "osteosome/core/toml.hpp"
#include "osteosome/model/vocabulary.hpp"

namespace osteosome::evidence {
namespace {

using core::TomlReader;
using core::TomlValue;

void read_scores(TomlReader& in, const model::Outcomes& outcomes, core::Diagnostics& problems, Population& p) {
  const TomlValue* table = in.table("t_scores");
  if (table == nullptr) return;
  std::vector<std::string> known;
  for (const model::Site& site : outcomes.sites()) {
    if (site.t_score) known.push_back(site.code);
  }
  TomlReader body(*table, "t_scores of '" + p.code + "'", problems);
  for (const auto& entry : table->entries) {
    p.t_scores.emplace_back(entry.first, body.required_number(entry.first));
    if (std::find(known.begin(), known.end(), entry.first) == known.end())
      body.problem("population-005", "no site with T-scores is called '" + entry.first + "'", core::did_you_mean(entry.first, known), entry.first);
  }
}

Population read_population(TomlReader& in, const std::vector<Population>& earlier, const model::Outcomes& outcomes, core::Diagnostics& problems) {
  Population p;
  p.code = in.required_text("code");
  p.title = in.required_text("title");
  if (std::any_of(earlier.begin(), earlier.end(), [&](const Population& x) { return x.code == p.code; }))
    in.problem("population-006", "'" + p.code + "' stands twice", "", "code");
  const auto age = in.number("age");
  p.age_at_menopause_y = in.number("age_at_menopause");
  if (age.has_value() == p.age_at_menopause_y.has_value())
    in.problem("population-007", "'age' or 'age_at_menopause', one of them, is needed", "", "age");
  p.age_y = age.value_or(0);
  for (const auto& years : {age, p.age_at_menopause_y}) {
    if (years && !(*years >= 18 && *years <= 110)) in.problem("population-007", "an age of " + core::format_double(*years) + " years");
  }
  p.years_since_menopause = in.number("years_since_menopause");
  p.surgical = in.boolean("surgical").value_or(false);
  if (p.surgical && !p.age_at_menopause_y) in.problem("population-007", "'surgical' needs 'age_at_menopause'", "", "surgical");
  p.others = in.text("others");
  (void)in.required_text("source");
  read_scores(in, outcomes, problems, p);
  in.finish();
  return p;
}

}  // namespace

const Population& Populations::of(const std::string& code) const& {
  const auto own = std::find_if(all_.begin(), all_.end(), [&](const Population& p) { return p.code == code; });
  if (own != all_.end()) return *own;
  return *std::find_if(all_.begin(), all_.end(), [&](const Population& p) { return p.others && code.starts_with(*p.others); });
}

Populations load_populations(const std::string& data_root, const model::Outcomes& outcomes) {
  core::Diagnostics problems;
  const TomlValue root = model::load_vocabulary(data_root, "populations");
  TomlReader top(root, "vocabulary", problems);
  std::vector<Population> all;
  const TomlValue* entries = top.array("populations");
  for (const TomlValue& entry : entries == nullptr ? std::vector<TomlValue>{} : entries->items) {
    TomlReader in(entry, "entry of [[populations]]", problems);
    all.push_back(read_population(in, all, outcomes, problems));
  }
  if (std::none_of(all.begin(), all.end(), [](const Population& p) { return p.others == ""; }))
    top.problem("population-008", "no entry of [[populations]] is for all others", "Give one of them others = \"\".");
  top.finish();
  problems.throw_if_any(core::ErrorKind::Input);
  return Populations(std::move(all));
}

}  // namespace osteosome::evidence
