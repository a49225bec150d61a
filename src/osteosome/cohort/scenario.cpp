// SPDX-License-Identifier: Apache-2.0
#include "osteosome/cohort/scenario.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "osteosome/core/csv.hpp"
#include "osteosome/core/text.hpp"
#include "osteosome/core/toml.hpp"
#include "osteosome/model/outcomes.hpp"
#include "osteosome/model/value_check.hpp"

namespace osteosome::cohort {
namespace {

using core::TomlReader;
using core::TomlValue;

constexpr double kMostSubjects = 1e8;
constexpr double kOldest = 130 * 365.25;  // days
constexpr double kHeaviest = 700;         // kg
constexpr double kGreatestTScore = 5;     // beyond, the scale of the site would leave its range
constexpr std::size_t kMostTimes = 1'000'000;

class ScenarioReader {
 public:
  ScenarioReader(const std::string& text, const std::string& path, const model::Library& library, const core::UnitSystem& units)
      : text_(text), path_(path), library_(library), units_(units), catalogue_(protocol::load_catalogue(library.root)),
        outcomes_(model::load_outcomes(library.root)) {}

  Scenario run() {
    scenario_.file = path_;
    scenario_.text = text_;
    const TomlValue root = core::parse_toml(text_, path_);
    TomlReader top(root, "scenario", problems_);
    if (const TomlValue* header = top.table("scenario")) {
      read_header(*header);
    } else {
      top.problem("scenario-001", "the table [scenario] is missing");
    }
    if (const TomlValue* patient = top.table("patient")) read_patient(*patient, "[patient]", scenario_.patient);
    if (const TomlValue* models = top.table("models")) {
      for (const auto& [name, value] : models->entries) read_model(name, value);
    }
    if (const TomlValue* arms = top.table("arms")) {
      for (const auto& [name, value] : arms->entries) read_arm(name, value);
    }
    if (scenario_.models.empty()) top.problem("scenario-002", "[models.NAME] is missing", "A scenario needs at least one model.");
    if (scenario_.arms.empty()) top.problem("scenario-003", "[arms.NAME] is missing", "A scenario needs at least one arm.");
    if (const TomlValue* population = top.table("population")) read_population(*population);
    if (const TomlValue* solver = top.table("solver")) read_solver(*solver);
    if (const TomlValue* report = top.table("report")) read_report(*report);
    if (const TomlValue* power = top.table("power")) read_power(*power);
    check_lifetimes();
    check_skips();
    top.finish();
    if (!problems_.empty()) check_documents();
    problems_.throw_if_any(core::ErrorKind::Input);
    return std::move(scenario_);
  }

 private:
  double quantity(TomlReader& in, std::string_view key, const char* unit, bool required) {
    const auto text = required ? std::optional(in.required_text(key)) : in.text(key);
    return !text || text->empty() ? std::nan("") : parsed(in, *text, key, unit);
  }
  double duration(TomlReader& in, const std::string& text, std::string_view key) { return parsed(in, text, key, "d"); }

  double parsed(TomlReader& in, const std::string& text, std::string_view key, const char* unit) {
    if (std::string_view(unit) == "d") {
      const auto span = time(in, text, key);
      return span ? span->in(core::kSecondsPerDay) : std::nan("");
    }
    try {
      return core::quantity_in(units_, text, units_.parse(unit));
    } catch (const core::Error& error) {
      report(in, error, key);
      return std::nan("");
    }
  }

  /// Nothing if there is no text, or, with a problem reported, if it says no time.
  std::optional<core::Time> time(TomlReader& in, const std::string& text, std::string_view key) {
    try {
      if (!text.empty()) return core::time_of(units_, text);
    } catch (const core::Error& error) {
      report(in, error, key);
    }
    return std::nullopt;
  }

  static void report(TomlReader& in, const core::Error& error, std::string_view key) {
    in.problem(core::Error(error.kind(), core::retold(error, "'" + std::string(key) + "': ", {})), key);
  }

