// SPDX-License-Identifier: Apache-2.0
#include "osteosome/evidence/trials.hpp"

#include <algorithm>
#include <cmath>
#include <set>

#include "osteosome/cohort/simulate.hpp"
#include "osteosome/core/text.hpp"
#include "osteosome/simulate/course.hpp"

namespace osteosome::evidence {
namespace {

constexpr double kYoungestWoman = 30;                                                // years
constexpr double kLeastAge = 18, kGreatestAge = 110;                                 // years
constexpr double kGreatestScore = 6, kLongest = 1200;                                // T-score units, months
const std::set<std::string> kFractureUnits = {
    "relative_risk", "risk_ratio", "odds_ratio", "hazard_ratio", "rate_ratio", "rate_per_100py", "cumulative_incidence_percent"};
const std::set<std::string> kUnits = {
    "percent_change",          "percent_diff", "percent_per_year", "absolute_g_cm2", "absolute_sBMD_mg_cm2", "absolute_g_cm2_per_year",
    "percent_of_gain_retained"};

double age_at_month_zero(const StudyArm& arm) {
  const Population& who = arm.population;
  return arm.age_y.value_or(who.age_at_menopause_y ? *who.age_at_menopause_y + arm.years_since_menopause.value_or(0) : who.age_y);
}

/// yes, no, or no with its reason.
bool answer(const std::string& text) { return text == "yes" || text == "no" || text.starts_with("no:"); }

bool treated_before_month_zero(const StudyArm& arm, const protocol::Regimen& regimen) {
  const auto zero = core::Time(arm.time_zero_month, core::kSecondsPerMonth).whole_microseconds();
  return zero > 0 && !protocol::expand(regimen, zero).empty();
}

}  // namespace

simulate::Patient patient_of(const StudyArm& arm, const protocol::Regimen& regimen) {
  simulate::Patient patient;
  const double age = std::max(age_at_month_zero(arm) - arm.time_zero_month / 12, kYoungestWoman);
  patient.age_days = age * core::kDaysPerYear;
  patient.surgical = arm.population.surgical;
  std::optional<double> since = arm.years_since_menopause;
  if (!since) since = arm.population.years_since_menopause;
  if (!since && patient.surgical) since = age_at_month_zero(arm) - *arm.population.age_at_menopause_y;
  if (since) patient.years_since_menopause = *since - arm.time_zero_month / 12;
  patient.supplement = arm.trial_class != "natural_history";
  patient.t_scores = arm.population.t_scores;
  if (treated_before_month_zero(arm, regimen)) return patient;
  for (const auto& [site, reported] : arm.t_scores) {
    const auto usual = std::find_if(patient.t_scores.begin(), patient.t_scores.end(), [&](const auto& t) { return t.first == site; });
    if (usual == patient.t_scores.end()) {
      patient.t_scores.emplace_back(site, reported);
    } else {
      usual->second = reported;
    }
  }
  return patient;
}

std::string oddity(const StudyArm& arm) {
  if (!answer(arm.runnable)) return "'runnable' is '" + arm.runnable + "', neither 'yes' nor 'no: reason'";
  if (arm.age_y && !(*arm.age_y >= kLeastAge && *arm.age_y <= kGreatestAge)) return "an age of " + core::format_double(*arm.age_y) + " years";
  for (const auto& [site, score] : arm.t_scores) {
    if (!(std::abs(score) <= kGreatestScore)) return "a T-score of " + core::format_double(score);
  }
  if (!(arm.time_zero_month >= 0 && arm.time_zero_month <= kLongest))
    return "month 0 at month " + core::format_double(arm.time_zero_month) + " of the regimen";
  return "";
}

std::string oddity(const StudyArm& arm, const Measurement& m) {
  if (!answer(m.count)) return "'count' is '" + m.count + "', neither 'yes' nor 'no: reason'";
  if (m.count != "yes") return "";
  if (m.marker && m.mean && !(*m.mean > -100)) return "a marker that changes by " + core::format_double(*m.mean) + " %";
  const double month = arm.time_zero_month + m.month;
  if (month < 0 || month > kLongest) return "a visit at month " + core::format_double(month) + " of the regimen";
  return "";
}

double TrialRow::residual(double predicted) const {
  const double observed = *measurement->mean;
  return marker() ? std::log((1 + predicted / 100) / (1 + observed / 100)) : predicted - observed;
}

TrialSet::TrialSet(const std::vector<Study>& studies, const TrialFilter& filter, const simulate::CompiledModel& model,
                   const protocol::DrugCatalogue& catalogue, const core::UnitSystem& units)
    : model_(model), units_(units) {
  for (const auto& o : model.model().outputs) {
    if (!o.observable.empty()) outputs_.push_back(o.id);
  }
  for (const Study& study : studies) {
    if (!filter.domain.empty() && study.domain != filter.domain) continue;
    if (!filter.studies.empty() && std::find(filter.studies.begin(), filter.studies.end(), study.id) == filter.studies.end()) continue;
    for (const StudyArm& arm : study.arms) {
      if (!filter.role.empty() && arm.role != filter.role) continue;
      if (const std::string odd = oddity(arm); !odd.empty()) {
        left_out_.push_back({study.id, arm.id, "", odd});
      } else if (arm.runnable != "yes") {
        left_out_.push_back({study.id, arm.id, "", arm.runnable.starts_with("no: ") ? arm.runnable.substr(4) : arm.runnable});
      } else {
        add_arm(study, arm, catalogue, units);
      }
    }
  }
}

void TrialSet::add_arm(const Study& study, const StudyArm& arm, const protocol::DrugCatalogue& catalogue, const core::UnitSystem& units) {
  std::size_t treated = 0;
  std::optional<std::size_t> comparator;
  try {
    std::vector<protocol::Regimen> regimens = {protocol::parse_regimen(arm.regimen, catalogue, units)};
    const simulate::Patient patient = patient_of(arm, regimens[0]);
    (void)simulate::start_time(model_, patient);
    if (!arm.comparator_regimen.empty()) regimens.push_back(protocol::parse_regimen(arm.comparator_regimen, catalogue, units));
    for (const auto& regimen : regimens) simulate::DoseTranslator(model_, units).check(regimen, patient.weight_kg);
    treated = course(patient, regimens[0]);
    if (regimens.size() > 1) comparator = course(patient, regimens[1]);
  } catch (const core::Error& error) {
    left_out_.push_back({study.id, arm.id, "", core::messages(error)});
    return;
  }
  for (const Measurement& m : arm.measurements) {
    std::string reason = oddity(arm, m);
    if (reason.empty() && m.count != "yes") continue;
    if (reason.empty()) reason = add_row(study, arm, m, treated, comparator);
    if (!reason.empty()) left_out_.push_back({study.id, arm.id, m.outcome.empty() ? "?" : m.outcome, reason});
  }
}

/// Empty, or why the row cannot be compared.
std::string TrialSet::add_row(const Study& study, const StudyArm& arm, const Measurement& m, std::size_t treated,
                              std::optional<std::size_t> comparator) {
  if (kFractureUnits.contains(m.unit)) return "fractures are not modelled";
  if (!kUnits.contains(m.unit)) return "no rule for unit '" + m.unit + "'";
  if (!m.mean || !std::isfinite(m.month)) return "no mean or no month";
  if (m.unit.ends_with("_per_year") && m.month == 0) return "a rate over no time";
  if (m.unit == "percent_of_gain_retained" && arm.time_zero_month == 0) return "no gain before month 0";
  if (m.unit == "percent_diff" && !comparator) return "a difference without a comparator";
  const auto output = output_of(m.outcome, courses_[treated].regimen);
  if (!output) return "the model has no " + m.outcome;
  RowPlaces places{place(treated, *output, arm.time_zero_month, arm.time_zero_month + m.month), std::nullopt};
  if (m.unit == "percent_diff") {
    const auto other = output_of(m.outcome, courses_[*comparator].regimen);
    if (!other) return "the model has no " + m.outcome + " for the comparator";
    places.comparator = place(*comparator, *other, arm.time_zero_month, arm.time_zero_month + m.month);
  }
  if (m.unit.starts_with("absolute")) {
    for (const auto& o : model_.model().outputs) {
      if (o.id == outputs_[*output] && o.unit.text == "1") return "the model has relative density only";
    }
  }
  rows_.push_back({&study, &arm, &m});
  places_.push_back(places);
  return "";
}

std::size_t TrialSet::course(const simulate::Patient& patient, const protocol::Regimen& regimen) {
  auto found = std::find(patients_.begin(), patients_.end(), patient);
  if (found == patients_.end()) found = patients_.insert(patients_.end(), patient);
  const auto index = static_cast<std::size_t>(found - patients_.begin());
  for (std::size_t c = 0; c < courses_.size(); ++c) {
    if (courses_[c].patient == index && courses_[c].regimen.text == regimen.text) return c;
  }
  courses_.push_back({index, regimen, {0}});
  return courses_.size() - 1;
}

std::optional<std::size_t> TrialSet::output_of(const std::string& outcome, const protocol::Regimen& regimen) const {
  const auto usable = simulate::outputs_for(model_.model(), regimen);
  for (std::size_t k = 0; k < outputs_.size(); ++k) {
    if (std::find(usable.begin(), usable.end(), outputs_[k]) == usable.end()) continue;
    for (const auto& o : model_.model().outputs) {
      if (o.id == outputs_[k] && o.observable == outcome) return k;
    }
  }
  return std::nullopt;
}

TrialSet::Place TrialSet::place(std::size_t course, std::size_t output, double zero, double visit) {
  auto& months = courses_[course].months;
  const auto index = [&](double month) {
    const auto it = std::find(months.begin(), months.end(), month);
    if (it != months.end()) return static_cast<std::size_t>(it - months.begin());
    months.push_back(month);
    return months.size() - 1;
  };
  return {course, output, index(visit), index(zero)};
}

double TrialSet::predicted(std::size_t row, const Values& values) const {
  const Measurement& m = *rows_[row].measurement;
  const auto value = [&](const Place& p, std::size_t time) {
    const auto& course = values[p.course];
    return course.empty() ? std::nan("") : course[time * outputs_.size() + p.output];
  };
  const auto change = [&](const Place& p) { return 100 * (value(p, p.visit) / value(p, p.zero) - 1); };
  const Place& treated = places_[row].treated;
  if (m.unit == "percent_change") return change(treated);
  if (m.unit == "percent_diff") {
    const double other = change(*places_[row].comparator);
    return rows_[row].marker() ? 100 * ((1 + change(treated) / 100) / (1 + other / 100) - 1) : change(treated) - other;
  }
  if (m.unit == "percent_per_year") return change(treated) / (m.month / 12);
  if (m.unit == "absolute_g_cm2_per_year") return (value(treated, treated.visit) - value(treated, treated.zero)) / (m.month / 12);
  if (m.unit == "absolute_g_cm2") return value(treated, treated.visit);
  if (m.unit == "absolute_sBMD_mg_cm2") return 1000 * (1.008 * value(treated, treated.visit) + 0.006);
  const double start = value(treated, 0);
  return 100 * (value(treated, treated.visit) - start) / (value(treated, treated.zero) - start);
}

namespace {

/// Every course for every set of parameters.
class CourseSubjects final : public cohort::Subjects {
 public:
  CourseSubjects(const simulate::CompiledModel& model, const std::vector<simulate::Patient>& patients, const std::vector<TrialCourse>& courses,
                 const std::vector<std::vector<double>>& sets)
      : model_(model), patients_(patients), courses_(courses), sets_(sets) {
    const auto is_scale = [&](const std::string& name) {  // of a density: moved to the T-score
      const auto& densities = model.model().patient.densities;
      return std::any_of(densities.begin(), densities.end(), [&](const auto& d) { return d.scale == name; });
    };
    for (std::size_t p = 0; p < model.program().parameters.size(); ++p) {
      const auto differs = [&](const std::vector<double>& set) { return set[p] != model.program().parameter_values[p]; };
      if (std::none_of(sets.begin(), sets.end(), differs) || is_scale(model.program().parameters[p])) continue;
      changed_.push_back(p);
      columns_.push_back(model.program().parameters[p]);
    }
    for (const TrialCourse& course : courses) {
      treatments_.push_back(std::make_shared<const cohort::Treatment>(cohort::Treatment{"", {course.regimen}}));
      std::vector<core::Time> times;
      for (const double month : course.months) times.emplace_back(month, core::kSecondsPerMonth);
      std::sort(times.begin(), times.end());
      times_.push_back(std::make_shared<const std::vector<core::Time>>(std::move(times)));
    }
  }

