// SPDX-License-Identifier: Apache-2.0
// Who `simulate` simulates.
#include "simulated_patient.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "osteosome/core/text.hpp"

namespace osteosome::tasks {
namespace {

/// Who is simulated, from the options; problems are collected, so that all come in one go.
class PatientReader {
 public:
  PatientReader(const SimulationRequest& request, const model::Model& model, const core::UnitSystem& units)
      : request_(request), model_(model), units_(units) {}

  [[nodiscard]] simulate::Patient read() {
    patient_.supplement = false;  // only what is asked for is given
    if (!request_.weight.empty()) patient_.weight_kg = positive("--weight", request_.weight, "kg");
    const auto& inputs = model_.patient;
    if (wanted("--age", request_.age, !model_.age_at_zero.empty(), "age")) set("age", years("--age", request_.age), "--age " + request_.age);
    const bool woman = !inputs.age_at_menopause.empty() && model_.species_name == "human";
    if (wanted("--menopause", request_.menopause, woman, "menopause") && has_age("--menopause")) menopause();
    if (wanted("--ovariectomy", request_.ovariectomy, !model_.age_at_zero.empty() && !inputs.age_at_menopause.empty() && !inputs.surgical.empty(),
               "removal of the ovaries"))
      ovariectomy();
    for (const std::string& text : request_.t_scores) t_score(text);
    problems_.throw_if_any(core::ErrorKind::Input);
    return patient_;
  }

 private:
  void problem(const std::string& code, const std::string& message, const std::string& hint) { problems_.add({code, message, {}, hint}); }

  /// Whether the option is given, and the model can take it.
  bool wanted(const char* option, const std::string& text, bool taken, const char* what) {
    if (!text.empty() && !taken) problem("simulate-012", fmt::format("{}: model '{}' has no {}", option, request_.model, what), "");
    return !text.empty() && taken;
  }
  bool has_age(const std::string& option) {
    if (request_.age.empty()) problem("usage", option + " needs --age", "E.g. --age \"65 years\".");
    return patient_.age_days.has_value();
  }
  [[nodiscard]] double age_in_years() const { return *patient_.age_days / core::kDaysPerYear; }

  double positive(const char* option, const std::string& text, const char* unit) {
    try {
      const double value = core::quantity_in(units_, text, units_.parse(unit));
      if (value > 0) return value;
      problem("usage", fmt::format("{} {} should be positive", option, text), "");
    } catch (const core::Error& error) {
      for (const core::Diagnostic& d : core::retold(error, std::string(option) + ": ", {})) problems_.add(d);
    }
    return std::nan("");
  }
  double years(const char* option, const std::string& text) { return positive(option, text, "year"); }

  void set(const std::string& quantity, double value, const std::string& option) {
    if (std::isnan(value)) return;  // said already
    if (const std::string wrong = simulate::set_quantity(patient_, quantity, value); !wrong.empty())
      problem("simulate-012", option + ": " + wrong, "");
  }

  void menopause() {
    constexpr double kEarliest = 10, kLatest = 70;
    const double at = years("--menopause", request_.menopause);
    if (at < kEarliest || at > kLatest)
      problem("simulate-012", "--menopause " + request_.menopause + ": menopause comes between 10 and 70 years of age", "");
    set("years_since_menopause", age_in_years() - at, "--menopause " + request_.menopause);
  }

  void ovariectomy() {
    if (!request_.menopause.empty()) problem("usage", "--ovariectomy excludes --menopause", "The operation is the menopause.");
    try {
      const double days = core::quantity_in(units_, request_.ovariectomy, units_.parse("d"));
      if (days < 0) problem("usage", "--ovariectomy " + request_.ovariectomy + " lies after the start", "It is the time since the operation.");
      const auto& zero = *model_.find_parameter(model_.age_at_zero);
      const double first = zero.value * zero.unit.unit.scale() / core::kSecondsPerDay;  // age at which the model starts, intact
      if (patient_.age_days.value_or(first) - days < first * (1 - 1e-9))
        problem("simulate-012",
                "--ovariectomy " + request_.ovariectomy + " lies before the model starts, at an age of " + core::format_double(std::round(first)) +
                    " days",
                "Give a later --age, or a shorter time.");
      patient_.days_since_gonadectomy = days;
    } catch (const core::Error& error) {
      for (const core::Diagnostic& d : core::retold(error, "--ovariectomy: ", {})) problems_.add(d);
    }
  }