  void read_header(const TomlValue& value) {
    TomlReader in(value, "[scenario]", problems_);
    scenario_.title = in.required_text("title");
    scenario_.question = in.text("question").value_or("");
    const std::string until_text = in.required_text("until");
    const auto until = time(in, until_text, "until"), every = time(in, in.required_text("every"), "every");
    scenario_.until = until.value_or(core::Time());
    if (until) scenario_.time_unit = core::time_unit(units_, core::parse_quantity(until_text).unit);
    scenario_.every = every.value_or(core::Time());
    until_where_ = in.where("until");
    const double seed = in.number("seed").value_or(1);
    if (seed < 0 || seed != std::floor(seed) || seed > 9e15) in.problem("scenario-004", "'seed' should be a whole number from 0", "", "seed");
    scenario_.seed = static_cast<std::uint64_t>(std::max(seed, 0.0));
    if (until && *until <= core::Time()) in.problem("scenario-005", "'until' should be a positive duration", "E.g. \"48 months\".", "until");
    if (every && *every <= core::Time()) in.problem("scenario-005", "'every' should be a positive duration", "E.g. \"1 month\".", "every");
    if (every && scenario_.until_days() / scenario_.every_days() > static_cast<double>(kMostTimes))
      in.problem("scenario-005", "'every' gives more than a million output times", "", "every");
    in.finish();
  }

  /// What is wrong with the models of a scenario that is refused anyway, so that it does not wait for the next try.
  void check_documents() {
    for (const ScenarioModel& m : scenario_.models) {
      try {
        if (!m.path.empty()) (void)load_model(scenario_, m, library_, units_);
      } catch (const core::Error& error) {
        problems_.add(core::retold(error, "", m.where));
      }
    }
  }

  /// No one is treated for longer than he lives: 130 years, less the age at the start, and what a species says of itself.
  void check_lifetimes() {
    const auto too_long = [&](double life, const std::string& whose, const core::Location& where) {
      if (!(scenario_.until_days() > life)) return;
      problems_.add({"scenario-029",
                     "'until' is " + core::format_double(std::round(scenario_.until_days() / core::kDaysPerYear)) + " years, longer than " + whose,
                     where,
                     "At most " + core::format_double(std::floor(life / core::kDaysPerYear * 10) / 10) + " years are left. Is the unit right?"});
    };
    too_long(kOldest, "a life", until_where_);
    for (const ScenarioArm& arm : scenario_.arms) {
      const double age = arm.patient.age_days.value_or(0);
      if (scenario_.until_days() <= kOldest && age <= kOldest) too_long(kOldest - age, "the patient of arm '" + arm.name + "' lives", arm.where);
    }
    for (const ScenarioModel& m : scenario_.models) {
      if (m.species.empty()) continue;
      const auto life = model::life_span_days(library_, m.species, units_);
      if (!life) continue;
      too_long(*life, "a " + m.species + " lives", m.where);
      for (const ScenarioArm& arm : scenario_.arms) {
        const double age = arm.patient.age_days.value_or(0);
        if (scenario_.until_days() <= *life) too_long(*life - age, "the " + m.species + " of arm '" + arm.name + "' lives", arm.where);
      }
    }
  }

  /// Doses that are skipped are doses of the regimen, within `until` or after it.
  void check_skips() {
    for (const ScenarioArm& arm : scenario_.arms) {
      std::int64_t doses = 0;
      for (const protocol::Phase& phase : arm.regimen.phases) {
        for (const protocol::Course& course : phase.courses) doses += course.doses;
      }
      for (const std::int64_t dose : arm.adherence.skip) {
        if (dose <= doses) continue;
        problems_.add({"scenario-007", "'skip' of arm '" + arm.name + "' names dose " + std::to_string(dose) + " of " + std::to_string(doses),
                       arm.where, ""});
      }
    }
  }

