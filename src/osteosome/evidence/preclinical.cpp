// SPDX-License-Identifier: Apache-2.0
#include "osteosome/evidence/preclinical.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <set>

#include "osteosome/core/csv.hpp"
#include "osteosome/core/random.hpp"
#include "osteosome/core/text.hpp"
#include "osteosome/model/document.hpp"
#include "osteosome/simulate/course.hpp"

namespace osteosome::evidence {
namespace {

constexpr double kDaysPerWeek = 7;
constexpr double kNegligible = 0.2;  // Cohen's bound of a small effect
constexpr double kSignificant = 1.959963984540054;

std::vector<double> numbers_in(const std::string& text) {
  std::vector<double> found;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t end = text.find_first_not_of("0123456789.eE+-", i);
    const std::string word = text.substr(i, end == std::string::npos ? end : end - i);
    if (!word.empty() && std::isdigit(static_cast<unsigned char>(word[0])) != 0) {
      if (const auto value = core::parse_double(word)) {
        found.push_back(*value);
      } else {
        const auto dash = core::parse_double(word.substr(0, word.find('-')));  // "6-9"
        if (dash) found.push_back(*dash);
      }
    }
    i = end == std::string::npos ? text.size() : end + 1;
  }
  return found;
}

bool has(const std::string& text, std::string_view word) { return core::to_lower(text).find(word) != std::string::npos; }

/// "every 7 d x 8" of a schedule such as "2x/wk", "every 3 d", "2 injections, 4 wk apart"; "" for a single dose.
std::string repeats(const std::string& schedule, const std::string& usual, double days) {
  const auto numbers = numbers_in(schedule);
  double interval = 0, count = 0;
  if (has(schedule, "single") || has(schedule, "once")) return "";
  if (has(schedule, "apart") && numbers.size() == 2) {
    count = numbers[0];
    interval = numbers[1] * (has(schedule, "wk") || has(schedule, "week") ? kDaysPerWeek : 1);
  } else if ((has(schedule, "/wk") || has(schedule, "/week") || has(schedule, "per week")) && !numbers.empty()) {
    interval = kDaysPerWeek / numbers[0];
  } else if (has(schedule, "daily") || has(schedule, "/d")) {
    interval = 1;
  } else if (has(schedule, "every") && !numbers.empty()) {
    interval = numbers[0] * (has(schedule, "wk") || has(schedule, "week") ? kDaysPerWeek : 1);
  } else if (has(schedule, "weekly")) {
    interval = kDaysPerWeek;
  } else if (usual.empty()) {
    return "";
  } else {
    interval = numbers_in(usual).front();
  }
  if (count == 0) count = std::max(1.0, std::ceil(days / interval - 1e-9));
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
  if (has(text, "gel") || has(text, "scaffold")) return "gel";
  if (has(text, "local") || has(text, "intra-femoral") || has(text, "intramedul") || has(text, "marrow") || has(text, "implant")) return "local";
  if (has(text, "ip") || has(text, "peritone")) return "ip";
  if (has(text, "sc") || has(text, "subcut")) return "sc";
  return "iv";
}

std::optional<Reported> direction_of(const std::string& text, bool up_is_good) {
  if (text == "up") return Reported::Up;
  if (text == "down") return Reported::Down;
  if (text == "ns" || text == "unchanged" || text == "no effect" || text == "null") return Reported::NoEffect;
  if (text == "improved") return up_is_good ? Reported::Up : Reported::Down;
  if (text == "worsened" || text == "worse") return up_is_good ? Reported::Down : Reported::Up;
  return std::nullopt;
}

}  // namespace

// ---- rows

std::string AnimalRow::text(const std::string& column) const {
  const auto it = cells.find(column);
  return it == cells.end() ? "" : it->second;
}
std::optional<double> AnimalRow::number(const std::string& column) const { return core::parse_double(text(column)); }
double AnimalRow::number_or(const std::string& column, double otherwise) const {
  const auto numbers = numbers_in(text(column));
  return numbers.empty() ? otherwise : numbers.front();
}