  [[nodiscard]] std::size_t size() const override { return sets_.size() * courses_.size(); }
  [[nodiscard]] const std::vector<std::string>& columns() const override { return columns_; }
  [[nodiscard]] cohort::Subject at(std::size_t index) const override {
    const std::size_t c = index % courses_.size();
    const simulate::Patient& patient = patients_[courses_[c].patient];
    cohort::Subject subject{0, 0, patient, {}, treatments_[c], times_[c]};
    if (changed_.empty()) return subject;
    const auto start = simulate::begin_patient(model_, patient, sets_[index / courses_.size()]);  // what is known of her goes before the set
    for (const std::size_t p : changed_) subject.values.push_back(start.parameters[p]);
    return subject;
  }
  /// The times of the course that is looked at most often.
  [[nodiscard]] std::vector<core::Time> longest() const {
    std::vector<core::Time> longest;
    for (const auto& times : times_) {
      if (times->size() > longest.size()) longest = *times;
    }
    return longest;
  }

 private:
  const simulate::CompiledModel& model_;
  const std::vector<simulate::Patient>& patients_;
  const std::vector<TrialCourse>& courses_;
  const std::vector<std::vector<double>>& sets_;
  std::vector<std::size_t> changed_;
  std::vector<std::string> columns_;
  std::vector<std::shared_ptr<const cohort::Treatment>> treatments_;
  std::vector<std::shared_ptr<const std::vector<core::Time>>> times_;
};

}  // namespace

TrialSet::Values TrialSet::run(const std::vector<TrialCourse>& courses, const std::vector<std::vector<double>>& sets,
                               const std::stop_token& stop) const {
  if (courses.empty()) return {};
  const std::size_t columns = outputs_.size();
  const CourseSubjects subjects(model_, patients_, courses, sets);
  const auto all = cohort::simulate(model_, units_, subjects, {subjects.longest(), outputs_}, {stop});
  Values values(all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    const auto& months = courses[i % courses.size()].months;  // values come by time; the places count in the order of `months`
    std::vector<std::size_t> order(months.size());
    for (std::size_t k = 0; k < order.size(); ++k) order[k] = k;
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return months[a] < months[b]; });
    values[i].resize(months.size() * columns);
    for (std::size_t k = 0; k < order.size(); ++k) {
      for (std::size_t c = 0; c < columns; ++c) values[i][order[k] * columns + c] = all.at(i, k, c);
    }
  }
  return values;
}