  /// What a table says of a patient, over what `p` already is.
  void read_patient(const TomlValue& value, const std::string& context, Patient& p) {
    TomlReader in(value, context, problems_);
    const double age = quantity(in, "age", "d", false);
    if (!std::isnan(age)) p.age_days = age;
    if (age < 0 || age > kOldest) in.problem("scenario-006", "'age' should lie between 0 and 130 years", "", "age");
    const double weight = quantity(in, "weight", "kg", false);
    if (!std::isnan(weight)) p.weight_kg = weight;
    if (weight <= 0) in.problem("scenario-006", "'weight' should be positive", "", "weight");
    if (weight > kHeaviest) in.problem("scenario-006", "'weight' should be at most 700 kg", "", "weight");
    if (const auto years = in.number("years_since_menopause")) p.years_since_menopause = years;
    if (p.years_since_menopause && !(std::abs(*p.years_since_menopause) <= 100 && (!p.age_days || *p.years_since_menopause * 365.25 < *p.age_days))) {
      in.problem("scenario-006", "'years_since_menopause' should lie between -100 years and the age", "", "years_since_menopause");
    }
    if (p.years_since_menopause && !p.age_days && value.find("age") == nullptr)
      in.problem("scenario-006", "'years_since_menopause' needs 'age'", "", "years_since_menopause");
    const std::string menopause = in.text("menopause").value_or(p.surgical ? "surgical" : "natural");
    if (menopause != "natural" && menopause != "surgical")
      in.problem("scenario-006", "unknown 'menopause' = '" + menopause + "'", "'natural' or 'surgical'.", "menopause");
    p.surgical = menopause == "surgical";
    if (const auto turnover = in.number("turnover")) p.turnover = turnover;
    if (p.turnover && !(*p.turnover > 0.1 && *p.turnover < 10))
      in.problem("scenario-006", "'turnover' should lie between 0.1 and 10", "1 is the typical woman.", "turnover");
    p.supplement = in.boolean("calcium_vitamin_d").value_or(p.supplement);
    read_disease(in, p);
    for (const model::Site& site : outcomes_.sites()) {
      if (!site.t_score) continue;
      const std::string key = site.t_score_key();
      const auto score = in.number(key);
      if (score && !(std::abs(*score) <= kGreatestTScore)) in.problem("scenario-006", "'" + key + "' should be a T-score between -5 and 5", "", key);
      if (score && !p.age_days && value.find("age") == nullptr) in.problem("scenario-006", "'" + key + "' needs 'age'", "", key);
      if (!score) continue;
      std::erase_if(p.t_scores, [&](const auto& known) { return known.first == site.code; });
      p.t_scores.emplace_back(site.code, *score);
    }
    in.finish();
  }

  /// Gonadectomy and unloading; "none" takes back what the scenario's patient has.
  void read_disease(TomlReader& in, Patient& p) {
    for (const char* key : {"ovariectomy", "orchidectomy"}) {
      const auto text = in.text(key);
      if (!text) continue;
      p.days_since_gonadectomy.reset();
      if (*text != "none") {
        const double days = duration(in, *text, key);
        if (days < 0) in.problem("scenario-006", "'" + std::string(key) + "' should be the time since the operation, or \"none\"", "", key);
        p.days_since_gonadectomy = days;
      }
    }
    if (const TomlValue* value = in.table("unloading")) {
      TomlReader body(*value, "unloading", problems_);
      const double from = quantity(body, "from", "d", true), until = quantity(body, "until", "d", true);
      if (!(from < until)) body.problem("scenario-006", "'from' should come before 'until'", "Both count from the start of treatment.", "from");
      body.finish();
      p.unloading_days = std::pair{from, until};
    }
  }

  void read_model(const std::string& name, const TomlValue& value) {
    TomlReader in(value, "model '" + name + "'", problems_);
    ScenarioModel m;
    m.name = name;
    m.where = value.where;
    m.document = in.text("document").value_or(name);
    m.from_rest = in.boolean("from_rest").value_or(false);
    for (const std::string& overlay : in.texts("overlays")) {
      try {
        m.overlays.push_back(library_.find_model(overlay));
      } catch (const core::Error& error) {
        in.problem(error, "overlays");
      }
    }
    if (const auto species = in.text("species"); species && *species != "human") {
      try {
        (void)library_.find_species(*species);
        m.species = *species;
      } catch (const core::Error& error) {
        in.problem(error, "species");
      }
    }
    if (const TomlValue* set = in.table("set")) {
      TomlReader body(*set, "model '" + name + "' set", problems_);
      for (const auto& entry : set->entries) {
        m.set.push_back({entry.first, body.required_number(entry.first)});
        if (!std::isfinite(m.set.back().second)) body.problem("scenario-017", "'" + entry.first + "' is not finite", "", entry.first);
      }
    }
    in.finish();
    try {
      const std::string own = beside(m.document);
      m.path = model::is_sbml(m.document) && std::filesystem::exists(own) ? own : library_.find_model(m.document);
    } catch (const core::Error& error) {
      in.problem(error, "document");
    }
    scenario_.models.push_back(std::move(m));
  }

