// SPDX-License-Identifier: Apache-2.0
// A product document (exosomes or cells of one making) becomes a therapy: the kinetics all products of its kind share, with its own
// values, and one pool a cargo entry that acts on a target of the model (docs/reference/product.md).
#include <algorithm>
#include <cmath>
#include <map>

#include "document.hpp"
#include "osteosome/core/text.hpp"
#include "osteosome/model/vocabulary.hpp"

namespace osteosome::model {
namespace {

using core::TomlReader;
using core::TomlValue;
using expr::Ast;

/// What the cargo of every product does in a cell (vocabulary/cargo.toml): formulas over the names that each cargo gives a meaning.
struct CargoKinetics {
  std::vector<std::string> classes, recipients;
  std::vector<std::string> delivered;  ///< [recipient] symbol of the kinetics
  Ast rate, level, raises, lowers;
};

Ast formula(TomlReader& in, const char* key) {
  try {
    return expr::parse_formula(in.required_text(key));
  } catch (const core::Error& error) {
    in.problem(error, key);
    return Ast::number(0);
  }
}

CargoKinetics read_kinetics(const std::string& data_root) {
  core::Diagnostics problems;
  const TomlValue root = load_vocabulary(data_root, "cargo");
  TomlReader top(root, "vocabulary", problems);
  CargoKinetics kinetics;
  if (const TomlValue* cargo = top.table("cargo")) {
    TomlReader in(*cargo, "[cargo]", problems);
    kinetics.classes = in.texts("classes");
    kinetics.rate = formula(in, "rate");
    kinetics.level = formula(in, "level");
    kinetics.raises = formula(in, "raises");
    kinetics.lowers = formula(in, "lowers");
    if (const TomlValue* recipients = in.table("recipients")) {
      TomlReader body(*recipients, "[cargo.recipients]", problems);
      for (const auto& entry : recipients->entries) {
        kinetics.recipients.push_back(entry.first);
        kinetics.delivered.push_back(body.required_text(entry.first));
      }
    }
    if (kinetics.recipients.empty()) in.problem("product-008", "'recipients' is missing or empty");
    in.finish();
  } else {
    top.problem("product-008", "the table [cargo] is missing");
  }
  top.finish();
  problems.throw_if_any(core::ErrorKind::Input);
  return kinetics;
}

/// The formula with its names given their meanings.
Ast filled_in(const Ast& formula, const std::map<std::string, Ast>& meanings) {
  return expr::substitute(formula, [&](const std::string& name) {
    const auto meaning = meanings.find(name);
    return meaning == meanings.end() ? nullptr : &meaning->second;
  });
}

bool among(TomlReader& in, const char* key, const std::string& value, const std::vector<std::string>& allowed) {
  if (value.empty() || std::find(allowed.begin(), allowed.end(), value) != allowed.end()) return true;
  std::string list;
  for (const std::string& a : allowed) list += (list.empty() ? "" : ", ") + a;
  in.problem("product-003", "unknown '" + std::string(key) + "' = '" + value + "'", "One of " + list + ". " + core::did_you_mean(value, allowed),
             key);
  return false;
}

class Product {
 public:
  Product(const std::string& file, const Library& library, Document& base, const core::UnitSystem& units, core::Diagnostics& problems)
      : file_(file), library_(library), base_(base), units_(units), problems_(problems), kinetics_(read_kinetics(library.root)) {}

  void read(const TomlValue& root) {
    TomlReader top(root, "product document", problems_);
    if (const TomlValue* header = top.table("product")) read_header(*header);
    if (const TomlValue* parameters = top.table("parameters")) {
      for (const auto& [id, value] : parameters->entries) {
        replace_parameter(base_.model, id, value, base_.model.source, units_, problems_);
        if (id == "passage" || id == "doublings" || id == "donor_age") not_negative(id, value);
      }
    }
    read_list(top);
    top.finish();
  }

 private:
  void read_list(TomlReader& top) {
    const TomlValue* cargo = top.array("cargo");
    if (cargo == nullptr) return;
    for (const TomlValue& entry : cargo->items) read_cargo(entry);
  }

