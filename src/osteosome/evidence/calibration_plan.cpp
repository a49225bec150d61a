// SPDX-License-Identifier: Apache-2.0
#include "osteosome/evidence/calibration_plan.hpp"

#include <algorithm>
#include <filesystem>
#include <set>

#include "osteosome/core/text.hpp"
#include "osteosome/core/toml.hpp"
#include "osteosome/model/value_check.hpp"

namespace osteosome::evidence {
namespace {

using calibrate::Unknown;

class ConfigReader {
 public:
  explicit ConfigReader(const std::string& path) { config_.file = path; }

  CalibrationPlan run() {
    config_.text = core::read_file(config_.file);
    const core::TomlValue root = core::parse_toml(config_.text, config_.file);
    core::TomlReader top(root, "calibration", problems_);
    read_data(top);
    if (const auto* header = top.table("calibration")) {
      read_header(*header);
    } else {
      top.problem("calibration-001", "the table [calibration] is missing");
    }
    if (const auto* weights = top.table("weights")) {
      for (const auto& [name, value] : weights->entries) read_weight(name, value);
    }
    if (const auto* factors = top.table("study_factors")) {
      core::TomlReader in(*factors, "[study_factors]", problems_);
      for (const auto& [name, value] : factors->entries) {
        config_.study_factors[name] = in.required_number(name);
        if (!(config_.study_factors[name] > 0)) in.problem("calibration-003", "the factor of '" + name + "' should be positive", "", name);
      }
    }
    check_domain(root);
    if (const auto* unknowns = top.table("unknowns")) {
      for (const auto& [name, value] : unknowns->entries) read_unknown(name, value);
      check_owners(*unknowns);
    }
    check_profiles(top);
    if (config_.unknowns.empty()) top.problem("calibration-002", "[unknowns] is missing", "Name at least one parameter.");
    top.finish();
    problems_.throw_if_any(core::ErrorKind::Input);
    return std::move(config_);
  }

 private:
  static double whole(core::TomlReader& in, std::string_view key, double otherwise, double low, double high) {
    const double x = in.number(key).value_or(otherwise);
    if (x >= low && x <= high && x == std::floor(x)) return x;
    in.problem("calibration-008",
               "'" + std::string(key) + "' should be a whole number from " + core::format_double(low) + " to " + core::format_double(high), "", key);
    return otherwise;
  }

  void read_header(const core::TomlValue& value) {
    core::TomlReader in(value, "[calibration]", problems_);
    config_.title = in.required_text("title");
    config_.model = in.required_text("model");
    const auto beside = std::filesystem::path(config_.file).parent_path() / config_.model;
    if (std::error_code ec; std::filesystem::is_regular_file(beside, ec)) config_.model = beside.string();
    config_.overlays = in.texts("overlays");
    if (const auto domain = in.text("domain"); domain && config_.data) {
      in.problem("calibration-016", "'domain' has no meaning beside [observed]", "Leave it out.", "domain");
    } else if (domain) {
      config_.domain = *domain;
    }
    if (!config_.data && config_.domain != "clinical" && config_.domain != "preclinical")
      in.problem("calibration-016", "unknown 'domain' = '" + config_.domain + "'", "'clinical' or 'preclinical'.", "domain");
    config_.studies = in.texts("studies");
    config_.settings.starts = static_cast<std::size_t>(whole(in, "starts", 1, 1, 10000));
    config_.settings.seed = static_cast<std::uint64_t>(whole(in, "seed", 1, 0, 9e15));
    config_.settings.max_iterations = static_cast<int>(whole(in, "max_iterations", 30, 1, 100000));
    config_.settings.tolerance = in.number("tolerance").value_or(config_.data ? 1e-9 : 1e-4);
    config_.settings.difference = in.number("difference").value_or(config_.data ? 1e-3 : 5e-3);
    config_.ensemble = static_cast<std::size_t>(whole(in, "ensemble", 200, 1, 1e6));
    config_.profiles = in.texts("profiles");
    config_.profile_points = static_cast<std::size_t>(whole(in, "profile_points", 5, 3, 100));
    config_.rtol = in.number("rtol").value_or(config_.data ? 1e-8 : 1e-5);
    if (!(config_.rtol >= 1e-13 && config_.rtol <= 0.1)) in.problem("calibration-008", "'rtol' should lie between 1e-13 and 0.1", "", "rtol");
    in.finish();
  }

