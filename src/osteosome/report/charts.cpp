// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "osteosome/core/text.hpp"
#include "osteosome/report/animals.hpp"
#include "page.hpp"

namespace osteosome::report {
namespace {

using Json = nlohmann::ordered_json;

/// Okabe-Ito colours, which differ for every common kind of colour blindness; one an arm, the same in all charts.
const std::vector<std::string> kColours = {"#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"};
const std::vector<std::vector<int>> kDashes = {{1, 0}, {6, 4}, {2, 2}, {8, 3, 2, 3}};

/// Point shapes of Vega with the character that stands for them in captions.
const std::vector<std::pair<std::string, std::string>> kSymbols = {
    {"circle", "\u25CF"},        {"square", "\u25A0"}, {"triangle-up", "\u25B2"},    {"diamond", "\u25C6"},
    {"triangle-down", "\u25BC"}, {"cross", "\u271A"},  {"triangle-right", "\u25B6"}, {"triangle-left", "\u25C0"}};

/// Each trial keeps its symbol in all charts of a report.
std::vector<std::pair<std::string, std::size_t>> study_symbols(const ReportInput& in) {
  std::vector<std::pair<std::string, std::size_t>> symbols;
  for (const auto& c : in.comparisons) {
    const bool known = std::any_of(symbols.begin(), symbols.end(), [&](const auto& s) { return s.first == c.study; });
    if (!known) symbols.emplace_back(c.study, symbols.size() % kSymbols.size());
  }
  return symbols;
}

std::string interval_words(const std::string& kind) {
  if (kind == "SD") return "bars: SD";
  if (kind == "SE") return "bars: SE";
  if (kind == "CI95") return "bars: 95 % CI";
  return kind == "error_bar_as_plotted" ? "bars as plotted, kind not recorded" : "bars: kind not recorded";
}

/// "Points: trial means: o DATA 24 mo (Leder 2014) (bars: SE); ..."
std::string points_caption(const ReportInput& in, const nlohmann::ordered_json& points) {
  if (points.empty()) return in.scenario.absolute ? "" : " No trial of this scenario reports this outcome.";
  std::string text;
  for (const auto& [study, symbol] : study_symbols(in)) {
    std::set<std::string> kinds;
    bool used = false;
    for (const auto& row : points) {
      if (row["study"] != study) continue;
      used = true;
      kinds.insert(row.contains("low") ? interval_words(row["interval"]) : "no interval reported");
    }
    std::string words;
    for (const std::string& kind : kinds) words += (words.empty() ? "" : ", ") + kind;
    if (used) text += (text.empty() ? " " : "; ") + kSymbols[symbol].second + " " + study + " (" + words + ")";
  }
  return " Points: means:" + text + ".";
}

constexpr std::size_t kMostPlainCharts = 12;  // of a model without observables

/// What an output is charted as: its observable, or, where no model has one (imported models), its own name.
std::string code_of(const ReportInput& in, const model::Output& o) { return simulate::has_observables(in.models) ? o.observable : o.id; }

std::string title_of(const ReportInput& in, const std::string& code) {
  const model::Outcome* outcome = simulate::has_observables(in.models) ? in.outcomes.find(code) : nullptr;
  return outcome == nullptr ? code : outcome->title;
}

/// Whether two outputs of a model keep their ratio at every look of every arm, and move at all.
bool one_course(const ReportInput& in, std::size_t model, const std::string& a, const std::string& b) {
  bool moves = false;
  for (const auto& arm : in.result.arms) {
    if (arm.model != model || arm.values.empty() || arm.values.front().empty()) continue;
    const auto column = [&](const std::string& id) {
      return static_cast<std::size_t>(std::find(arm.outputs.begin(), arm.outputs.end(), id) - arm.outputs.begin());
    };
    const std::size_t i = column(a), j = column(b), n = arm.outputs.size();
    if (i == n || j == n) return false;
    const auto& row = arm.values.front();
    for (std::size_t k = 0; k < in.result.days.size(); ++k) {
      constexpr double kRounding = 1e-9;
      const double ratio = row[k * n + i] / row[i], other = row[k * n + j] / row[j];
      if (!(std::abs(ratio - other) <= kRounding * std::abs(ratio))) return false;
      moves = moves || std::abs(ratio - 1) > kRounding;
    }
  }
  return moves;
}

/// Parameters of the formula of `a` that the formula of `b` has not.
std::vector<const model::Parameter*> own_parameters(const model::Model& model, const model::Output& a, const model::Output& b) {
  const auto theirs = expr::names_in(b.formula);
  std::vector<const model::Parameter*> own;
  for (const std::string& name : expr::names_in(a.formula)) {
    if (const auto* p = model.find_parameter(name); p != nullptr && !theirs.contains(name)) own.push_back(p);
  }
  return own;
}

/// Whether an outcome of another site (BVTV_femur beside BVTV_tibia) scales with another parameter of the same value.
bool same_intact_value(const model::Model& model, const model::Output& a, const model::Output& b) {
  const std::size_t site = a.observable.find('_');
  if (site == std::string::npos || a.observable.compare(0, site + 1, b.observable, 0, site + 1) != 0) return false;
  const auto mine = own_parameters(model, a, b), theirs = own_parameters(model, b, a);
  return !mine.empty() && std::equal(mine.begin(), mine.end(), theirs.begin(), theirs.end(), [](auto* x, auto* y) { return x->value == y->value; });
}

/// Outcomes for which the model has the same number: up to a factor, or in the intact animal.
std::string shared_number(const ReportInput& in, const std::string& code) {
  std::set<std::string> others, intact;
  for (std::size_t m = 0; m < in.models.size(); ++m) {
    const auto& outputs = in.models[m].model().outputs;
    const auto mine = std::find_if(outputs.begin(), outputs.end(), [&](const auto& o) { return code_of(in, o) == code; });
    for (const auto& o : outputs) {
      const std::string other = code_of(in, o);
      if (mine != outputs.end() && !other.empty() && other != code && one_course(in, m, mine->id, o.id)) others.insert(other);
      if (mine != outputs.end() && other != code && same_intact_value(in.models[m].model(), *mine, o)) intact.insert(other);
    }
  }
  std::string text;
  if (!others.empty()) text += fmt::format(" The model has one course for {} too: it does not tell them apart.", fmt::join(others, ", "));
  if (!intact.empty()) text += fmt::format(" Its value in the intact animal is taken for {} too.", fmt::join(intact, ", "));
  return text;
}

std::vector<std::string> outcomes_of(const ReportInput& in) {
  std::set<std::string> have;
  std::vector<std::string> first;
  for (const auto& m : in.models) {
    for (const auto& o : m.model().outputs) {
      if (const std::string code = code_of(in, o); !code.empty() && have.insert(code).second && first.size() < kMostPlainCharts)
        first.push_back(code);
    }
  }
  if (!simulate::has_observables(in.models)) return first;
  std::vector<std::string> order = in.scenario.outcomes;
  if (order.empty()) {
    order = in.outcomes.usual();
    for (const auto& c : in.comparisons) {  // own data may be of others
      if (std::find(order.begin(), order.end(), c.outcome) == order.end()) order.push_back(c.outcome);
    }
  }
  std::erase_if(order, [&](const std::string& code) { return !have.contains(code); });
  return order;
}

/// The unit of time that people count a scenario of this length in.
struct TimeAxis {
  const char *field, *title;
  double seconds;  ///< of its unit
  [[nodiscard]] double of(double days) const { return core::Time(days, core::kSecondsPerDay).in(seconds); }
};
TimeAxis time_axis(const ReportInput& in) {
  if (!in.scenario.absolute) return {"month", "Months since start of treatment", core::kSecondsPerMonth};
  if (in.scenario.until_days() < 4) return {"hour", "Hours since start of treatment", 3600};
  if (in.scenario.until_days() < 29) return {"day", "Days since start of treatment", core::kSecondsPerDay};
  if (in.scenario.until_days() < 750) return {"week", "Weeks since start of treatment", 7 * core::kSecondsPerDay};
  return {"month", "Months since start of treatment", core::kSecondsPerMonth};
}

const model::Output* output_of(const ReportInput& in, const std::string& code) {
  for (const auto& m : in.models) {
    for (const auto& o : m.model().outputs) {
      if (code_of(in, o) == code) return &o;
    }
  }
  return nullptr;
}

/// Values in their unit: [subject][time].
std::vector<std::vector<double>> absolute_values(const cohort::ArmResult& arm, std::size_t output, std::size_t times) {
  std::vector<std::vector<double>> rows;
  for (const auto& values : arm.values) {
    std::vector<double> row(times, std::nan(""));
    for (std::size_t k = 0; k < times && !values.empty(); ++k) row[k] = values[k * arm.outputs.size() + output];
    rows.push_back(std::move(row));
  }
  return rows;
}

/// Curves of one outcome as rows of data; with several subjects also the band from the 5th to the 95th percentile.
Json curve_rows(const ReportInput& in, const std::string& code) {
  Json rows = Json::array();
  const TimeAxis axis = time_axis(in);
  const std::size_t times = in.result.days.size();
  for (const auto& arm : in.result.arms) {
    const auto& outputs = in.models[arm.model].model().outputs;
    for (std::size_t o = 0; o < arm.outputs.size(); ++o) {
      const auto output = std::find_if(outputs.begin(), outputs.end(), [&](const auto& x) { return x.id == arm.outputs[o]; });
      if (code_of(in, *output) != code) continue;
      const auto change = in.scenario.absolute ? absolute_values(arm, o, times) : evidence::percent_change(arm, o, times);
      const auto median = evidence::quantile(change, 0.5, times);
      const bool band = arm.values.size() > 1;
      const auto low = band ? evidence::quantile(change, 0.05, times) : median;
      const auto high = band ? evidence::quantile(change, 0.95, times) : median;
      for (std::size_t k = 0; k < times; ++k) {
        if (!std::isfinite(median[k])) continue;
        Json row = {{axis.field, axis.of(in.result.days[k])},
                    {"change", significant(median[k])},
                    {"arm", in.scenario.arms[arm.arm].label},
                    {"model", in.scenario.models[arm.model].name}};
        if (band) row["low"] = significant(low[k]), row["high"] = significant(high[k]);
        rows.push_back(std::move(row));
      }
    }
  }
  return rows;
}

/// Trial points of one outcome, each once although several models are compared with it.
Json point_rows(const ReportInput& in, const std::string& code) {
  Json rows = Json::array();
  std::set<std::string> seen;
  const TimeAxis axis = time_axis(in);
  for (const auto& c : in.comparisons) {
    if ((c.unit == evidence::kPercentChange) == in.scenario.absolute) continue;
    if (c.time_zero_month != 0) continue;  // its baseline is not the chart's; the table has it
    if (c.outcome != code || !seen.insert(c.study_arm + "@" + std::to_string(c.month) + "=" + core::format_double(c.observed)).second) continue;
    const auto arm = std::find_if(in.scenario.arms.begin(), in.scenario.arms.end(), [&](const auto& a) { return a.name == c.arm; });
    Json row = {{axis.field, axis.of(core::Time(c.month, core::kSecondsPerMonth).in(core::kSecondsPerDay))},
                {"change", c.observed},
                {"arm", arm->label},
                {"study", c.study},
                {"interval", c.interval}};
    if (c.low && c.high) row["low"] = *c.low, row["high"] = *c.high;
    rows.push_back(std::move(row));
  }
  return rows;
}

/// About eight ticks at whole multiples of months that people count in.
Json month_ticks(const ReportInput& in) {
  const double until = time_axis(in).of(in.scenario.until_days());
  double step = 1;
  if (until < 2) {  // an imported model may run for seconds
    step = std::pow(10, std::floor(std::log10(until / 2)));
    if (until / step > 9) step *= 2;
  }
  for (const double candidate : {1.0, 2.0, 3.0, 6.0, 12.0, 24.0, 60.0, 120.0}) {
    if (until < 2) break;
    step = candidate;
    if (until / candidate <= 9) break;
  }
  Json ticks = Json::array();
  for (std::int64_t k = 0; (core::Time(step) * k).in(1) <= until; ++k) ticks.push_back((core::Time(step) * k).in(1));
  return ticks;
}

/// The encodings that all layers of a chart share.
struct Encodings {
  Json month, change, colour, dash;
  std::string title;  ///< of the values
  const char* time;   ///< field of the time
};

const std::string kChange = "Change from baseline [%]", kRelative = "relative to rest";

std::string value_title(const model::Output& o) {
  if (o.unit.text == "1") return kRelative;
  return o.unit.text == "percent" ? "%" : o.unit.text;
}

Json quantity(const char* field, const std::string& title) {
  Json q = {{"field", field}, {"type", "quantitative"}, {"title", title}};
  if (title == kRelative) q["scale"] = {{"zero", false}};
  if (title.find("particle") != std::string::npos || title == "cell") q["axis"] = {{"format", ".2~e"}};
  return q;
}

Encodings make_encodings(const ReportInput& in, const Json& curves, const std::string& values) {
  Json arms = Json::array(), colours = Json::array(), models = Json::array(), dashes = Json::array();
  for (std::size_t i = 0; i < in.scenario.arms.size(); ++i) {
    arms.push_back(in.scenario.arms[i].label);
    colours.push_back(kColours[i % kColours.size()]);
  }
  for (std::size_t i = 0; i < in.scenario.models.size(); ++i) {
    const bool has_curve = std::any_of(curves.begin(), curves.end(), [&](const Json& row) { return row["model"] == in.scenario.models[i].name; });
    if (!has_curve) continue;
    models.push_back(in.scenario.models[i].name);
    dashes.push_back(kDashes[i % kDashes.size()]);
  }
  const TimeAxis axis = time_axis(in);
  const double until = axis.of(in.scenario.until_days());
  const Json legend = {{"symbolType", "stroke"}, {"symbolOpacity", 1}};
  const auto nominal = [&](const char* field, const char* title, const Json& domain, const Json& range) {
    return Json{{"field", field}, {"type", "nominal"}, {"title", title}, {"legend", legend}, {"scale", {{"domain", domain}, {"range", range}}}};
  };
  const Json month = {
      {"field", axis.field},
      {"type", "quantitative"},
      {"title", axis.title},
      {"axis", {{"values", month_ticks(in)}, {"grid", false}}},
      {"scale", {{"domain", Json::array({0, until})}, {"nice", false}}}};
  return {month, quantity("change", values), nominal("arm", "Arm", arms, colours), nominal("model", "Model", models, dashes), values, axis.field};
}

Json tooltip(std::initializer_list<const char*> fields) {
  Json tip = Json::array();
  for (const char* field : fields) tip.push_back({{"field", field}});
  return tip;
}

void add_curves(const Encodings& e, const Json& curves, Json& layers) {
  if (e.title == kChange)
    layers.push_back({{"mark", {{"type", "rule"}, {"color", "#999"}}},
                      {"data", {{"values", Json::array({Json{{"zero", 0}}})}}},
                      {"encoding", {{"y", {{"field", "zero"}, {"type", "quantitative"}}}}}});
  if (curves[0].contains("low")) {
    layers.push_back(
        {{"mark", {{"type", "area"}, {"opacity", 0.15}}},
         {"data", {{"values", curves}}},
         {"encoding",
          {{"x", e.month}, {"y", quantity("low", e.title)}, {"y2", {{"field", "high"}}}, {"color", e.colour}, {"detail", {{"field", "model"}}}}}});
  }
  layers.push_back(
      {{"mark", {{"type", "line"}, {"strokeWidth", 2}}},
       {"data", {{"values", curves}}},
       {"encoding",
        {{"x", e.month}, {"y", e.change}, {"color", e.colour}, {"strokeDash", e.dash}, {"tooltip", tooltip({"model", "arm", e.time, "change"})}}}});
}

void add_points(const ReportInput& in, const Encodings& e, const Json& points, Json& layers) {
  if (points.empty()) return;
  Json studies = Json::array(), symbols = Json::array();
  for (const auto& [study, symbol] : study_symbols(in)) {
    studies.push_back(study);
    symbols.push_back(kSymbols[symbol].first);
  }
  const Json shape = {{"field", "study"}, {"type", "nominal"}, {"legend", nullptr}, {"scale", {{"domain", studies}, {"range", symbols}}}};
  layers.push_back({{"mark", {{"type", "rule"}, {"opacity", 0.8}}},
                    {"data", {{"values", points}}},
                    {"transform", Json::array({Json{{"filter", "isValid(datum.low)"}}})},
                    {"encoding", {{"x", e.month}, {"y", quantity("low", e.title)}, {"y2", {{"field", "high"}}}, {"color", e.colour}}}});
  layers.push_back({{"mark", {{"type", "point"}, {"filled", true}, {"size", 60}, {"opacity", 1}}},
                    {"data", {{"values", points}}},
                    {"encoding",
                     {{"x", e.month},
                      {"y", e.change},
                      {"color", e.colour},
                      {"shape", shape},
                      {"tooltip", tooltip({"study", "arm", e.time, "change", "low", "high", "interval"})}}}});
}

/// Names of the arms at the ends of few lines that end apart.
void add_labels(const ReportInput& in, const Encodings& e, const Json& curves, Json& layers) {
  constexpr std::size_t kFew = 4;
  constexpr double kApart = 0.08;  // of the range of the values: a line of text
  if (in.scenario.arms.size() > kFew || in.scenario.arms.size() < 2) return;
  std::map<std::string, Json> last;
  double low = HUGE_VAL, high = -HUGE_VAL;
  for (const Json& row : curves) {
    if (row["model"] != curves[0]["model"]) return;
    last[row["arm"]] = row;
    low = std::min(low, row.value("low", row["change"].get<double>()));
    high = std::max(high, row.value("high", row["change"].get<double>()));
  }
  Json ends = Json::array();
  for (const auto& [arm, row] : last) {
    for (const Json& other : ends) {
      if (std::abs(other["change"].get<double>() - row["change"].get<double>()) < kApart * (high - low)) return;
    }
    ends.push_back({{e.time, row[e.time]}, {"change", row["change"]}, {"arm", arm}});
  }
  layers.push_back({{"mark",
                     {{"type", "text"}, {"align", "right"}, {"baseline", "bottom"}, {"dx", -4}, {"dy", -3}, {"fontWeight", 600}, {"limit", 220}}},
                    {"data", {{"values", ends}}},
                    {"encoding", {{"x", e.month}, {"y", e.change}, {"text", {{"field", "arm"}}}, {"color", e.colour}}}});
}

Json legend_style() {
  return {
      {"orient", "bottom"},     {"labelLimit", 320},      {"direction", "horizontal"},
      {"symbolStrokeWidth", 2}, {"columns", 1},           {"symbolSize", 400},
      {"titleOrient", "left"},  {"titleAnchor", "start"}, {"layout", {{"bottom", {{"direction", "vertical"}, {"anchor", "start"}, {"margin", 4}}}}},
      {"labelFontSize", 12}};
}

Json make_spec(const ReportInput& in, const std::string& title, const std::string& values, const Json& curves, const Json& points) {
  const Encodings encodings = make_encodings(in, curves, values);
  Json layers = Json::array();
  add_curves(encodings, curves, layers);
  add_points(in, encodings, points, layers);
  add_labels(in, encodings, curves, layers);
  return {{"$schema", "https://vega.github.io/schema/vega-lite/v6.json"},
          {"title", {{"text", title}, {"anchor", "start"}}},
          {"width", "container"},
          {"height", 260},
          {"background", "white"},
          {"autosize", {{"type", "fit-x"}, {"contains", "padding"}}},
          {"layer", layers},
          {"config", {{"font", "system-ui, sans-serif"}, {"axis", {{"labelFontSize", 12}, {"titleFontSize", 12}}}, {"legend", legend_style()}}}};
}

}  // namespace

std::string arm_colour(std::size_t arm) { return kColours[arm % kColours.size()]; }

std::string model_dash(std::size_t model) {
  const auto& dashes = kDashes[model % kDashes.size()];
  return dashes.at(1) == 0 ? "" : fmt::format("{}", fmt::join(dashes, " "));
}

Chart without_legend(const Chart& chart) {
  Json spec = Json::parse(chart.spec);
  for (Json& layer : spec["layer"]) {
    for (const char* channel : {"color", "strokeDash"}) {
      if (layer["encoding"].contains(channel)) layer["encoding"][channel]["legend"] = nullptr;
    }
  }
  return {chart.id, chart.title, chart.caption, spec.dump()};
}

std::vector<Chart> make_charts(const ReportInput& in) {
  std::vector<Chart> charts;
  const auto codes = outcomes_of(in);
  for (const std::string& code : codes) {
    const Json curves = curve_rows(in, code);
    if (curves.empty()) continue;
    const Json points = point_rows(in, code);
    const model::Output& output = *output_of(in, code);
    const std::string text = in.scenario.absolute ? output.label : title_of(in, code);
    const std::string values = in.scenario.absolute ? value_title(output) : kChange;
    std::string caption = text + (in.scenario.absolute ? "" : ", percent change from the start of treatment") + ". Lines: models";
    if (!curves[0].contains("low")) {
      caption += ".";
    } else {
      caption += " (median of the subjects; band: 5th to 95th percentile).";
    }
    caption += points_caption(in, points) + shared_number(in, code);
    charts.push_back({code, text, caption, make_spec(in, text, values, curves, points).dump(1)});
  }
  for (Chart& c : dose_charts(in, codes)) charts.push_back(std::move(c));
  return charts;
}

}  // namespace osteosome::report