  /// The catalogue knows the drugs of the library; those of the scenario's own models are looked up when a text names another.
  protocol::Regimen regimen(const std::string& text) {
    try {
      return protocol::parse_regimen(text, catalogue_, units_);
    } catch (const core::Error& error) {
      if (!protocol::names_unknown_drug(error)) throw;
    }
    for (const ScenarioModel& m : scenario_.models) {
      if (m.path.empty() || model::is_sbml(m.path)) continue;
      try {
        simulate::add_own_drugs(model::load_model(m.path, library_, units_, model::LoadOptions{m.species, {}, {}}), catalogue_);
      } catch (const core::Error&) {
        continue;  // the document is checked where the model is compiled
      }
    }
    return protocol::parse_regimen(text, catalogue_, units_);
  }

  /// A path of the scenario, which counts from the folder of its file.
  [[nodiscard]] std::string beside(const std::string& name) const { return (std::filesystem::path(scenario_.file).parent_path() / name).string(); }

  void read_arm(const std::string& name, const TomlValue& value) {
    TomlReader in(value, "arm '" + name + "'", problems_);
    ScenarioArm arm;
    arm.name = name;
    arm.where = value.where;
    arm.label = in.text("label").value_or(name);
    for (const std::string& id : in.texts("evidence")) {
      if (id.ends_with(".csv")) {
        scenario_.own_tables.push_back({beside(id), name});
      } else {
        arm.evidence.push_back(id);
      }
    }
    const std::string text = in.required_text("regimen");
    if (!text.empty()) {
      try {
        arm.regimen = regimen(text);
      } catch (const core::Error& error) {
        in.problem(error, "regimen");
      }
    }
    arm.patient = scenario_.patient;
    if (const TomlValue* patient = in.table("patient")) read_patient(*patient, "patient of arm '" + name + "'", arm.patient);
    if (const TomlValue* adherence = in.table("adherence")) read_adherence(*adherence, name, arm.adherence);
    const auto same = std::find_if(scenario_.arms.begin(), scenario_.arms.end(), [&](const ScenarioArm& other) { return other.label == arm.label; });
    if (same != scenario_.arms.end())
      in.problem("scenario-031", "arm '" + name + "' has the label '" + arm.label + "', as arm '" + same->name + "' has", "Charts tell arms by it.",
                 "label");
    in.finish();
    scenario_.arms.push_back(std::move(arm));
  }

  void read_adherence(const TomlValue& value, const std::string& arm, protocol::Adherence& out) {
    TomlReader in(value, "adherence of arm '" + arm + "'", problems_);
    const auto microseconds = [&](std::string_view key, protocol::Microseconds fallback) {
      const auto span = time(in, in.text(key).value_or(""), key);
      if (!span) return fallback;
      if (core::Time::microseconds(span->whole_microseconds()) != *span)
        in.problem("scenario-007", "'" + std::string(key) + "' is no whole number of microseconds", "", key);
      const double days = span->in(core::kSecondsPerDay);
      if (!(std::abs(days) <= kOldest)) in.problem("scenario-007", "'" + std::string(key) + "' is longer than a life", "", key);
      return span->whole_microseconds();
    };
    out.miss_probability = in.number("miss_probability").value_or(0);
    if (!(out.miss_probability >= 0 && out.miss_probability <= 1))
      in.problem("scenario-007", "'miss_probability' should lie between 0 and 1", "", "miss_probability");
    out.delay = microseconds("delay", 0);
    out.delay_sd = microseconds("delay_sd", 0);
    out.stop_after = microseconds("stop_after", protocol::kForever);
    if (out.delay < 0 || out.delay_sd < 0) in.problem("scenario-007", "a delay is negative", "", out.delay < 0 ? "delay" : "delay_sd");
    if (out.stop_after <= 0)
      in.problem("scenario-007", "'stop_after' should be a positive duration", "E.g. \"12 months\"; without any dose the regimen is \"none\".",
                 "stop_after");
    if (const TomlValue* skip = in.array("skip")) {
      for (const TomlValue& item : skip->items) {
        if (!item.integer || item.number < 1) in.problem("scenario-007", "'skip' should hold whole numbers from 1", "", "skip");
        out.skip.push_back(static_cast<std::int64_t>(item.number));
      }
    }
    in.finish();
  }

