// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "osteosome/core/diagnostics.hpp"

namespace osteosome::model {

/// A place in the skeleton that outcomes are measured at.
struct Site {
  std::string code, title;
  bool t_score = false;  ///< a patient's T-score there may be known
  /// Key of that T-score in scenarios and studies: "t_ls" of LS.
  [[nodiscard]] std::string t_score_key() const;
};

/// What an outcome is; a marker is compared as log ratio, a fracture is in evidence only.
enum class OutcomeKind { Density, Marker, Structure, Histomorphometry, Signal, Exposure, Culture, Fracture };

/// Which change a treatment is given for.
enum class Good { Up, Down, Neither };

/// Something that is measured in studies and simulated by models, which name it by its code.
struct Outcome {
  std::string code;
  std::string measure;  ///< the code without the site: BVTV of BVTV_tibia
  std::string title, meaning;
  OutcomeKind kind = OutcomeKind::Density;
  std::string unit;     ///< as measured; models may have it relative to rest
  std::string site;     ///< code of a Site, or ""
  Good good = Good::Neither;
  std::string spread;   ///< its name in evidence/control-arms.csv and evidence/preclinical/variability.csv
  std::optional<double> precision;  ///< coefficient of variation of repeated measurements [percent]
  std::optional<int> order;         ///< place in reports that choose no outcomes; without one it is shown only when chosen
  bool fades = false;               ///< within days of a dose
  core::Location where;
};

/// The outcomes and sites of a data folder (docs/reference/vocabulary.md). Immutable; safe to share between threads.
class Outcomes {
 public:
  Outcomes(std::vector<Site> sites, std::vector<Outcome> outcomes);

  /// In the order of the file; an outcome of several sites once a site.
  [[nodiscard]] const std::vector<Outcome>& all() const& { return outcomes_; }
  const std::vector<Outcome>& all() && = delete;
  [[nodiscard]] const std::vector<Site>& sites() const& { return sites_; }
  const std::vector<Site>& sites() && = delete;
  /// The outcome of that code, or null; it lives as long as this table.
  [[nodiscard]] const Outcome* find(std::string_view code) const&;
  const Outcome* find(std::string_view code) && = delete;
  /// An outcome of that measure at the site; for a measure that has one place, at that. Null if there is none.
  [[nodiscard]] const Outcome* find(std::string_view measure, std::string_view site) const&;
  const Outcome* find(std::string_view measure, std::string_view site) && = delete;
  /// Codes that models may have: all but those in evidence only.
  [[nodiscard]] std::vector<std::string> codes() const;
  /// Codes that a report shows if it is not told which, in their order.
  [[nodiscard]] std::vector<std::string> usual() const;

 private:
  std::vector<Site> sites_;
  std::vector<Outcome> outcomes_;
};

/// Reads sites and outcomes of the vocabulary of a data folder (model/vocabulary.hpp).
/// @throws Error(Input) with every problem of both files (outcome-001 to outcome-005, toml-...).
[[nodiscard]] Outcomes load_outcomes(const std::string& data_root);

}  // namespace osteosome::model