  /// [data] and [observed], before the header, whose defaults depend on them.
  void read_data(core::TomlReader& top) {
    const auto* data = top.table("data");
    const auto* observed = top.table("observed");
    if (data == nullptr && observed == nullptr) return;
    config_.data.emplace();
    config_.domain = "table";
    if (data != nullptr) {
      core::TomlReader in(*data, "[data]", problems_);
      const std::filesystem::path table = in.text("table").value_or("");
      if (!table.empty()) config_.data->path = (std::filesystem::path(config_.file).parent_path() / table).string();
      config_.data->time_unit = in.text("time_unit").value_or("");
      config_.data->species = in.text("species").value_or("");
      const std::string fit = in.text("fit").value_or("pooled");
      config_.data->by_subject = fit == "subjects";
      if (fit != "pooled" && fit != "subjects") in.problem("calibration-019", "unknown 'fit' = '" + fit + "'", "'pooled' or 'subjects'.", "fit");
      in.finish();
    }
    if (observed != nullptr) {
      for (const auto& [name, value] : observed->entries) read_observed(name, value);
    }
    if (config_.data->observed.empty())
      top.problem("calibration-019", "[observed] is missing", "E.g. [observed] with concentration = { error = \"proportional\" }.");
    for (std::size_t k = 1; k < config_.data->observed.size(); ++k) {
      const Observed& o = config_.data->observed[k];
      for (std::size_t j = 0; j < k; ++j) {
        if (!o.dvid.empty() && o.dvid == config_.data->observed[j].dvid)
          problems_.add({"calibration-019", "'" + o.quantity + "' and '" + config_.data->observed[j].quantity + "' have the same dvid " + o.dvid,
                         o.where, ""});
      }
    }
    const auto all = std::count_if(config_.data->observed.begin(), config_.data->observed.end(), [](const Observed& o) { return o.dvid.empty(); });
    if (all > 0 && config_.data->observed.size() > 1)
      top.problem("calibration-019", "several quantities are [observed], and not each has a 'dvid'", "The column DVID tells their rows apart.");
  }

  void read_observed(const std::string& name, const core::TomlValue& value) {
    core::TomlReader in(value, "observed '" + name + "'", problems_);
    Observed o;
    o.quantity = o.error.name = name;
    o.where = value.where;
    o.dvid = in.formula("dvid").value_or("");
    const std::string error = in.required_text("error");
    o.error.additive = error != "proportional";
    o.error.proportional = error == "proportional" || error == "combined";
    o.error.logarithmic = error == "log";
    if (error != "additive" && error != "log" && !o.error.proportional && value.find("error") != nullptr)
      in.problem("calibration-019", "unknown 'error' = '" + error + "'",
                 "'additive', 'proportional', 'combined' (both), or 'log': additive on the logarithms.", "error");
    in.finish();
    config_.data->observed.push_back(std::move(o));
  }

  void read_weight(const std::string& name, const core::TomlValue& value) {
    core::TomlReader in(value, "weight of '" + name + "'", problems_);
    Weight w;
    w.sd = in.required_number("sd");
    if (!(w.sd > 0)) in.problem("calibration-003", "'sd' should be positive", "", "sd");
    w.points = in.number("points").value_or(HUGE_VAL);
    if (!(w.points > 0)) in.problem("calibration-003", "'points' should be positive", "", "points");
    in.finish();
    w.where = value.where;
    config_.weights[name] = w;
  }

  /// `start` is the model's own value, filled in by the caller.
  void read_unknown(const std::string& name, const core::TomlValue& value) {
    core::TomlReader in(value, "unknown '" + name + "'", problems_);
    Unknown u;
    u.name = name;
    u.start = std::nan("");
    const auto low = in.number("low"), high = in.number("high");
    if (low.has_value() != high.has_value())
      in.problem("calibration-004", "'low' and 'high' go together", "Without both, the document's prior counts.");
    u.low = low.value_or(std::nan(""));  // NaN: taken from the document with its prior
    u.high = high.value_or(std::nan(""));
    if (!low && !high && (value.find("prior") != nullptr || value.find("sd") != nullptr || value.find("scale") != nullptr))
      in.problem("calibration-004", "'prior', 'sd' and 'scale' need 'low' and 'high'", "Without them bounds and prior are the document's.");
    if (low && high && !(u.low < u.high)) in.problem("calibration-004", "'low' should be below 'high'", "", "low");
    const std::string scale = in.text("scale").value_or(u.low > 0 ? "log" : "linear");
    if (scale != "log" && scale != "linear") in.problem("calibration-004", "unknown 'scale' = '" + scale + "'", "'log' or 'linear'.", "scale");
    if (scale == "log" && !(u.low > 0)) in.problem("calibration-004", "a log scale needs a positive 'low'", "", "low");
    u.logarithmic = scale == "log";
    const auto prior = in.number("prior"), sd = in.number("sd");
    config_.also.push_back(in.texts("also"));
    if (prior.has_value() != sd.has_value())
      in.problem("calibration-004", "'prior' and 'sd' go together", "'sd' is on the scale of the unknown: of the logarithm if 'log'.");
    if (prior && u.logarithmic && !(*prior > 0)) in.problem("calibration-004", "a log scale needs a positive 'prior'", "", "prior");
    if (prior && sd) u.prior = calibrate::Prior{u.logarithmic ? std::log(*prior) : *prior, *sd};
    in.finish();
    config_.unknowns.push_back(std::move(u));
  }