  void read_population(const TomlValue& value) {
    TomlReader in(value, "[population]", problems_);
    Population& p = scenario_.population;
    const double n = in.number("n").value_or(0);
    if (const TomlValue* parameters = in.table("parameters")) {
      for (const auto& [model, table] : parameters->entries) {
        const bool known = std::any_of(scenario_.models.begin(), scenario_.models.end(), [&](const ScenarioModel& m) { return m.name == model; });
        if (!known || table.kind != TomlValue::Kind::Table) {
          std::vector<std::string> names;
          for (const auto& m : scenario_.models) names.push_back(m.name);
          in.problem("scenario-008", "[population.parameters] has no model '" + model + "'", core::did_you_mean(model, names), "parameters");
          continue;
        }
        for (const auto& [name, distribution] : table.entries) {
          p.quantities.push_back({model, name, model::read_distribution(distribution, name, problems_), distribution.where});
        }
      }
    }
    if (const TomlValue* patient = in.table("patient")) read_patients(in, *patient);
    p.uncertain_constants = in.boolean("uncertain_constants").value_or(false);
    p.priors = in.boolean("priors").value_or(false);
    if (p.priors && p.uncertain_constants)
      in.problem("scenario-030", "'priors' and 'uncertain_constants' are the same question", "Keep 'uncertain_constants'.", "priors");
    read_correlations(in);
    if (!p.priors && !p.uncertain_constants) resolve_correlations(p, problems_);  // else once the models tell what is drawn
    if (const auto table = in.text("table")) read_table(in, *table);
    const bool n_fits = n >= 1 && n <= kMostSubjects && n == std::floor(n);
    if (p.table.empty() && !n_fits) in.problem("scenario-009", "'n' should be a whole number from 1 to 100 million", "", "n");
    if (!p.table_rows.empty() && value.find("n") != nullptr && n != static_cast<double>(p.table_rows.size()))
      in.problem("scenario-009", "'n' is " + core::format_double(n) + ", and the table has " + std::to_string(p.table_rows.size()) + " subjects",
                 "Leave 'n' out: the table says it.", "n");
    p.n = !p.table.empty() ? std::max<std::size_t>(p.table_rows.size(), 1) : n_fits ? static_cast<std::size_t>(n) : 1;
    in.finish();
  }

  /// What differs between the patients themselves.
  void read_patients(TomlReader& in, const TomlValue& table) {
    const auto& names = simulate::patient_quantities();
    for (const auto& [name, distribution] : table.entries) {
      if (simulate::site_of_t_score(name).empty() && std::find(names.begin(), names.end(), name) == names.end()) {
        in.problem("scenario-008", "[population.patient] has no '" + name + "'",
                   "One of age, weight, years_since_menopause, turnover, or a T-score like t_th. " + core::did_you_mean(name, names), "patient");
        continue;
      }
      scenario_.population.quantities.push_back({kOfThePatient, name, model::read_distribution(distribution, name, problems_), distribution.where});
      const model::Distribution& d = scenario_.population.quantities.back().distribution;
      if (std::isnan(d.mean) && d.kind != "uniform")
        problems_.add({"model-019", "'" + name + "' of [population.patient] has no mean", distribution.where,
                       "Give 'mean', or 'median' of a lognormal."});
    }
  }

