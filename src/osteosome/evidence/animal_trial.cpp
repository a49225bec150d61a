// SPDX-License-Identifier: Apache-2.0
// An animal study's row as two simulated groups.
#include <algorithm>
#include <cmath>
#include <set>

#include "animal_words.hpp"
#include "osteosome/core/csv.hpp"
#include "osteosome/core/text.hpp"
#include "osteosome/evidence/preclinical.hpp"

namespace osteosome::evidence {
namespace {

constexpr double kDaysPerWeek = 7;
constexpr double kShortestInterval = 0.25;  // days
constexpr double kYoungest = 10.5;  // weeks: the oldest of the ages at which species/ start

/// Days between doses of a schedule such as "2x/wk", "every 3 d", "2 injections, 4 wk apart", "weekly"; 0 if it names none.
double interval_of(const std::string& schedule) {
  const std::string text = core::to_lower(schedule);
  const auto numbers = numbers_in(text);
  const auto unit_after = [&](std::size_t at) {
    return at != std::string::npos && text.find_first_of("dw", at) != std::string::npos && text[text.find_first_of("dw", at)] == 'w'
               ? kDaysPerWeek
               : 1;
  };
  if (text.find("apart") != std::string::npos && numbers.size() == 2) return numbers[1] * unit_after(text.find(','));
  for (const char* per_week : {"/wk", "/week", "per week", "times a week"}) {
    if (text.find(per_week) != std::string::npos && !numbers.empty()) return kDaysPerWeek / numbers[0];
  }
  const std::size_t every = text.find("every");
  if (every != std::string::npos && !numbers.empty()) return numbers[0] * unit_after(text.find_first_of("0123456789", every));
  if (text.find("weekly") != std::string::npos) return kDaysPerWeek;
  if (text.find("daily") != std::string::npos || text.find("/d") != std::string::npos) return 1;
  return 0;
}

/// " every 7 d x 8" of a schedule; "" for a single dose. `usual` [days] holds where the schedule names no interval, 0 for a single dose.
std::string repeats(const std::string& schedule, double usual, double days) {
  const std::string text = core::to_lower(schedule);
  double interval = interval_of(schedule);
  if (interval == 0 && (text.find("single") != std::string::npos || text.find("once") != std::string::npos)) return "";
  if (interval == 0) interval = usual;
  if (interval == 0) return "";
  const std::size_t times = text.find(" x ");
  double count = std::max(1.0, std::ceil(days / interval - 1e-9));
  if (times != std::string::npos && !numbers_in(text.substr(times)).empty()) count = std::min(count, numbers_in(text.substr(times)).front());
  if (text.find("injections") != std::string::npos && !numbers_in(text).empty()) count = numbers_in(text).front();
  return " every " + core::format_double(interval) + " d x " + core::format_double(count);
}

/// A unit the regimen text knows, of e.g. "ug protein/mouse" or "cells/kg"; "" if the dose cannot be told.
std::string dose_unit(const std::string& text) {
  const std::string lower = core::to_lower(text);
  if (lower.find("/ml") != std::string::npos) return "";  // a concentration without its volume
  const std::string per_kg = lower.find("/kg") != std::string::npos ? "/kg" : "";
  for (const char* unit : {"cells", "particles", "mg", "ug", "ng"}) {
    if (lower.find(unit) != std::string::npos) return unit + per_kg;
  }
  return lower.find("\xC2\xB5g") != std::string::npos || lower.find("\xCE\xBCg") != std::string::npos ? "ug" + per_kg : "";
}

std::string route_of(const std::string& text) {
  if (has_word(text, "gel") || has_word(text, "scaffold")) return "gel";
  if (has_word(text, "local") || has_word(text, "intra-femoral") || has_word(text, "intramedul") || has_word(text, "marrow") ||
      has_word(text, "implant") || has_word(text, "osseous") || has_word(text, "intratib") || has_word(text, "in situ"))
    return "local";
  if (has_word(text, "=ip") || has_word(text, "peritone")) return "ip";
  if (has_word(text, "=sc") || has_word(text, "subcut")) return "sc";
  return "iv";
}

/// Cells go into a vein or into a bone.
std::string cell_route(const std::string& text) {
  const std::string route = route_of(text);
  return route == "local" || route == "gel" ? "local" : "iv";
}

std::optional<Reported> direction_of(const std::string& text, bool up_is_good) {
  if (text == "up") return Reported::Up;
  if (text == "down") return Reported::Down;
  if (text == "ns" || text == "unchanged" || text == "no effect" || text == "null") return Reported::NoEffect;
  if (text == "improved") return up_is_good ? Reported::Up : Reported::Down;
  if (text == "worsened" || text == "worse") return up_is_good ? Reported::Down : Reported::Up;
  return std::nullopt;
}

/// Why numbers of a row cannot be those of a study; empty if they can. Text counts as silent.
std::string implausible(const AnimalRow& row) {
  struct Limits {
    const char* column;
    double low, high;
  };
  constexpr double kWeeks = 260;  // no rodent lives longer
  for (const Limits& l : {Limits{"n", 1, 1e4}, Limits{"age_weeks", 0, kWeeks}, Limits{"weeks_after_model_before_treatment", 0, kWeeks},
                          Limits{"duration_weeks", 0, kWeeks}, Limits{"dose", 0, 1e15}}) {
    std::vector<double> numbers = numbers_in(row.text(l.column));
    if (const auto whole = row.number(l.column)) numbers.push_back(*whole);  // "-4" too
    for (const double x : numbers) {
      if (!(x >= l.low && x <= l.high))
        return std::string(l.column) + " = " + row.text(l.column) + " is not between " + core::format_double(l.low) + " and " +
               core::format_double(l.high);
    }
  }
  const double interval = interval_of(row.text("schedule"));
  if (interval != 0 && !(interval >= kShortestInterval && interval <= kWeeks * kDaysPerWeek)) return "schedule '" + row.text("schedule") + "'";
  return "";
}

/// Turns rows into trials with the words of the vocabulary.
class TrialReader {
 public:
  TrialReader(const std::string& data_root, const core::UnitSystem& units)
      : units_(units), vocabulary_(data_root + "/evidence/preclinical/vocabulary.toml"),
        catalogue_(protocol::load_catalogue(data_root + "/therapies")) {
    const std::string path = data_root + "/evidence/preclinical/variability.csv";
    for (const auto& row : core::parse_csv(core::read_file(path), path).rows)
      variation_[row[0] + "|" + row[1] + "|" + row[2]] = core::parse_double(row[3]).value_or(0.3);
  }