std::vector<AnimalRow> load_animal_studies(const std::string& folder) {
  std::vector<std::string> files;
  std::error_code ec;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ec)) {
    if (entry.path().extension() == ".toml" && entry.path().stem() != "vocabulary") files.push_back(entry.path().string());
  }
  std::sort(files.begin(), files.end());
  std::vector<AnimalRow> rows;
  core::Diagnostics problems;
  for (const std::string& file : files) {
    const core::TomlValue root = core::load_toml(file);
    core::TomlReader top(root, "study document", problems);
    std::string id, role;
    if (const auto* header = top.table("study")) {
      core::TomlReader in(*header, "[study]", problems);
      id = in.required_text("id");
      role = in.required_text("role");
    } else {
      top.problem("study-001", "the table [study] is missing");
    }
    const core::TomlValue* list = top.array("rows");
    for (const auto& item : list == nullptr ? std::vector<core::TomlValue>{} : list->items) {
      AnimalRow row{{}, id, role, "", item.where};
      for (const auto& [key, value] : item.entries) {
        const bool boolean = value.kind == core::TomlValue::Kind::Boolean;
        row.cells[key] = boolean ? (value.boolean ? "true" : "false")
                                 : value.kind == core::TomlValue::Kind::Number ? core::format_double(value.number) : value.text;
      }
      row.table = row.text("table");
      rows.push_back(std::move(row));
    }
    top.finish();
  }
  problems.throw_if_any(core::ErrorKind::Input);
  return rows;
}

std::vector<AnimalRow> load_animal_table(const std::string& path) {
  const auto csv = core::parse_csv(core::read_file(path), path);
  for (const char* column : {"study", "species", "osteoporosis_model", "therapy", "outcome", "direction"}) {
    if (std::find(csv.header.begin(), csv.header.end(), column) == csv.header.end()) {
      throw core::Error(core::ErrorKind::Input, {"study-010", "the table has no column '" + std::string(column) + "'", {path, 1, 0},
                                                 "Its layout is that of preclinical.csv (evidence/preclinical/README.md)."});
    }
  }
  std::vector<AnimalRow> rows;
  for (std::size_t i = 0; i < csv.rows.size(); ++i) {
    AnimalRow row{{}, "", "", "preclinical", {path, csv.lines[i], 0}};
    for (std::size_t c = 0; c < csv.header.size() && c < csv.rows[i].size(); ++c) {
      if (!csv.rows[i][c].empty()) row.cells[csv.header[c]] = csv.rows[i][c];
    }
    row.study = row.text("study");
    rows.push_back(std::move(row));
  }
  return rows;
}

// ---- vocabulary

Vocabulary::Vocabulary(const std::string& path) : root_(core::load_toml(path)) {}

std::string Vocabulary::look_up(const std::string& table, const std::string& text, const std::string& wanted, const std::string& only) const {
  const core::TomlValue* list = root_.find(table);
  if (list == nullptr) return "";
  for (const core::TomlValue& entry : list->items) {
    const core::TomlValue* therapy = entry.find("therapy");
    if (!only.empty() && (therapy == nullptr || therapy->text != only)) continue;
    const core::TomlValue* words = entry.find("words");
    const bool hit = words != nullptr && std::any_of(words->items.begin(), words->items.end(), [&](const core::TomlValue& w) {
                       return has(text, core::to_lower(w.text));
                     });
    if (!hit) continue;
    const core::TomlValue* value = entry.find(wanted);
    return value == nullptr ? "" : value->text;
  }
  return "";
}

std::string Vocabulary::fallback(const std::string& key) const {
  const core::TomlValue* defaults = root_.find("defaults");
  const core::TomlValue* value = defaults == nullptr ? nullptr : defaults->find(key);
  return value == nullptr ? "" : value->text;
}
double Vocabulary::number(const std::string& key) const { return root_.find("defaults")->find(key)->number; }

// ---- predictions

double AnimalPrediction::effect(const AnimalTrial& trial) const {
  return (treated - control) / (trial.variation.cv * std::sqrt((treated * treated + control * control) / 2));
}