std::vector<TrialCurve> TrialSet::curves(const std::vector<double>& parameters, const std::stop_token& stop) const {
  std::vector<TrialCurve> curves;
  std::vector<TrialCourse> courses = courses_;
  std::vector<std::pair<std::size_t, std::size_t>> columns;  // course and output of each curve
  for (std::size_t k = 0; k < rows_.size(); ++k) {
    const TrialRow& r = rows_[k];
    const double zero = r.arm->time_zero_month;
    if (r.measurement->unit != "percent_change") continue;
    auto curve =
        std::find_if(curves.begin(), curves.end(), [&](const TrialCurve& c) { return c.arm == r.arm && c.outcome == r.measurement->outcome; });
    if (curve == curves.end()) {
      curve = curves.insert(curves.end(), {r.arm, r.measurement->outcome, {0}, {}});
      columns.emplace_back(places_[k].treated.course, places_[k].treated.output);
    }
    while (curve->months.back() < r.measurement->month) curve->months.push_back(curve->months.back() + 1);
    for (const double month : curve->months) courses[places_[k].treated.course].months.push_back(zero + month);
  }
  const Values values = run(courses, {parameters}, stop);
  for (std::size_t k = 0; k < curves.size(); ++k) {
    const std::size_t course = columns[k].first, output = columns[k].second;
    const auto at = [&](double month) {
      const auto& months = courses[course].months;
      const auto index = static_cast<std::size_t>(std::find(months.begin(), months.end(), curves[k].arm->time_zero_month + month) - months.begin());
      return values[course].empty() ? std::nan("") : values[course][index * outputs_.size() + output];
    };
    for (const double month : curves[k].months) curves[k].change.push_back(100 * (at(month) / at(0) - 1));
  }
  return curves;
}

std::vector<std::vector<double>> TrialSet::predict(const std::vector<std::vector<double>>& parameters, const std::stop_token& stop) const {
  const Values all = run(courses_, parameters, stop);
  std::vector<std::vector<double>> out;
  for (std::size_t s = 0; s < parameters.size(); ++s) {
    const Values one(all.begin() + static_cast<std::ptrdiff_t>(s * courses_.size()),
                     all.begin() + static_cast<std::ptrdiff_t>((s + 1) * courses_.size()));
    std::vector<double> row(rows_.size());
    for (std::size_t k = 0; k < rows_.size(); ++k) row[k] = predicted(k, one);
    out.push_back(std::move(row));
  }
  return out;
}

}  // namespace osteosome::evidence