  /// Each parameter gets its value from one unknown.
  void check_owners(const core::TomlValue& unknowns) {
    std::map<std::string, std::string> owner;
    for (const Unknown& u : config_.unknowns) owner[u.name] = u.name;
    for (std::size_t k = 0; k < config_.unknowns.size(); ++k) {
      const std::string& unknown = config_.unknowns[k].name;
      for (const std::string& name : config_.also[k]) {
        const auto [it, fresh] = owner.emplace(name, unknown);
        if (fresh) continue;
        std::string what = ", which has the value of '" + it->second + "' already";
        if (it->second == name) what = ", which is an unknown too";
        if (it->second == unknown) what = name == unknown ? " itself" : " twice";
        problems_.add({"calibration-013", "'also' of unknown '" + unknown + "' names '" + name + "'" + what, unknowns.find(unknown)->where,
                       "A parameter gets its value from one unknown."});
      }
    }
  }

  /// Animal studies have weights of their own, and of tables errors are estimated.
  void check_domain(const core::TomlValue& root) {
    const core::TomlValue* header = root.find("calibration");
    if (config_.domain == "clinical" || header == nullptr) return;
    const bool animals = config_.domain == "preclinical";
    const std::pair<const char*, const core::TomlValue*> unused[] = {
        {"studies", header->find("studies")}, {"[weights]", root.find("weights")}, {"[study_factors]", root.find("study_factors")}};
    for (const auto& [name, value] : unused) {
      if (value != nullptr)
        problems_.add({"calibration-018", std::string(name) + " has no meaning " + (animals ? "with domain = \"preclinical\"" : "beside [observed]"),
                       value->where,
                       animals ? "Rows of animal studies have weights of their own; leave it out." : "Errors are estimated; leave it out."});
    }
  }

  void check_profiles(core::TomlReader& top) {
    std::vector<std::string> known;
    for (const Unknown& u : config_.unknowns) known.push_back(u.name);
    for (const std::string& name : config_.profiles) {
      if (std::find(known.begin(), known.end(), name) != known.end()) continue;
      top.problem("calibration-012", "no unknown '" + name + "' to profile", core::did_you_mean(name, known), "calibration");
    }
  }