SimulatedSmd simulate_smd(const AnimalTrial& trial, const AnimalPrediction& p, std::uint64_t seed, std::size_t experiments) {
  const auto n = static_cast<std::size_t>(std::max(2.0, trial.n));
  const double correction = 1 - 3 / (4 * (2 * static_cast<double>(n) - 2) - 1);
  std::vector<double> g;
  for (std::size_t e = 0; e < experiments; ++e) {
    core::RandomStream stream(seed, e, "animals");
    double mean[2], square[2];
    for (const int group : {0, 1}) {
      const double center = group == 0 ? p.control : p.treated, sd = trial.variation.cv * std::abs(center);
      double sum = 0, sum_of_squares = 0;
      for (std::size_t i = 0; i < n; ++i) {
        const double x = center + sd * stream.normal();
        sum += x;
        sum_of_squares += x * x;
      }
      mean[group] = sum / static_cast<double>(n);
      square[group] = (sum_of_squares - sum * mean[group]) / static_cast<double>(n - 1);
    }
    g.push_back(correction * (mean[1] - mean[0]) / std::sqrt((square[0] + square[1]) / 2));
  }
  SimulatedSmd out;
  for (const double x : g) out.mean += x / static_cast<double>(experiments);
  std::sort(g.begin(), g.end());
  const auto at = [&](double q) { return g[static_cast<std::size_t>(q * static_cast<double>(g.size() - 1) + 0.5)]; };
  out.low = at(0.025);
  out.high = at(0.975);
  return out;
}

bool right(const AnimalTrial& trial, const AnimalPrediction& p) {
  const double d = p.effect(trial);
  if (!std::isfinite(d)) return false;
  if (trial.reported == Reported::Up) return d > kNegligible;
  if (trial.reported == Reported::Down) return d < -kNegligible;
  return std::abs(d) * std::sqrt(trial.n / 2) < kSignificant;
}

bool informs_fit(const AnimalTrial& trial) {
  const bool product = trial.group == "benefit" || trial.group == "null";
  return product && (trial.reported || trial.row->text("effect_type") == "SMD");
}

std::vector<double> fit_residuals(const std::vector<AnimalTrial>& trials, const std::vector<AnimalPrediction>& predictions) {
  constexpr double kMargin = 0.5, kLargest = 2.5, kSoftness = 0.25, kLeastSd = 0.3, kRowsOfOnePaper = 2;
  std::map<std::string, double> rows;
  for (const AnimalTrial& t : trials) ++rows[t.row->study];
  const auto excess = [](double x) { return x > 20 * kSoftness ? x : kSoftness * std::log1p(std::exp(x / kSoftness)); };  // smooth max(x, 0)
  std::vector<double> out;
  for (std::size_t k = 0; k < trials.size(); ++k) {
    const AnimalTrial& t = trials[k];
    const double d = predictions[k].effect(t), correction = 1 - 3 / (4 * (2 * t.n - 2) - 1);
    const auto effect = t.row->number("effect"), low = t.row->number("ci_low"), high = t.row->number("ci_high");
    double r = 0;
    if (effect && t.row->text("effect_type") == "SMD") {
      const double sd = low && high ? std::max(kLeastSd, (*high - *low) / (2 * kSignificant)) : 1;
      r = (correction * d - *effect) / sd;
    } else if (t.reported == Reported::NoEffect) {
      r = excess(std::abs(d) * std::sqrt(t.n / 2) - 1);
    } else {
      const double along = t.reported == Reported::Up ? d : -d;
      const double folds = std::abs(std::log(predictions[k].treated / predictions[k].control)) - std::log(kLargest);
      r = excess(kMargin - along) / kSoftness + excess(folds) / kSoftness;
    }
    out.push_back(r * std::sqrt(std::min(1.0, kRowsOfOnePaper / rows[t.row->study])));
  }
  return out;
}

// ---- trials

AnimalTrials::AnimalTrials(const std::vector<AnimalRow>& rows, const std::string& data_root, const core::UnitSystem& units,
                           const simulate::SolverSettings& settings, const std::vector<std::string>& overlays, bool (*which)(const AnimalTrial&))
    : units_(units), vocabulary_(data_root + "/evidence/preclinical/vocabulary.toml"), catalogue_(protocol::load_catalogue(data_root + "/therapies")) {
  const auto csv = core::parse_csv(core::read_file(data_root + "/evidence/preclinical/variability.csv"), "variability.csv");
  for (const auto& row : csv.rows) variation_[row[0] + "|" + row[1] + "|" + row[2]] = core::parse_double(row[3]).value_or(0.3);
  for (const AnimalRow& row : rows) {
    if (row.table == "preclinical") add(row);
  }
  if (which != nullptr) std::erase_if(trials_, [&](const AnimalTrial& t) { return !which(t); });
  compile(data_root, settings, overlays);
}

void AnimalTrials::add(const AnimalRow& row) {
  AnimalTrial trial;
  trial.row = &row;
  const std::string reason = make_trial(row, trial);
  if (reason.empty()) {
    trials_.push_back(std::move(trial));
  } else {
    left_out_.push_back({&row, reason});
  }
}

