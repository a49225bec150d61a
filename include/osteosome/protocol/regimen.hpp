// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "osteosome/core/diagnostics.hpp"
#include "osteosome/core/random.hpp"
#include "osteosome/core/table.hpp"
#include "osteosome/core/time.hpp"
#include "osteosome/core/units.hpp"

namespace osteosome::protocol {

/// Schedule times are whole microseconds, so that no multiple of an interval drifts; text that says a fraction of one is refused.
using Microseconds = std::int64_t;
inline constexpr double kMicrosecondsPerDay = 86400e6;
inline constexpr Microseconds kForever = INT64_MAX / 4;
/// For `expand`: the doses up to and at `last`.
[[nodiscard]] inline Microseconds horizon_after(const core::Time& last) { return std::min(last.whole_microseconds(), kForever - 1) + 1; }

/// A drug the regimen text may name.
struct Drug {
  std::string name;
  std::string route;  ///< usual route, used when the text gives none
  std::string unit;   ///< a unit of the dimension its doses have, e.g. "mg"
  std::vector<std::string> other_units = {};  ///< of other dimensions its doses may have, e.g. "particles"
  std::string largest_dose = {};         ///< of the labels and studies, e.g. "210 mg", or "" where none is stated
  std::string largest_dose_per_kg = {};  ///< the same per kg of body weight, e.g. "10 mg"
  bool product = false;                  ///< exosomes or cells of one making: a model takes it in only when it is named
};
/// What regimen text may name.
struct DrugCatalogue {
  std::vector<Drug> drugs;
  std::vector<std::string> routes;  ///< words for ways in which a dose is given
};
/// True for the name of a product of the catalogue.
[[nodiscard]] bool is_product(const DrugCatalogue& catalogue, const std::string& drug);

/// Words of the vocabulary for ways in which a dose is given (vocabulary/routes.toml, docs/reference/vocabulary.md). @throws Error(Input).
[[nodiscard]] std::vector<std::string> load_routes(const std::string& data_root);
/// The drugs of the catalogues and therapy documents of a data folder (therapies/), and the routes of its vocabulary.
/// @throws Error(Io), Error(Input).
[[nodiscard]] DrugCatalogue load_catalogue(const std::string& data_root);
/// The same, with the drugs of one catalogue or therapy document only.
[[nodiscard]] DrugCatalogue load_catalogue(const std::string& data_root, const std::string& file);

/// Doses of one drug at one interval.
struct Course {
  std::string drug;
  double amount = 0;  ///< of each dose, in `unit` (per kg of body weight if `per_kg`)
  std::string unit;
  bool per_kg = false;
  std::string route;
  Microseconds over = 0;      ///< infusion time; 0: at once
  Microseconds interval = 0;  ///< 0: a single dose
  Microseconds length = 0;    ///< how long the course lasts
  std::int64_t doses = 1;
};

/// Courses that start together, and the wait before them.
struct Phase {
  std::vector<Course> courses;  ///< empty: none
  Microseconds after = 0;       ///< wait before the phase
  Microseconds length = 0;      ///< kForever for `none` alone
};

/// Phases one after another.
struct Regimen {
  std::string text;
  std::vector<Phase> phases;
  std::vector<std::string> remarks;  ///< doses that no label or study comes near
  [[nodiscard]] bool contains(const std::string& drug) const;
  [[nodiscard]] std::vector<std::string> drugs() const;  ///< each once, in the order of the text
};

/// A sentence for `amount` `unit` (per kg of body weight if `per_kg`) of more than 10 times the largest dose of labels and studies, or "".
/// @throws Error(Dosing) regimen-021 for one of more than 1000 times.
[[nodiscard]] std::string dose_remark(const Drug& drug, double amount, const std::string& unit, bool per_kg, const core::UnitSystem& units);

/// Parses regimen text (docs/reference/regimen.md). @throws Error(Dosing) regimen-00n with column and near match.
[[nodiscard]] Regimen parse_regimen(std::string_view text, const DrugCatalogue& catalogue, const core::UnitSystem& units);

/// Whether that is what parse_regimen throws for a drug that the catalogue has not.
[[nodiscard]] bool names_unknown_drug(const core::Error& error);

/// Which doses are missed or late. Random choices draw from the stream handed to `expand`.
struct Adherence {
  double miss_probability = 0;       ///< each dose on its own
  std::vector<std::int64_t> skip;    ///< doses never given, counted from 1 within the arm
  Microseconds delay = 0;            ///< every dose this much later
  Microseconds delay_sd = 0;         ///< plus a half-normal delay with this scale
  Microseconds stop_after = kForever;  ///< no dose at or after this time
  [[nodiscard]] bool random() const { return miss_probability > 0 || delay_sd > 0; }
};

/// One dose, at `time` after the start of the regimen.
struct DoseRecord {
  /// What the doses of a course have in common.
  struct Given {
    std::string drug;
    double amount = 0;
    std::string unit;
    std::string route;
    Microseconds over = 0;
    Microseconds interval = 0;  ///< of its course; 0 for a single dose
    std::size_t course = 0;     ///< courses are numbered through the regimen
  };
  Microseconds time = 0;
  std::shared_ptr<const Given> given;  ///< never null

  [[nodiscard]] const Given* operator->() const { return given.get(); }
};

/// All doses before `horizon`, ordered by (time, order of the text). `stream` may be null when the adherence is not random.
[[nodiscard]] std::vector<DoseRecord> expand(const Regimen& regimen, Microseconds horizon, const Adherence& adherence = {},
                                             core::RandomStream* stream = nullptr);

/// The same as a table: time [d] and [months of 30.4375 d], drug, amount, unit, route, length and distance [d].
[[nodiscard]] core::Table dose_table(const Regimen& regimen, Microseconds horizon);

}  // namespace osteosome::protocol