  [[nodiscard]] std::string make_trial(const AnimalRow& row, AnimalTrial& trial) const;

 private:
  [[nodiscard]] std::string describe_outcome(const AnimalRow& row, AnimalTrial& trial) const;
  [[nodiscard]] std::string describe_disease(const AnimalRow& row, AnimalTrial& trial) const;
  [[nodiscard]] std::string describe_treatment(const AnimalRow& row, AnimalTrial& trial) const;
  [[nodiscard]] double day_after_last_dose(const std::string& regimen, double days) const;

  const core::UnitSystem& units_;
  Vocabulary vocabulary_;
  protocol::DrugCatalogue catalogue_;
  std::map<std::string, double> variation_;  ///< "species|model|outcome"
};

/// Empty, or why the row cannot be simulated.
std::string TrialReader::make_trial(const AnimalRow& row, AnimalTrial& trial) const {
  if (row.text("usable") == "false") return row.text("why_not");
  if (const std::string reason = implausible(row); !reason.empty()) return reason;
  const std::string animal = row.text("strain") + " " + row.text("species");
  trial.species = vocabulary_.look_up("species", animal, "overlay");
  if (trial.species.empty()) {
    trial.species = vocabulary_.look_up("species", "rat", "overlay");
    trial.filled_in.emplace_back("species");
  }
  if (vocabulary_.look_up("species", animal, "surrogate") == "yes") trial.filled_in.push_back("rat stands in for " + row.text("species"));
  trial.n = row.number_or("n", vocabulary_.number("animals"));
  if (row.text("n").empty()) trial.filled_in.emplace_back("animals a group");
  if (trial.n < 2) trial.n = 2;
  for (const auto describe : {&TrialReader::describe_outcome, &TrialReader::describe_disease, &TrialReader::describe_treatment}) {
    const std::string reason = (this->*describe)(row, trial);
    if (!reason.empty()) return reason;
  }
  if (!trial.reported && !row.number("effect") && !row.number("percent_change")) return "neither a direction nor a number";
  return "";
}

std::string TrialReader::describe_outcome(const AnimalRow& row, AnimalTrial& trial) const {
  const std::string outcome = row.text("outcome");
  const std::string code = vocabulary_.look_up("outcomes", outcome, "code");
  if (code.empty()) return "the model has no '" + outcome + "'";
  const std::set<std::string> sited = {"BVTV", "TbN", "TbTh", "TbSp", "BMD"};
  trial.outcome = code;
  if (sited.contains(code)) trial.outcome += "_" + vocabulary_.look_up("sites", outcome, "site");
  const bool up_is_good = vocabulary_.look_up("outcomes", outcome, "good") == "up";
  const bool counts_loss = vocabulary_.look_up("outcomes", outcome, "sign") == "-";
  trial.reported = direction_of(row.text("direction"), up_is_good);
  if (counts_loss && trial.reported == Reported::Up) {
    trial.reported = Reported::Down;
  } else if (counts_loss && trial.reported == Reported::Down) {
    trial.reported = Reported::Up;
  }
  trial.beneficial = trial.reported == (up_is_good ? Reported::Up : Reported::Down);
  const std::string disease = row.text("osteoporosis_model"), species = trial.species.substr(0, trial.species.find('-'));
  const std::string model = has_word(disease, "ovx") ? "OVX" : has_word(disease, "orx") ? "ORX" : has_word(disease, "hlu") ? "HLU" : "none";
  const std::string name = vocabulary_.look_up("outcomes", outcome, "variation");
  const auto known = variation_.find(species + "|" + model + "|" + name);
  trial.variation = known == variation_.end() ? Variation{variation_.at("any|any|" + name), true} : Variation{known->second, false};
  return "";
}

std::string TrialReader::describe_disease(const AnimalRow& row, AnimalTrial& trial) const {
  const std::string disease = row.text("osteoporosis_model");
  std::string kind = vocabulary_.look_up("diseases", disease, "kind");
  if (kind.empty()) {
    kind = disease.empty() ? "gonadectomy" : "none";
    trial.filled_in.push_back(disease.empty() ? "disease" : "intact animal in place of " + disease);
  }
  const bool vehicle = row.text("therapy") == "vehicle";
  const auto lasts = numbers_in(row.text("duration_weeks"));
  if (lasts.empty()) trial.filled_in.emplace_back("duration");
  trial.days = kDaysPerWeek * std::max(0.01, lasts.empty() ? vocabulary_.number("duration_weeks") : lasts.back());
  const auto ages = numbers_in(row.text("age_weeks"));
  if (ages.empty()) trial.filled_in.emplace_back("age");
  double weeks = ages.empty() ? vocabulary_.number(kind == "ageing" ? "old_age_weeks" : "age_weeks") : ages.front();
  const auto waits = numbers_in(row.text("weeks_after_model_before_treatment"));
  double wait = 0;
  if (kind == "gonadectomy" && !vehicle) {
    wait = waits.empty() ? vocabulary_.number("start_weeks") : waits.front();
    if (waits.empty()) trial.filled_in.emplace_back("start of treatment");
  }
  simulate::Patient& animal = trial.treated_animal;
  animal.age_days = kDaysPerWeek * std::max(weeks + wait, kYoungest);
  animal.supplement = false;
  trial.control_animal = animal;
  trial.treated = trial.control = "none";
  if (kind == "gonadectomy") animal.days_since_gonadectomy = kDaysPerWeek * wait;
  if (kind == "unloading") animal.unloading_days = std::pair{0.0, trial.days};
  if (kind == "glucocorticoid" || has_word(disease, "glucocorticoid")) trial.treated = vocabulary_.fallback("glucocorticoid");
  if (vehicle && (kind == "ageing" || kind == "none")) {
    if (ages.size() < 2) return "an intact animal without a comparator";
    animal.age_days = kDaysPerWeek * std::max(ages.back(), kYoungest);
    trial.days = 0.01;
  }
  if (!vehicle) {
    trial.control_animal = animal;
    trial.control = trial.treated;
  }
  return "";
}

std::string TrialReader::describe_treatment(const AnimalRow& row, AnimalTrial& trial) const {
  const std::string therapy = row.text("therapy");
  const bool effect_row = !row.text("effect").empty();
  if (therapy == "vehicle") {
    trial.group = "disease";
    return "";
  }
  trial.group = therapy == "drug" ? "drug" : trial.reported == Reported::NoEffect || (trial.reported && !trial.beneficial) ? "null" : "benefit";
  const std::string what = row.text("engineering") + " | " + row.text("source") + (therapy == "drug" ? " | " + row.text("study") : "");
  const std::string drug = vocabulary_.look_up("products", what, "drug", therapy);
  if (drug.empty()) return "no product for the therapy '" + therapy + " " + row.text("source") + "'";
  if (therapy == "drug") {
    if (drug != "none") trial.treated = trial.treated == "none" ? drug : drug + " & " + trial.treated;
    return "";
  }
  const auto amount = row.number("dose");
  const std::string unit = dose_unit(row.text("dose_unit"));
  const bool cells = therapy == "MSC";
  std::string dose = vocabulary_.fallback(cells ? "cell_dose" : "exosome_dose");
  if (amount && !unit.empty()) {
    dose = core::format_double(*amount) + " " + unit;
  } else {
    trial.filled_in.emplace_back("dose");
  }
  if (row.text("schedule").empty() && !effect_row) trial.filled_in.emplace_back("schedule");
  const std::string defect = vocabulary_.look_up("routes", row.text("osteoporosis_model"), "route");
  if (!defect.empty()) trial.filled_in.emplace_back("intact bone in place of a defect");
  const std::string said = row.text("route").empty() ? defect : row.text("route");
  const std::string text = drug + " " + dose + " " + (cells ? cell_route(said) : route_of(said)) +
                           repeats(row.text("schedule"), cells ? 0 : vocabulary_.number("exosome_interval_days"), trial.days);
  trial.treated = trial.treated == "none" ? text : text + " & " + trial.treated;
  if (vocabulary_.look_up("outcomes", row.text("outcome"), "when") == "after dose") trial.days = day_after_last_dose(text, trial.days);
  return "";
}

double TrialReader::day_after_last_dose(const std::string& regimen, double days) const {
  const auto last = core::Time(days, core::kSecondsPerDay).whole_microseconds();
  const auto doses = protocol::expand(protocol::parse_regimen(regimen, catalogue_, units_), last);
  return doses.empty() ? days : std::min(days, static_cast<double>(doses.back().time) / protocol::kMicrosecondsPerDay + 1);
}

}  // namespace

std::vector<AnimalTrial> describe_trials(const std::vector<AnimalRow>& rows, const std::string& data_root, const core::UnitSystem& units,
                                         std::vector<AnimalLeftOut>& left_out) {
  const TrialReader reader(data_root, units);
  std::vector<AnimalTrial> trials;
  for (const AnimalRow& row : rows) {
    if (row.table != "preclinical") continue;
    AnimalTrial trial;
    trial.row = &row;
    const std::string reason = reader.make_trial(row, trial);
    if (reason.empty()) {
      trials.push_back(std::move(trial));
    } else {
      left_out.push_back({&row, reason});
    }
  }
  return trials;
}

}  // namespace osteosome::evidence