/// Empty, or why the row cannot be simulated.
std::string AnimalTrials::make_trial(const AnimalRow& row, AnimalTrial& trial) const {
  if (row.text("usable") == "false") return row.text("why_not");
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
  for (const auto describe : {&AnimalTrials::describe_outcome, &AnimalTrials::describe_disease, &AnimalTrials::describe_treatment}) {
    const std::string reason = (this->*describe)(row, trial);
    if (!reason.empty()) return reason;
  }
  if (!trial.reported && !row.number("effect") && !row.number("percent_change")) return "neither a direction nor a number";
  return "";
}

std::string AnimalTrials::describe_outcome(const AnimalRow& row, AnimalTrial& trial) const {
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
  const std::string model = has(disease, "ovx") ? "OVX" : has(disease, "orx") ? "ORX" : has(disease, "hlu") ? "HLU" : "none";
  const std::string name = vocabulary_.look_up("outcomes", outcome, "variation");
  const auto known = variation_.find(species + "|" + model + "|" + name);
  trial.variation = known == variation_.end() ? Variation{variation_.at("any|any|" + name), true} : Variation{known->second, false};
  return "";
}

std::string AnimalTrials::describe_disease(const AnimalRow& row, AnimalTrial& trial) const {
  const std::string disease = row.text("osteoporosis_model");
  std::string kind = vocabulary_.look_up("diseases", disease, "kind");
  if (kind.empty()) {
    if (!disease.empty()) return "no word for the disease '" + disease + "'";
    kind = "gonadectomy";
    trial.filled_in.emplace_back("disease");
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
  animal.age_days = kDaysPerWeek * std::max(weeks + wait, 6.0);
  animal.supplement = false;
  trial.control_animal = animal;
  trial.treated = trial.control = "none";
  if (kind == "gonadectomy") animal.days_since_gonadectomy = kDaysPerWeek * wait;
  if (kind == "unloading") animal.unloading_days = std::pair{0.0, trial.days};
  if (kind == "glucocorticoid" || has(disease, "glucocorticoid")) trial.treated = vocabulary_.fallback("glucocorticoid");
  if (vehicle && (kind == "ageing" || kind == "none")) {
    if (ages.size() < 2) return "an intact animal without a comparator";
    animal.age_days = kDaysPerWeek * ages.back();
    trial.days = 0.01;
  }
  if (!vehicle) {
    trial.control_animal = animal;
    trial.control = trial.treated;
  }
  return "";
}

std::string AnimalTrials::describe_treatment(const AnimalRow& row, AnimalTrial& trial) const {
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
  const std::string text =
      drug + " " + dose + " " + (cells && route_of(row.text("route")) != "local" ? "iv" : route_of(row.text("route"))) +
      repeats(row.text("schedule"), cells ? "" : vocabulary_.fallback("exosome_interval"), trial.days);
  trial.treated = trial.treated == "none" ? text : text + " & " + trial.treated;
  if (vocabulary_.look_up("outcomes", row.text("outcome"), "when") == "after dose") trial.days = day_after_last_dose(text, trial.days);
  return "";
}

double AnimalTrials::day_after_last_dose(const std::string& regimen, double days) const {
  const auto last = static_cast<protocol::Microseconds>(days * protocol::kMicrosecondsPerDay);
  const auto doses = protocol::expand(protocol::parse_regimen(regimen, catalogue_, units_), last);
  return doses.empty() ? days : std::min(days, static_cast<double>(doses.back().time) / protocol::kMicrosecondsPerDay + 1);
}

/// One model a species and set of drugs; trials that its model refuses are left out.
void AnimalTrials::compile(const std::string& data_root, const simulate::SolverSettings& settings, const std::vector<std::string>& overlays) {
  const model::Library library{data_root};
  const std::string path = library.find_model("osteosome");
  std::map<std::string, std::size_t> known;
  std::vector<AnimalTrial> kept;
  for (AnimalTrial& trial : trials_) {
    try {
      const auto drugs = protocol::parse_regimen(trial.treated, catalogue_, units_).drugs();
      std::string key = trial.species;
      for (const std::string& d : drugs) key += d.find(':') == std::string::npos ? "" : " " + d;
      if (!known.contains(key)) {
        auto loaded = model::load_model(path, library, units_, model::LoadOptions{trial.species, drugs, overlays});
        groups_.push_back({std::make_unique<simulate::CompiledModel>(std::move(loaded), settings), {}});
        known[key] = groups_.size() - 1;
      }
      Group& group = groups_[known[key]];
      std::string problem;
      check(group, trial, problem);
      if (!problem.empty()) {
        left_out_.push_back({trial.row, problem});
        continue;
      }
      group.trials.push_back(kept.size());
      kept.push_back(std::move(trial));
    } catch (const core::Error& error) {
      left_out_.push_back({trial.row, error.diagnostics().front().message});
    }
  }
  trials_ = std::move(kept);
}

void AnimalTrials::check(const Group& group, AnimalTrial& trial, std::string& problem) const {
  const auto& outputs = group.model->model().outputs;
  const auto output = std::find_if(outputs.begin(), outputs.end(), [&](const model::Output& o) { return o.observable == trial.outcome; });
  if (output == outputs.end()) {
    problem = "the model has no " + trial.outcome;
    return;
  }
  for (const auto& [text, animal] : {std::pair{trial.treated, trial.treated_animal}, {trial.control, trial.control_animal}}) {
    (void)simulate::start_time(*group.model, animal);
    simulate::DoseTranslator(*group.model, units_)
        .check(protocol::parse_regimen(text, catalogue_, units_), simulate::body_mass_kg(*group.model, animal));
  }
}

const simulate::CompiledModel* AnimalTrials::model_with(const std::string& parameter) const {
  for (const Group& g : groups_) {
    if (g.model->model().find_parameter(parameter) != nullptr) return g.model.get();
  }
  return nullptr;
}

std::vector<std::vector<AnimalPrediction>> AnimalTrials::predict(const std::vector<std::map<std::string, double>>& sets,
                                                                 const std::stop_token& stop) const {
  std::vector<std::vector<AnimalPrediction>> out(sets.size(), std::vector<AnimalPrediction>(trials_.size(), {std::nan(""), std::nan("")}));
  for (const Group& group : groups_) {
    const auto& model = *group.model;
    std::vector<std::string> names;
    for (const auto& o : model.model().outputs) names.push_back(o.id);
    simulate::ObservableReader reader(model.program(), names);
    std::vector<std::vector<double>> parameters;
    for (const auto& set : sets) {
      parameters.push_back(model.program().parameter_values);
      for (const auto& [name, value] : set) {
        if (const auto p = model.program().parameter_index(name)) parameters.back()[*p] = value;
      }
    }
    const std::size_t per_set = 2 * group.trials.size();
    std::vector<simulate::Patient> animals;
    std::vector<std::vector<double>> values_of;
    for (std::size_t i = 0; i < sets.size() * per_set; ++i) {
      const AnimalTrial& trial = trials_[group.trials[i % per_set / 2]];
      animals.push_back(i % 2 == 1 ? trial.treated_animal : trial.control_animal);
      values_of.push_back(parameters[i / per_set]);
    }
    const auto starts = simulate::prepare_patients(model, animals, values_of);
    model.run(
        sets.size() * per_set,
        [&](std::size_t i) {
          const AnimalTrial& trial = trials_[group.trials[i % per_set / 2]];
          const bool treated = i % 2 == 1;
          const simulate::Patient& animal = animals[i];
          const auto& start = starts[i];
          const auto regimen = protocol::parse_regimen(treated ? trial.treated : trial.control, catalogue_, units_);
          const auto last = static_cast<protocol::Microseconds>(trial.days * protocol::kMicrosecondsPerDay) + 1;
          solve::SubjectPlan plan = simulate::bare_plan(model, start);
          simulate::add_course(model, units_, start, protocol::expand(regimen, last), simulate::body_mass_kg(model, animal), {trial.days}, plan);
          return plan;
        },
        [&](std::size_t i, const solve::SubjectPlan& plan, solve::SubjectResult&& result) {
          const std::size_t t = group.trials[i % per_set / 2];
          const auto values = reader.read(plan, result);
          for (std::size_t k = 0; k < names.size(); ++k) {
            if (model.model().outputs[k].observable != trials_[t].outcome || values.empty()) continue;
            AnimalPrediction& p = out[i / per_set][t];
            (i % 2 == 1 ? p.treated : p.control) = values[k];
            break;
          }
        },
        stop);
  }
  return out;
}

}  // namespace osteosome::evidence