  /// The cargo list that this product shares with others, less what it lacks.
  void read_shared(const std::string& name) {
    const TomlValue root = core::load_toml(library_.find_model(name));
    TomlReader top(root, "cargo list", problems_);
    std::vector<std::string> names;
    if (const TomlValue* cargo = top.array("cargo")) {
      for (const TomlValue& entry : cargo->items) {
        const TomlValue* id = entry.find("name");
        names.push_back(id == nullptr ? "" : id->text);
        if (std::find(without_.begin(), without_.end(), names.back()) == without_.end()) read_cargo(entry);
      }
    }
    for (const std::string& missing : without_) {
      if (std::find(names.begin(), names.end(), missing) == names.end())
        problems_.add({"product-006", "the cargo list '" + name + "' has no '" + missing + "'", {file_, 1, 0}, core::did_you_mean(missing, names)});
    }
    top.finish();
  }

  void not_negative(const std::string& id, const TomlValue& value) {
    const TomlValue* number = value.find("value");
    if (number != nullptr && number->kind == TomlValue::Kind::Number && number->number < 0)
      problems_.add({"product-004", "'" + id + "' = " + core::format_double(number->number) + " should not be negative", number->where, ""});
  }

  void read_header(const TomlValue& value) {
    TomlReader in(value, "[product]", problems_);
    Model& m = base_.model;
    m.file = file_;
    m.id = core::stem_identifier(file_);
    m.title = in.required_text("title");
    m.source = in.required_text("source");
    m.about = in.text("about").value_or("");
    base_.therapy_of = in.required_text("drug");
    for (const char* key : {"kind", "route", "unit", "cells"}) (void)in.required_text(key);
    (void)in.text("largest_dose");  // the protocol layer's
    (void)in.texts("units");
    (void)in.text("engineering");
    base_.species = in.texts("species");
    base_.elsewhere = in.text("elsewhere").value_or("");
    base_.is_therapy = base_.is_product = true;
    without_ = in.texts("without");
    const bool converts = in.boolean("conversion").value_or(true);
    const auto cargo = in.text("cargo");
    in.finish();
    std::erase_if(m.doses, [](const DoseEntry& d) { return !d.origin.empty(); });  // of vesicles that cells make
    for (DoseEntry& d : m.doses) d.drug = base_.therapy_of;
    std::erase_if(m.outputs, [](const Output& o) { return !o.origin.empty() && o.observable.empty(); });
    for (Output& o : m.outputs) o.when = base_.therapy_of;
    if (!converts) take_back_conversions();
    if (cargo) read_shared(*cargo);
  }

  /// Without a known ratio of particles to protein, only the unit of the pool itself is taken.
  void take_back_conversions() {
    std::vector<DoseEntry> kept;
    for (DoseEntry& d : base_.model.doses) {
      if (std::any_of(kept.begin(), kept.end(), [&](const DoseEntry& k) { return k.route == d.route; })) continue;
      d.factor.reset();
      d.unit.reset();
      kept.push_back(d);
    }
    base_.model.doses = std::move(kept);
  }

  /// A number, a parameter with its own source, or the name of a quantity of the model: what the formula then says.
  Ast amount(TomlReader& in, const TomlValue& entry, const std::string& cargo, const std::string& key, const std::string& unit, double otherwise) {
    const TomlValue* value = entry.find(key);
    const std::string name = cargo + "_" + key;
    if (value != nullptr && value->kind == TomlValue::Kind::String) {
      const std::string from = in.required_text(key);
      base_.ports.push_back({name, {unit, units_.parse(unit), true}, std::nullopt, "", from, value->where});
      return Ast::symbol(name);
    }
    Parameter p;
    if (value != nullptr && value->kind == TomlValue::Kind::Table) {
      (void)in.table(key);
      p = read_parameter(name, *value, base_.model.source, units_, problems_);
    } else {
      p = {name,
           value == nullptr ? otherwise : in.required_number(key),
           {unit, units_.parse(unit), true},
           shared_,
           "",
           std::nullopt,
           std::nullopt,
           false,
           entry.where};
      if (value == nullptr && std::isnan(otherwise)) in.problem("toml-005", "'" + key + "' is missing");
    }
    if (p.unit.known && p.unit.text != unit) {
      in.problem("product-005", "'" + key + "' of cargo '" + cargo + "' is in '" + p.unit.text + "', not in '" + unit + "'", "", key);
      p.unit = {unit, units_.parse(unit), true};  // said already
    }
    if (key == "effect") effect_value_ = p.value;
    if (p.value < 0) in.problem("product-004", "'" + key + "' of cargo '" + cargo + "' should not be negative", "", key);
    base_.model.parameters.push_back(p);
    return Ast::symbol(name);
  }

