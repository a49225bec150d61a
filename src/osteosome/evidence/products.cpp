// SPDX-License-Identifier: Apache-2.0
#include "osteosome/evidence/products.hpp"

#include <algorithm>
#include <cmath>
#include <set>

namespace osteosome::evidence {
namespace {

constexpr double kLeastShare = 0.01;    // of the greatest effect, for a cargo that can act
constexpr double kSameCopies = 1e-3;    // relative: lumped cargo of one recipient has the same copies
const std::string kLumped = "lumped";   // class of cargo that stands for many

const model::Output& output_of(const model::Model& model, const std::string& id) {
  return *std::find_if(model.outputs.begin(), model.outputs.end(), [&](const auto& o) { return o.id == id; });
}

std::string verdict_on(const std::string& kind, double share) {
  if (share < kLeastShare) return kind == kLumped ? "too little at this dose" : "implausible alone: too few copies a cell";
  return kind == kLumped ? "plausible as lumped cargo; its size is assumed" : "plausible with this loading";
}

/// Column of the share that belongs to the copies of a cargo.
std::size_t share_column(const model::Model& model, const cohort::ArmResult& arm, const model::Output& copies) {
  const auto share = std::find_if(arm.outputs.begin(), arm.outputs.end(), [&](const std::string& id) {
    const model::Output& x = output_of(model, id);
    return x.cargo && x.cargo->share && x.cargo->name == copies.cargo->name && x.origin == copies.origin;
  });
  return static_cast<std::size_t>(share - arm.outputs.begin());
}

Band highest(const cohort::ArmResult& arm, std::size_t output, std::size_t times) {
  std::vector<double> peaks;
  for (const auto& values : arm.values) {
    double peak = std::nan("");
    for (std::size_t k = 0; k < times && !values.empty(); ++k) peak = std::fmax(peak, values[k * arm.outputs.size() + output]);
    peaks.push_back(peak);
  }
  return band_of(peaks);
}

}  // namespace

std::vector<CargoInCell> cargo_in_cells(const model::Model& model, const cohort::ArmResult& arm, std::size_t times) {
  std::vector<CargoInCell> rows;
  for (std::size_t o = 0; o < arm.outputs.size(); ++o) {
    const model::Output& output = output_of(model, arm.outputs[o]);
    if (!output.cargo || output.cargo->share) continue;
    const std::string& kind = output.cargo->kind;
    const Band copies = highest(arm, o, times);
    const auto same = std::find_if(rows.begin(), rows.end(), [&](const CargoInCell& r) {
      return r.kind == kind && std::abs(r.copies.median - copies.median) <= kSameCopies * copies.median;
    });
    if (kind == kLumped && same != rows.end()) {
      same->names += ", " + output.cargo->name;
      continue;
    }
    const Band share = highest(arm, share_column(model, arm, output), times);
    rows.push_back({output.origin + "." + output.cargo->name, kind, copies, share, verdict_on(kind, share.median)});
  }
  return rows;
}

std::vector<ProductValue> product_values(const model::Model& model, const cohort::ArmResult& arm) {
  std::vector<ProductValue> rows;
  for (std::size_t o = 0; o < arm.outputs.size(); ++o) {
    const model::Output& output = output_of(model, arm.outputs[o]);
    if (output.origin.empty() || !output.observable.empty() || output.cargo) continue;
    std::vector<double> last;
    for (const auto& values : arm.values) last.push_back(values.empty() ? std::nan("") : values[values.size() - arm.outputs.size() + o]);
    rows.push_back({output.label, band_of(last)});
  }
  return rows;
}

std::vector<std::string> assumed_constants(const model::Model& model, const protocol::Regimen& regimen) {
  std::set<std::string> origins;
  for (const auto& product : model.products) {
    if (!regimen.contains(product.drug)) continue;
    origins.insert(product.origin);
    origins.insert(product.draws_on.begin(), product.draws_on.end());
  }
  std::vector<std::string> names;
  for (const auto& p : model.parameters) {
    if (origins.contains(p.origin) && p.prior && p.provenance.kind == "assumed") names.push_back(p.id);
  }
  return names;
}

std::vector<std::string> own_outcomes(const model::Model& model, const std::vector<std::string>& outcomes) {
  std::vector<std::string> codes;
  for (const std::string& code : outcomes) {
    const bool own = std::any_of(model.outputs.begin(), model.outputs.end(), [&](const auto& o) { return o.observable == code && o.origin.empty(); });
    if (own) codes.push_back(code);
  }
  return codes;
}

std::vector<Band> differences(const model::Model& model, const cohort::ScenarioResult& result, const cohort::ArmResult& arm,
                              const cohort::ArmResult& control, const std::vector<std::string>& codes, double until_days) {
  std::vector<Band> bands;
  for (const std::string& code : codes) {
    const auto treated = values_at(arm, model, code, result, until_days), base = values_at(control, model, code, result, until_days);
    std::vector<double> percent;
    for (std::size_t s = 0; s < treated.size(); ++s) percent.push_back(100 * (treated[s] / base[s] - 1));
    bands.push_back(band_of(percent));
  }
  return bands;
}

}  // namespace osteosome::evidence
