// SPDX-License-Identifier: Apache-2.0
// Overlays: values of a calibration, or what a species changes (docs/reference/model-document.md).
#include <algorithm>
#include <cmath>
#include <filesystem>

#include "document.hpp"
#include "osteosome/core/csv.hpp"
#include "osteosome/core/text.hpp"
#include "osteosome/model/document.hpp"
#include "osteosome/model/value_check.hpp"

namespace osteosome::model {
namespace {

using core::TomlReader;
using core::TomlValue;

Parameter* find(Model& model, const std::string& id) {
  const auto p = std::find_if(model.parameters.begin(), model.parameters.end(), [&](const Parameter& x) { return x.id == id; });
  return p == model.parameters.end() ? nullptr : &*p;
}

class Overlay {
 public:
  Overlay(Model& model, const Library& library, const core::UnitSystem& units, core::Diagnostics& problems)
      : model_(model), library_(library), units_(units), problems_(problems) {}

  void apply(const std::string& path) {
    const TomlValue root = core::load_toml(path);
    TomlReader top(root, "overlay document", problems_);
    std::string source;
    Calibration calibration;
    calibration.overlay = path;
    if (const TomlValue* header = top.table("overlay")) {
      source = read_header(*header, calibration);
    } else {
      top.problem("overlay-005", "the table [overlay] is missing");
    }
    if (const TomlValue* scaling = top.table("scaling")) scale(*scaling, source);
    if (const TomlValue* constants = top.table("constants")) {
      for (const auto& [id, value] : constants->entries) add_constant(id, value, source);
    }
    if (const TomlValue* parameters = top.table("parameters")) {
      for (const auto& [id, value] : parameters->entries) {
        if (!calibration.every_species || find(model_, id) != nullptr) replace(id, value, source);
        const auto& known = calibration.constants;
        if (value.find("standard_error") != nullptr && std::find(known.begin(), known.end(), id) == known.end()) calibration.constants.push_back(id);
      }
    }
    add_calibration(std::move(calibration));
    if (const TomlValue* outputs = top.table("outputs")) replace_outputs(*outputs);
    top.finish();
  }

 private:
  /// Applies the overlay this one builds on; returns the source of values that name none.
  std::string read_header(const TomlValue& header, Calibration& calibration) {
    TomlReader in(header, "[overlay]", problems_);
    calibration.title = in.required_text("title");
    const std::string of = in.required_text("of");
    calibration.every_species = of == "shared";
    if (!of.empty() && !calibration.every_species && of != model_.id)
      in.problem("overlay-004", "this overlay is for model '" + of + "', not '" + model_.id + "'", "", "of");
    const auto mass = in.number("body_mass");
    if (mass) set_mass(in, *mass);
    if (const auto base = in.text("base")) apply(library_.find_species(*base));
    (void)in.text("life_span");  // see life_span_days
    if (const auto species = in.text("species")) {
      model_.species_name = *species;
      std::erase_if(model_.calibrations, [](const Calibration& c) { return !c.every_species; });  // they say nothing of this species
    }
    if (const auto ensemble = in.text("ensemble")) read_ensemble(*ensemble, calibration);
    const std::string source = in.required_text("source");
    in.finish();
    return source;
  }

  /// Takes the columns of a calibration's draws. A file that is not there is missed only where draws are wanted.
  void read_ensemble(const std::string& name, Calibration& calibration) {
    calibration.ensemble = (std::filesystem::path(calibration.overlay).parent_path() / name).string();
    std::error_code ec;
    if (std::filesystem::exists(calibration.ensemble, ec))
      calibration.constants = core::parse_csv(core::read_file(calibration.ensemble), calibration.ensemble).header;
  }

  /// What an earlier overlay had fitted of them no longer stands.
  void add_calibration(Calibration calibration) {
    std::erase_if(calibration.constants, [&](const std::string& id) { return find(model_, id) == nullptr; });
    for (const std::string& id : calibration.constants) forget_calibration(id);
    if (!calibration.constants.empty()) model_.calibrations.push_back(std::move(calibration));
  }
  void forget_calibration(const std::string& id) {
    for (Calibration& c : model_.calibrations) std::erase(c.constants, id);
    std::erase_if(model_.calibrations, [](const Calibration& c) { return c.constants.empty(); });
  }
  void replace(const std::string& id, const TomlValue& value, const std::string& source) {
    replace_parameter(model_, id, value, source, units_, problems_);
    forget_calibration(id);
  }