  void read_cargo(const TomlValue& entry) {
    TomlReader in(entry, "cargo entry", problems_);
    const std::string name = in.required_text("name");
    if (!core::is_identifier(name)) {
      in.problem("product-002", "'" + name + "' is no identifier", "Use letters, digits and '_', e.g. miR_424_5p.", "name");
      return;
    }
    const std::string kind = in.required_text("class");
    (void)among(in, "class", kind, kinetics_.classes);
    const std::string target = in.required_text("target"), sign = in.required_text("sign");
    (void)among(in, "sign", sign, {"+", "-"});
    std::string recipient = in.text("recipient").value_or(kinetics_.recipients.front());
    if (!among(in, "recipient", recipient, kinetics_.recipients)) recipient = kinetics_.recipients.front();  // said already
    effect_value_ = 0;
    shared_ = {in.required_text("source"), in.required_text("kind"), in.text("rationale").value_or("")};
    if (shared_.source == "model") shared_.source = base_.model.source;
    if (shared_.kind == "assumed" && shared_.rationale.empty()) in.problem("model-012", "an assumed value needs a 'rationale'");
    const Ast copies = amount(in, entry, name, "copies", "1", std::nan("")), effect = amount(in, entry, name, "effect", "1", std::nan("")),
              half = amount(in, entry, name, "half_copies", "1", std::nan("")), life = amount(in, entry, name, "half_life", "d", std::nan(""));
    const std::string meaning = in.text("meaning").value_or(name + " in the cell");
    if (sign == "-" && effect_value_ > 1)
      in.problem("product-007", "'effect' = " + core::format_double(effect_value_) + " would take away more than there is",
                 "From 0 to 1 where 'sign' is '-'.", "effect");
    in.finish();
    add_pool(name, meaning, recipient, copies, life, entry.where);
    const Ast level = filled_in(kinetics_.level, {{"pool", Ast::symbol(name)}, {"half_copies", half}});
    add_output(name + "_per_cell", Ast::symbol(name), kind + ": copies a cell", {name, kind, false}, entry.where);
    add_output(name + "_share", level, kind + ": share of the greatest effect", {name, kind, true}, entry.where);
    act_on(target, filled_in(sign == "-" ? kinetics_.lowers : kinetics_.raises, {{"effect", effect}, {"level", level}}), in.where("target"));
  }

  void add_output(const std::string& id, const Ast& formula, const std::string& label, CargoReadout cargo, const core::Location& where) {
    Output output;
    output.id = id;
    output.formula = formula;
    output.unit = {"1", units_.parse("1"), true};
    output.label = label;
    output.when = base_.therapy_of;
    output.cargo = std::move(cargo);
    output.where = where;
    base_.model.outputs.push_back(std::move(output));
  }

  /// Cargo entries that act on the same target multiply.
  void act_on(const std::string& target, Ast factor, const core::Location& where) {
    const auto same = std::find_if(base_.acts.begin(), base_.acts.end(), [&](const Act& a) { return a.target == target; });
    if (same == base_.acts.end()) {
      base_.acts.push_back({target, std::move(factor), where, true});
    } else {
      same->formula = Ast::call("*", {same->formula, std::move(factor)});
    }
  }

  /// Copies of the cargo in a recipient cell: what vesicles release in it, less what decays.
  void add_pool(const std::string& name, const std::string& meaning, const std::string& recipient, const Ast& copies, const Ast& life,
                const core::Location& where) {
    Species pool;
    pool.id = name;
    pool.unit = {"1", units_.parse("1"), true};
    pool.initial = Ast::number(0);
    pool.typical = Ast::number(1);
    const auto cell =
        static_cast<std::size_t>(std::find(kinetics_.recipients.begin(), kinetics_.recipients.end(), recipient) - kinetics_.recipients.begin());
    pool.rate =
        filled_in(kinetics_.rate,
                  {{"copies", copies}, {"delivered", Ast::symbol(kinetics_.delivered[cell])}, {"pool", Ast::symbol(name)}, {"half_life", life}});
    pool.meaning = meaning;
    pool.where = where;
    base_.model.species.push_back(std::move(pool));
  }

  std::string file_;
  const Library& library_;
  std::vector<std::string> without_;
  Document& base_;
  const core::UnitSystem& units_;
  core::Diagnostics& problems_;
  CargoKinetics kinetics_;
  Provenance shared_;
  double effect_value_ = 0;  ///< of the entry being read, where it is a number
};

}  // namespace

void make_product(const TomlValue& root, const std::string& file, const Library& library, Document& base, const core::UnitSystem& units,
                  core::Diagnostics& problems) {
  Product(file, library, base, units, problems).read(root);
}

}  // namespace osteosome::model