  CalibrationPlan config_;
  core::Diagnostics problems_;
};

/// What is wrong with an unknown of a model that has it.
void check_unknown(const Unknown& u, const model::Parameter& p, const std::string& file, core::Diagnostics& problems) {
  if (p.bounds && (u.low < p.bounds->first || u.high > p.bounds->second)) {
    problems.add({"calibration-009",
                  "'" + u.name + "' may go from " + core::format_double(u.low) + " to " + core::format_double(u.high) +
                      ", beyond its bounds in the model",
                  {file, 0, 0},
                  "They are " + core::format_double(p.bounds->first) + " and " + core::format_double(p.bounds->second) + "."});
  }
  for (const double end : {u.low, u.high}) {
    const auto problem = p.bounds ? std::nullopt : model::problem_of_value(p, end, {file, 0, 0});
    if (problem) problems.add({"calibration-009", "the range of '" + u.name + "': " + problem->message, {file, 0, 0}, problem->hint});
  }
  if (p.value < u.low || p.value > u.high) {
    problems.add({"calibration-006", "'" + u.name + "' = " + core::format_double(p.value) + " lies outside low to high", {file, 0, 0}, ""});
  }
}

}  // namespace

CalibrationPlan read_calibration(const std::string& path) { return ConfigReader(path).run(); }

void take_table(CalibrationPlan& plan, const std::string& table) {
  if (!plan.data)
    throw core::usage("--data goes with a calibration file that says what is [observed]",
                      "E.g. [observed] with concentration = { error = \"log\" }.");
  plan.data->path = table;
}

namespace {

/// Bounds and prior of an unknown as its document states them.
void take_prior(Unknown& u, const model::Parameter& p, const std::string& file, core::Diagnostics& problems) {
  if (!p.prior) {
    problems.add({"calibration-017", "'" + u.name + "' has no prior in its document", {file, 0, 0}, "Give 'low' and 'high', and 'prior' and 'sd'."});
    return;
  }
  constexpr double kSds = 4;
  u.logarithmic = p.prior->logarithmic;
  const double mean = u.logarithmic ? std::log(p.prior->mean) : p.prior->mean;
  u.prior = calibrate::Prior{mean, p.prior->sd};
  u.low = u.logarithmic ? std::exp(mean - kSds * p.prior->sd) : mean - kSds * p.prior->sd;
  u.high = u.logarithmic ? std::exp(mean + kSds * p.prior->sd) : mean + kSds * p.prior->sd;
  if (p.bounds) {
    u.low = std::max(u.low, u.logarithmic ? std::max(p.bounds->first, u.low) : p.bounds->first);
    u.high = std::min(u.high, p.bounds->second);
  }
}

}  // namespace

void take_starts(CalibrationPlan& config, const model::Model& model) {
  core::Diagnostics problems;
  const auto parameter = [&](const std::string& name) {
    const auto* p = model.find_parameter(name);
    if (p == nullptr) {
      problems.add({"calibration-005",
                    "model '" + config.model + "' has no parameter '" + name + "'",
                    {config.file, 0, 0},
                    core::did_you_mean(name, model.symbols())});
    }
    return p;
  };
  for (std::size_t k = 0; k < config.unknowns.size(); ++k) {
    Unknown& u = config.unknowns[k];
    const auto* p = parameter(u.name);
    for (const std::string& name : config.also[k]) {
      const auto* other = parameter(name);
      if (p == nullptr || other == nullptr || other->unit.unit.equivalent(p->unit.unit)) continue;
      problems.add({"calibration-014",
                    "'" + name + "' in '" + other->unit.text + "' cannot have the value of '" + u.name + "' in '" + p->unit.text + "'",
                    {config.file, 0, 0},
                    "Parameters in 'also' have the unit of their unknown."});
    }
    if (p == nullptr) continue;
    if (const std::string fixed = model::why_fixed(model, u.name); !fixed.empty())
      problems.add({"value-002", "'" + u.name + "' cannot be fitted: " + fixed, {config.file, 0, 0}, "Fit what the formula uses."});
    if (std::isnan(u.low)) take_prior(u, *p, config.file, problems);
    check_unknown(u, *p, config.file, problems);
    u.start = p->value;
  }
  problems.throw_if_any(core::ErrorKind::Input);
}

void check_evidence(const CalibrationPlan& config, const std::vector<Study>& studies, const model::Model& model) {
  check_studies(config.studies, studies, config.file);
  std::set<std::string> names;
  for (const auto& output : model.outputs) {
    if (!output.observable.empty()) names.insert(output.observable);
  }
  for (const auto& study : studies) {
    for (const auto& arm : study.arms) {
      for (const auto& m : arm.measurements) names.insert({m.outcome, m.outcome + " " + m.unit});
    }
  }
  const std::vector<std::string> known(names.begin(), names.end());
  core::Diagnostics problems;
  std::vector<std::string> ids;
  for (const auto& study : studies) ids.push_back(study.id);
  for (const auto& [name, factor] : config.study_factors) {
    if (std::find(ids.begin(), ids.end(), name) == ids.end())
      problems.add({"calibration-015", "no study '" + name + "' of [study_factors]", {config.file, 0, 0}, core::did_you_mean(name, ids)});
    if (!(factor > 0)) problems.add({"calibration-003", "the factor of study '" + name + "' should be positive", {config.file, 0, 0}, ""});
  }
  for (const auto& [name, weight] : config.weights) {
    if (names.contains(name)) continue;
    problems.add({"calibration-015", "neither the evidence nor the model has '" + name + "' of [weights]", weight.where,
                  core::did_you_mean(name, known)});
  }
  problems.throw_if_any(core::ErrorKind::Input);
}

}  // namespace osteosome::evidence