  /// The species' body mass [kg]; constants of [scaling] follow it.
  void set_mass(TomlReader& in, double mass) {
    Parameter* p = find(model_, model_.patient.body_mass);
    if (p == nullptr || !(mass > 0)) {
      in.problem("overlay-006", "'body_mass' needs a model that has one, and should be positive", "", "body_mass");
      return;
    }
    if (mass_ratio_ != 1) return;  // a strain has set it before the species it builds on
    mass_ratio_ = mass / p->value;
    set_value(*p, mass, "the species overlay", in.where("body_mass"), problems_);
  }

  /// [scaling]: parameters and the powers of body mass that they follow.
  void scale(const TomlValue& table, const std::string& source) {
    TomlReader in(table, "[scaling]", problems_);
    for (const auto& [id, value] : table.entries) {
      const double power = in.required_number(id);
      Parameter* p = find(model_, id);
      if (p == nullptr) {
        in.problem("overlay-001", "model '" + model_.id + "' has no parameter '" + id + "'", core::did_you_mean(id, model_.symbols()), id);
        continue;
      }
      const double factor = std::pow(mass_ratio_, power);
      p->value *= factor;
      if (p->bounds) p->bounds = std::pair{p->bounds->first * factor, p->bounds->second * factor};
      forget_calibration(id);
      p->provenance = {source, "converted", "that of humans by body mass to the power " + core::format_double(power)};
    }
    in.finish();
  }

  /// A parameter that only this species' outputs use; a strain may give it another value.
  void add_constant(const std::string& id, const TomlValue& value, const std::string& source) {
    if (find(model_, id) != nullptr) {
      replace(id, value, source);
    } else {
      model_.parameters.push_back(read_parameter(id, value, source, units_, problems_));
    }
  }

  /// The model's own outputs give way; those of therapies stay.
  void replace_outputs(const TomlValue& table) {
    std::erase_if(model_.outputs, [](const Output& o) { return o.origin.empty(); });
    const auto outputs = read_outputs(table, units_, problems_);
    model_.outputs.insert(model_.outputs.begin(), outputs.begin(), outputs.end());
    model_.patient.densities.clear();  // they name outputs that are gone
  }

  Model& model_;
  const Library& library_;
  const core::UnitSystem& units_;
  core::Diagnostics& problems_;
  double mass_ratio_ = 1;
};

}  // namespace

void replace_parameter(Model& model, const std::string& id, const TomlValue& value, const std::string& source, const core::UnitSystem& units,
                       core::Diagnostics& problems) {
  const std::size_t before = problems.all().size();
  TomlValue filled = value;  // a calibration writes its source and standard errors once
  std::erase_if(filled.entries, [](const core::TomlEntry& e) { return e.first == "standard_error"; });
  if (filled.find("source") == nullptr) {
    TomlValue text;
    text.kind = TomlValue::Kind::String;
    text.text = source;
    filled.entries.push_back({"source", text});
  }
  const Parameter read = read_parameter(id, filled, source, units, problems);
  Parameter* p = find(model, id);
  const auto where = value.where;
  if (p == nullptr) {
    problems.add({"overlay-001", "model '" + model.id + "' has no parameter '" + id + "'", where, core::did_you_mean(id, model.symbols())});
  } else if (problems.all().size() > before) {
    // said already
  } else if (read.unit.text != p->unit.text) {
    problems.add({"overlay-002", "'" + id + "' is in '" + p->unit.text + "', not in '" + read.unit.text + "'", where, ""});
  } else if (const auto problem = read.bounds ? std::nullopt : problem_of_value(*p, read.value, where)) {
    problems.add({"overlay-003", problem->message, where, problem->hint});
  } else {
    p->value = read.value;
    p->provenance = read.provenance;
    if (read.bounds) p->bounds = read.bounds;
    if (read.prior) {
      p->prior = read.prior;
    } else if (p->prior && read.provenance.kind != "fitted") {
      p->prior->mean = read.value;  // as uncertain as before, about the new value; a fit does not move its own prior
    }
    if (!read.meaning.empty()) p->meaning = read.meaning;
  }
}

void apply_overlay(Model& model, const std::string& path, const Library& library, const core::UnitSystem& units, core::Diagnostics& problems) {
  Overlay(model, library, units, problems).apply(path);
}

std::optional<double> life_span_days(const Library& library, const std::string& name, const core::UnitSystem& units) {
  const TomlValue root = core::load_toml(library.find_species(name));
  const TomlValue* header = root.find("overlay");
  if (header == nullptr) return std::nullopt;
  if (const TomlValue* life = header->find("life_span")) return core::quantity_in(units, life->text, units.parse("d"));
  const TomlValue* base = header->find("base");
  return base == nullptr ? std::nullopt : life_span_days(library, base->text, units);
}

}  // namespace osteosome::model
