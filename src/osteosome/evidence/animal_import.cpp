// SPDX-License-Identifier: Apache-2.0
// The importer of animal studies: the text of a row becomes a design, by the words of the vocabulary. What is typed once (designs.csv) does not
// come here again.
#include "animal_import.hpp"

#include <algorithm>
#include <cmath>

#include "animal_words.hpp"
#include "osteosome/core/text.hpp"

namespace osteosome::evidence {
namespace {

constexpr double kDaysPerWeek = 7;
constexpr double kShortestInterval = 0.25;  // days
constexpr double kYoungest = 10.5;  // weeks: the oldest of the ages at which species/ start

/// Days between doses of a schedule such as "2x/wk", "every 3 d", "2 injections, 4 wk apart", "weekly"; 0 if it names none.
double interval_of(const std::string& schedule) {
  const std::string text = core::to_lower(schedule);
  const auto numbers = numbers_in(text);
  if (text.find("biweekly") != std::string::npos) return 0;  // twice a week, or every two weeks
  constexpr std::pair<const char*, double> kTimes[] = {
      {"twice weekly", 2}, {"twice a week", 2}, {"three times weekly", 3}, {"three times a week", 3}};
  for (const auto& [words, times] : kTimes) {
    if (text.find(words) != std::string::npos) return kDaysPerWeek / times;
  }
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

bool once(const std::string& schedule) {
  const std::string text = core::to_lower(schedule);
  return text.find("single") != std::string::npos || text.find("once") != std::string::npos;
}

/// " every 7 d x 8" of a schedule; "" for a single dose. `usual` [days] holds where the schedule names no interval, 0 for a single dose.
std::string repeats(const std::string& schedule, double usual, double days) {
  const std::string text = core::to_lower(schedule);
  double interval = interval_of(schedule);
  if (interval == 0 && once(schedule)) return "";
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

}  // namespace

AnimalImporter::AnimalImporter(const std::string& data_root, const core::UnitSystem& units, const model::Outcomes& outcomes)
    : units_(units), outcomes_(outcomes), vocabulary_(data_root, outcomes), catalogue_(protocol::load_catalogue(data_root)) {}

AnimalDesign AnimalImporter::design(const AnimalRow& row) const {
  AnimalDesign design;
  std::string reason = describe(row, design);
  if (reason.empty()) return design;
  AnimalDesign left_out;
  left_out.why_not = std::move(reason);
  return left_out;
}

/// Empty, or why the row cannot be simulated.
std::string AnimalImporter::describe(const AnimalRow& row, AnimalDesign& design) const {
  if (row.text("usable") == "false") return row.text("why_not");
  if (const std::string reason = implausible(row); !reason.empty()) return reason;
  const std::string animal = row.text("strain") + " " + row.text("species");
  design.species = vocabulary_.look_up("species", animal, "overlay");
  if (design.species.empty()) {
    design.species = vocabulary_.look_up("species", "rat", "overlay");
    design.filled_in.emplace_back("species");
  }
  if (vocabulary_.look_up("species", animal, "surrogate") == "yes") design.filled_in.push_back("rat stands in for " + row.text("species"));
  design.n = row.number_or("n", vocabulary_.number("animals"));
  if (row.text("n").empty()) design.filled_in.emplace_back("animals a group");
  if (design.n < 2) design.n = 2;
  for (const auto part : {&AnimalImporter::describe_outcome, &AnimalImporter::describe_disease, &AnimalImporter::describe_treatment}) {
    const std::string reason = (this->*part)(row, design);
    if (!reason.empty()) return reason;
  }
  const bool means = row.number("mean_control") && (row.number("mean_treated") || row.number("mean_sham"));
  if (!design.reported && !row.number("effect") && !row.number("percent_change") && !means) return "neither a direction nor a number";
  return "";
}

std::string AnimalImporter::describe_outcome(const AnimalRow& row, AnimalDesign& design) const {
  const std::string text = row.text("outcome");
  const std::string measure = vocabulary_.look_up("outcomes", text, "code");
  if (measure.empty()) return "the model has no '" + text + "'";
  const model::Outcome* outcome = outcomes_.find(measure, vocabulary_.look_up("sites", text, "site"));
  if (outcome == nullptr) return "the model has no '" + text + "'";
  design.outcome = outcome->code;
  design.reported = direction_of(row.text("direction"), outcome->good == model::Good::Up);
  const bool counts_loss = vocabulary_.look_up("outcomes", text, "sign") == "-";
  if (counts_loss && design.reported == Reported::Up) {
    design.reported = Reported::Down;
  } else if (counts_loss && design.reported == Reported::Down) {
    design.reported = Reported::Up;
  }
  design.animal_model = vocabulary_.look_up("animal_models", row.text("osteoporosis_model"), "model");
  return "";
}

std::string AnimalImporter::describe_disease(const AnimalRow& row, AnimalDesign& design) const {
  const std::string disease = row.text("osteoporosis_model");
  std::string kind = vocabulary_.look_up("diseases", disease, "kind");
  if (kind.empty()) {
    kind = disease.empty() ? "gonadectomy" : "none";
    design.filled_in.push_back(disease.empty() ? "disease" : "intact animal in place of " + disease);
  }
  const bool vehicle = row.text("therapy") == "vehicle";
  const auto lasts = numbers_in(row.text("duration_weeks"));
  if (lasts.empty()) design.filled_in.emplace_back("duration");
  design.days = kDaysPerWeek * std::max(0.01, lasts.empty() ? vocabulary_.number("duration_weeks") : lasts.back());
  const auto ages = numbers_in(row.text("age_weeks"));
  if (ages.empty()) design.filled_in.emplace_back("age");
  double weeks = ages.empty() ? vocabulary_.number(kind == "ageing" ? "old_age_weeks" : "age_weeks") : ages.front();
  const auto waits = numbers_in(row.text("weeks_after_model_before_treatment"));
  double wait = 0;
  if (kind == "gonadectomy" && !vehicle) {
    wait = waits.empty() ? vocabulary_.number("start_weeks") : waits.front();
    if (waits.empty()) design.filled_in.emplace_back("start of treatment");
  }
  simulate::Patient& animal = design.treated_animal;
  animal.age_days = kDaysPerWeek * std::max(weeks + wait, kYoungest);
  animal.supplement = false;
  design.control_animal = animal;
  design.treated = design.control = "none";
  if (kind == "gonadectomy") animal.days_since_gonadectomy = kDaysPerWeek * wait;
  if (kind == "unloading") animal.unloading_days = std::pair{0.0, design.days};
  if (kind == "glucocorticoid" || has_word(disease, "glucocorticoid")) design.treated = vocabulary_.fallback("glucocorticoid");
  if (vehicle && (kind == "ageing" || kind == "none")) {
    if (ages.size() < 2) return "an intact animal without a comparator";
    animal.age_days = kDaysPerWeek * std::max(ages.back(), kYoungest);
    design.days = 0.01;
  }
  if (!vehicle) {
    design.control_animal = animal;
    design.control = design.treated;
  }
  return "";
}

std::string AnimalImporter::describe_treatment(const AnimalRow& row, AnimalDesign& design) const {
  const std::string therapy = row.text("therapy");
  const bool effect_row = !row.text("effect").empty();
  if (therapy == "vehicle") return "";
  const std::string what = row.text("engineering") + " | " + row.text("source") + (therapy == "drug" ? " | " + row.text("study") : "");
  const std::string drug = vocabulary_.look_up("products", what, "drug", therapy);
  if (drug.empty()) return "no product for the therapy '" + therapy + " " + row.text("source") + "'";
  if (!effect_row && !vocabulary_.names("products", what, therapy)) design.filled_in.push_back("product in place of '" + row.text("source") + "'");
  if (therapy == "drug") {
    if (!row.text("dose").empty() || !row.text("schedule").empty())
      design.filled_in.emplace_back("usual dose and schedule of the drug in place of the row's");
    if (drug != "none") design.treated = design.treated == "none" ? drug : drug + " & " + design.treated;
    return "";
  }
  const auto amount = row.number("dose");
  const std::string unit = dose_unit(row.text("dose_unit"));
  const bool cells = therapy == "MSC";
  std::string dose = vocabulary_.fallback(cells ? "cell_dose" : "exosome_dose");
  if (amount && !unit.empty()) {
    dose = core::format_double(*amount) + " " + unit;
  } else {
    design.filled_in.emplace_back("dose");
  }
  const std::string schedule = row.text("schedule");
  if (schedule.empty() && !effect_row) design.filled_in.emplace_back("schedule");
  if (!schedule.empty() && interval_of(schedule) == 0 && !once(schedule)) design.filled_in.push_back("schedule in place of '" + schedule + "'");
  const std::string defect = vocabulary_.look_up("defects", row.text("osteoporosis_model"), "route");
  if (!defect.empty()) design.filled_in.emplace_back("intact bone in place of a defect");
  const std::string said = row.text("route").empty() ? defect : row.text("route");
  if (!said.empty() && !vocabulary_.names("routes", said)) design.filled_in.push_back("route in place of '" + said + "'");
  const std::string text = drug + " " + dose + " " + vocabulary_.look_up("routes", said, cells ? "cells" : "route") +
                           repeats(row.text("schedule"), cells ? 0 : vocabulary_.number("exosome_interval_days"), design.days);
  design.treated = design.treated == "none" ? text : text + " & " + design.treated;
  if (outcomes_.find(design.outcome)->fades) design.days = day_after_last_dose(text, design.days);
  return "";
}

double AnimalImporter::day_after_last_dose(const std::string& regimen, double days) const {
  const auto last = core::Time(days, core::kSecondsPerDay).whole_microseconds();
  const auto doses = protocol::expand(protocol::parse_regimen(regimen, catalogue_, units_), last);
  return doses.empty() ? days : std::min(days, static_cast<double>(doses.back().time) / protocol::kMicrosecondsPerDay + 1);
}

}  // namespace osteosome::evidence