  void read_correlations(TomlReader& in) {
    const TomlValue* list = in.array("correlations");
    if (list == nullptr) return;
    for (const TomlValue& item : list->items) {
      TomlReader body(item, "correlation", problems_);
      const auto pair = body.texts("between");
      const double r = body.required_number("r");
      body.finish();
      if (pair.size() != 2 || !(std::abs(r) <= 1)) {
        body.problem("scenario-010", "a correlation is { between = [\"a\", \"b\"], r = 0.5 } of two random quantities, with r from -1 to 1");
        continue;
      }
      scenario_.population.correlations.push_back({pair[0], pair[1], r, item.where});
    }
  }

  void read_table(TomlReader& in, const std::string& name) {
    Population& p = scenario_.population;
    p.table = (std::filesystem::path(path_).parent_path() / name).string();
    try {
      const auto csv = core::parse_csv(core::read_file(p.table), p.table);
      for (const std::string& column : csv.header) {
        if (std::count(csv.header.begin(), csv.header.end(), column) > 1) {
          problems_.add({"scenario-012", "column '" + column + "' is there twice", {p.table, 1, 0}, ""});
        }
        if (core::to_lower(column) == "id") {
          p.id_column = column;
        } else {
          p.table_columns.push_back(column);
        }
      }
      for (std::size_t i = 0; i < csv.rows.size(); ++i) {
        std::vector<double> row;
        for (std::size_t c = 0; c < csv.header.size(); ++c) {
          if (csv.header[c] == p.id_column) continue;
          const std::string& cell = csv.rows[i][c];
          const auto value = core::csv_number(csv, cell);
          if (!value || !std::isfinite(*value)) {
            problems_.add({"scenario-012", "'" + cell + "' is no finite number", {p.table, csv.lines[i], 0}, core::csv_number_hint(cell)});
          }
          row.push_back(value.value_or(0));
        }
        p.table_rows.push_back(std::move(row));
      }
      if (p.table_rows.empty()) problems_.add({"scenario-012", "the table has no subjects", {p.table, 1, 0}, ""});
    } catch (const core::Error& error) {
      in.problem(error, "table");
    }
  }

  void check_outcomes(TomlReader& in, const std::vector<std::string>& codes, std::string_view key) {
    const auto known = outcomes_.codes();
    for (const std::string& code : codes) {
      if (std::find(known.begin(), known.end(), code) != known.end()) continue;
      in.problem("scenario-020", "unknown outcome '" + code + "'",
                 "E.g. LS, TH, FN, CTX, P1NP, BVTV_tibia, TbN_tibia, EV_plasma. " + core::did_you_mean(code, known), key);
    }
  }

  /// The arm that a key names; reports one that does not exist.
  std::string arm_named(TomlReader& in, std::string_view key, bool required) {
    const std::string name = required ? in.required_text(key) : in.text(key).value_or("");
    std::vector<std::string> names;
    for (const auto& arm : scenario_.arms) names.push_back(arm.name);
    if (!name.empty() && std::find(names.begin(), names.end(), name) == names.end())
      in.problem("scenario-021", "no arm '" + name + "'", core::did_you_mean(name, names), key);
    return name;
  }

  void read_report(const TomlValue& value) {
    TomlReader in(value, "[report]", problems_);
    scenario_.outcomes = in.texts("outcomes");
    check_outcomes(in, scenario_.outcomes, "outcomes");
    const std::string values = in.text("values").value_or("change");
    if (values != "change" && values != "absolute")
      in.problem("scenario-022", "unknown 'values' = '" + values + "'", "'change' (percent) or 'absolute'.", "values");
    scenario_.absolute = values == "absolute";
    scenario_.control = arm_named(in, "control", false);
    if (const TomlValue* responders = in.table("responders")) {
      TomlReader body(*responders, "responders", problems_);
      std::vector<std::string> codes;
      for (const auto& entry : responders->entries) {
        codes.push_back(entry.first);
        scenario_.responders.emplace_back(entry.first, body.required_number(entry.first));
      }
      check_outcomes(in, codes, "responders");
    }
    for (const std::string& table : in.texts("evidence")) scenario_.own_tables.push_back({beside(table)});
    in.finish();
  }

