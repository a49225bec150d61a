// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>

#include "osteosome/model/model.hpp"

namespace osteosome::model {

/// Infers the unit of formulas over a model's symbols.
class UnitChecker {
 public:
  /// The model must outlive the checker.
  explicit UnitChecker(const Model& model);
  explicit UnitChecker(Model&& model) = delete;

  /// Unit of `ast`; empty where a symbol's unit is not known. `anything` (only from a literal 0) fits every unit.
  struct Inferred {
    std::optional<core::Unit> unit;
    bool anything = false;
  };
  /// @throws core::Error(Unit) unit-010 with what does not fit.
  [[nodiscard]] Inferred infer(const expr::Ast& ast) const;

  /// Checks that `ast` yields `unit`. @throws core::Error(Unit) unit-011.
  void expect(const expr::Ast& ast, const core::Unit& unit, const std::string& unit_text) const;

 private:
  using Scope = std::map<std::string, Inferred>;
  Inferred infer(const expr::Ast& ast, const Scope& scope, int depth) const;
  Inferred infer_call(const expr::Ast& ast, const Scope& scope, int depth) const;
  Inferred infer_power(const expr::Ast& ast, const Scope& scope, int depth) const;
  Inferred infer_piecewise(const expr::Ast& ast, const Scope& scope, int depth) const;
  Inferred same(const expr::Ast& ast, const Scope& scope, int depth) const;

  Scope globals_;
  std::map<std::string, std::string> unit_text_;
  std::map<std::string, const FunctionDefinition*> functions_;
};

}  // namespace osteosome::model