  void t_score(const std::string& text) {
    const auto equals = text.find('=');
    const std::string site(core::trim(std::string_view(text).substr(0, equals)));
    std::vector<std::string> sites;
    for (const auto& d : model_.patient.densities) sites.push_back(d.site);
    const auto value = equals == std::string::npos ? std::nullopt : core::parse_double(core::trim(std::string_view(text).substr(equals + 1)));
    if (!value) {
      problem("usage", "--t-score " + text + " is not SITE=NUMBER", "E.g. --t-score LS=-2.5.");
    } else if (std::find(sites.begin(), sites.end(), site) == sites.end()) {
      problem("simulate-012", fmt::format("--t-score {}: model '{}' has no density of '{}'", text, request_.model, site),
              sites.empty() ? "" : fmt::format("It has {}.", fmt::join(sites, ", ")));
    } else if (std::any_of(patient_.t_scores.begin(), patient_.t_scores.end(), [&](const auto& t) { return t.first == site; })) {
      problem("usage", "--t-score " + text + ": the site is given twice", "");
    } else if (has_age("--t-score")) {
      set("t_" + core::to_lower(site), *value, "--t-score " + text);
    }
  }

  const SimulationRequest& request_;
  const model::Model& model_;
  const core::UnitSystem& units_;
  simulate::Patient patient_;
  core::Diagnostics problems_;
};

/// "a woman of 65 years, menopause at 50 years, T-scores LS -2.5", as the model has it where nothing is given; "" for a model without an age.
std::string who(const simulate::Patient& patient, const simulate::CompiledModel& model) {
  const model::Model& m = model.model();
  if (m.age_at_zero.empty()) return "";
  const auto start = simulate::begin_patient(model, patient, model.program().parameter_values);
  const auto value = [&](const std::string& name) { return start.parameters[*model.program().parameter_index(name)]; };
  const auto days = [&](const std::string& name) { return value(name) * m.find_parameter(name)->unit.unit.scale() / core::kSecondsPerDay; };
  const bool human = m.species_name == "human";
  const auto age = [&](double d) { return human ? fmt::format("{:.4g} years", d / core::kDaysPerYear) : fmt::format("{:.3g} weeks", d / 7); };
  std::string text = fmt::format("{} of {}", human ? "a woman" : "a " + m.species_name, age(patient.age_days.value_or(days(m.age_at_zero))));
  const std::string& menopause = m.patient.age_at_menopause;
  if (!m.patient.surgical.empty() && value(m.patient.surgical) != 0) {
    text += ", gonads removed at " + age(days(menopause));
  } else if (human && !menopause.empty()) {
    text += ", menopause at " + age(days(menopause));
  }
  for (std::size_t k = 0; k < patient.t_scores.size(); ++k)
    text += fmt::format("{} {} {}", k == 0 ? ", T-scores" : ",", patient.t_scores[k].first, core::format_double(patient.t_scores[k].second));
  return text;
}

}  // namespace

simulate::Patient patient_of(const SimulationRequest& o, const simulate::CompiledModel& model, const core::UnitSystem& units) {
  return PatientReader(o, model.model(), units).read();
}

/// The line that says who it is, and how to say it otherwise.
std::string who_note(const SimulationRequest& o, const simulate::Patient& patient, const simulate::CompiledModel& model) {
  const auto& inputs = model.model().patient;
  const bool said = !(o.age.empty() && o.menopause.empty() && o.ovariectomy.empty() && o.t_scores.empty());
  if (!said && inputs.age_at_menopause.empty() && inputs.densities.empty()) return "";  // a model of nobody in particular
  const std::string text = who(patient, model);
  if (text.empty()) return "";
  return "at time 0: " + text + (said ? "" : "; --age, --menopause, --ovariectomy and --t-score make it somebody else");
}

}  // namespace osteosome::tasks