  void read_power(const TomlValue& value) {
    TomlReader in(value, "[power]", problems_);
    PowerPlan plan;
    plan.where = value.where;
    plan.control = arm_named(in, "control", true);
    plan.endpoints = in.texts("endpoints");
    if (plan.endpoints.empty()) in.problem("scenario-023", "'endpoints' is missing", "E.g. [\"BVTV_tibia\"].");
    check_outcomes(in, plan.endpoints, "endpoints");
    const auto texts = in.texts("times");
    if (texts.empty()) in.problem("scenario-023", "'times' is missing", "E.g. [\"8 weeks\"].");
    for (const std::string& text : texts) {
      const auto look = time(in, text, "times");
      if (!look || *look <= core::Time() || *look > scenario_.until) in.problem("scenario-023", "a time lies outside of the scenario", "", "times");
      if (!look) continue;
      plan.days.push_back(look->in(core::kSecondsPerDay));
      scenario_.extra_times.push_back(*look);
    }
    plan.wished = in.number("power").value_or(0.8);
    if (!(plan.wished > 0.05 && plan.wished < 1)) in.problem("scenario-023", "'power' should lie between 0.05 and 1", "", "power");
    const double most = in.number("most").value_or(60);
    if (!(most >= 3 && most <= 1000 && most == std::floor(most)))
      in.problem("scenario-023", "'most' should be a whole number from 3 to 1000", "", "most");
    plan.most = static_cast<std::size_t>(std::clamp(most, 3.0, 1000.0));
    if (scenario_.arms.size() == 1) in.problem("scenario-023", "[power] needs an arm beside the control", "");
    if (const TomlValue* cv = in.table("cv")) {
      TomlReader body(*cv, "[power] cv", problems_);
      for (const auto& entry : cv->entries) {
        plan.cv[entry.first] = body.required_number(entry.first);
        if (std::find(plan.endpoints.begin(), plan.endpoints.end(), entry.first) == plan.endpoints.end())
          body.problem("scenario-023", "'" + entry.first + "' is no endpoint", core::did_you_mean(entry.first, plan.endpoints), entry.first);
        if (!(plan.cv[entry.first] > 0 && plan.cv[entry.first] <= 2))
          body.problem("scenario-023", "'" + entry.first + "' should be a coefficient of variation above 0 and up to 2", "0.2 is 20 %.", entry.first);
      }
      body.finish();
    }
    in.finish();
    scenario_.power = plan;
  }

  void read_solver(const TomlValue& value) {
    TomlReader in(value, "[solver]", problems_);
    if (const auto engine = in.text("engine")) {
      try {
        scenario_.engine = simulate::engine_from_name(*engine);
      } catch (const core::Error& error) {
        in.problem(error, "engine");
      }
    }
    scenario_.relative_tolerance = in.number("rtol").value_or(1e-6);
    scenario_.absolute_scale = in.number("atol_scale").value_or(1);
    if (!(scenario_.relative_tolerance >= 1e-13 && scenario_.relative_tolerance <= 0.1))
      in.problem("scenario-013", "'rtol' should lie between 1e-13 and 0.1", "", "rtol");
    if (!(scenario_.absolute_scale > 0) || std::isinf(scenario_.absolute_scale))
      in.problem("scenario-013", "'atol_scale' should be positive", "", "atol_scale");
    in.finish();
  }

  const std::string& text_;
  std::string path_;
  const model::Library& library_;
  const core::UnitSystem& units_;
  protocol::DrugCatalogue catalogue_;
  model::Outcomes outcomes_;
  core::Diagnostics problems_;
  core::Location until_where_;
  Scenario scenario_;
};

}  // namespace

Scenario load_scenario(const std::string& path, const model::Library& library, const core::UnitSystem& units) {
  (void)core::load_toml(path);  // refuses empty and oversized files
  return read_scenario(core::read_file(path), path, library, units);
}

Scenario read_scenario(const std::string& text, const std::string& path, const model::Library& library, const core::UnitSystem& units) {
  return ScenarioReader(text, path, library, units).run();
}

}  // namespace osteosome::cohort
