// SPDX-License-Identifier: Apache-2.0
#include "osteosome/evidence/mechanisms.hpp"

#include <cmath>
#include <functional>

#include "osteosome/cohort/simulate.hpp"
#include "osteosome/core/text.hpp"
#include "osteosome/model/document.hpp"

namespace osteosome::evidence {
namespace {

constexpr double kDays = 7;
constexpr const char* kNative = "exosomes:bmsc 10 ug/mL medium daily x 7";
constexpr const char* kNegative = "exosomes:mir-424-5p 10 ug/mL medium daily x 7";

/// Columns of the table and the readouts of the culture that answer them.
const std::vector<std::pair<const char*, const char*>> kReadouts = {
    {"osteoblast_proliferation", "proliferation"}, {"osteoblast_differentiation", "ALP"}, {"apoptosis", "apoptosis"},
    {"osteoclastogenesis", "osteoclastogenesis"},  {"adipogenesis", "adipogenic"},        {"angiogenesis", "vessels"}};

/// The culture's readouts after a week.
class Dish {
 public:
  Dish(const std::string& data_root, const core::UnitSystem& units, const simulate::SolverSettings& settings,
       const std::vector<std::string>& overlays)
      : units_(units), catalogue_(protocol::load_catalogue(data_root)), model_(load(data_root, units, overlays), settings) {}

  /// Values of all outputs with the parameters `off` at 0.
  std::vector<double> run(const std::string& regimen, const std::vector<std::string>& off) {
    cohort::Subject dish;
    std::vector<std::string> columns;
    for (const std::string& name : off) {
      if (!model_.program().parameter_index(name)) continue;
      columns.push_back(name);
      dish.values.push_back(0);
    }
    dish.treatment = std::make_shared<const cohort::Treatment>(cohort::Treatment{"", {protocol::parse_regimen(regimen, catalogue_, units_)}});
    const auto all = cohort::simulate(model_, units_, cohort::SubjectList({dish}, columns), {{core::Time(kDays, core::kSecondsPerDay)}});
    return {all.values().begin(), all.values().end()};
  }

  [[nodiscard]] std::size_t index(const std::string& observable) const {
    const auto& outputs = model_.model().outputs;
    for (std::size_t k = 0; k < outputs.size(); ++k) {
      if (outputs[k].observable == observable) return k;
    }
    throw core::Error(core::ErrorKind::Internal, {"mechanism-001", "the culture has no readout '" + observable + "'", {}, ""});
  }

 private:
  static model::Model load(const std::string& data_root, const core::UnitSystem& units, const std::vector<std::string>& overlays) {
    const model::Library library{data_root};
    return model::load_model(library.find_model("culture"), library, units,
                             model::LoadOptions{"", {"exosomes:bmsc", "exosomes:mir-424-5p"}, overlays});
  }

  const core::UnitSystem& units_;
  protocol::DrugCatalogue catalogue_;
  simulate::CompiledModel model_;
};

std::string reason_to_leave_out(const AnimalRow& row) {
  if (row.text("usable") == "false") return row.text("why_not");
  const std::string about = core::to_lower(row.text("cargo") + " " + row.text("source"));
  for (const char* word : {"pathway rule", "ev quantity", "serum", "osteoclast sev", "macrophage exosome", "preconditioned"}) {
    if (about.find(word) != std::string::npos) return "not the cargo of an MSC vesicle";
  }
  return "";
}

}  // namespace

Mechanisms grade_mechanisms(const std::vector<AnimalRow>& rows, const std::string& data_root, const core::UnitSystem& units,
                            const simulate::SolverSettings& settings, const std::vector<std::string>& overlays) {
  const Vocabulary vocabulary(data_root, model::load_outcomes(data_root));
  Dish dish(data_root, units, settings, overlays);
  const auto untreated = dish.run("none", {}), native = dish.run(kNative, {}), negative = dish.run(kNegative, {});
  Mechanisms out;
  for (const AnimalRow& row : rows) {
    if (row.table != "mechanisms") continue;
    std::string reason = reason_to_leave_out(row);
    const std::string constants = vocabulary.look_up("pathways", row.text("pathway"), "constants");
    if (reason.empty() && constants.empty()) reason = "the model has no pathway '" + row.text("pathway") + "'";
    const std::size_t before = out.grades.size();
    const bool against = core::to_lower(row.text("cargo")).find("mir-424") != std::string::npos;
    const auto without = against ? native : dish.run(kNative, core::split(constants, ' '));
    for (const auto& [column, code] : kReadouts) {
      const std::string cell = row.text(column);
      if (!reason.empty() || cell.empty() || (cell[0] != '+' && cell[0] != '-')) continue;
      const std::size_t k = dish.index(code);
      const auto change = [&](const std::vector<double>& values) { return 100 * (values[k] / untreated[k] - 1); };
      out.grades.push_back({&row, code, cell[0] == '+' ? 1 : -1, change(against ? negative : native), change(without)});
    }
    if (out.grades.size() == before) out.left_out.push_back({&row, reason.empty() ? "no effect with a sign" : reason});
  }
  return out;
}

}  // namespace osteosome::evidence
