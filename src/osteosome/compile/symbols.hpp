// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "calls.hpp"
#include "chain.hpp"
#include "osteosome/compile/program.hpp"
#include "quantities.hpp"
#include "rates.hpp"
#include "start_values.hpp"
#include "view.hpp"

namespace osteosome::compile {

/// What the names and formulas of a model stand for, as nodes of one graph; found when first asked for, so the order of asking is the order of the
/// nodes. A name may ask for a value at the start (an initial assignment) or for a rate (rateOf), and both ask for names again.
class Symbols {
 public:
  /// Numbers the leaves: parameters, sizes, states. Both must outlive the symbols.
  Symbols(const model::Model& model, const Quantities& quantities);
  Symbols(const Symbols&) = delete;
  Symbols& operator=(const Symbols&) = delete;

  /// @throws Error(Model) compile-002 for what depends on itself, Error(Unsupported) compile-001.
  NodeId resolve(const std::string& name, View view);
  NodeId translate(const expr::Ast& formula, View view);

  [[nodiscard]] expr::Graph& graph() { return graph_; }
  [[nodiscard]] const model::Model& model() const { return model_; }
  [[nodiscard]] const Quantities& quantities() const { return quantities_; }
  [[nodiscard]] StartValues& start() { return start_; }
  [[nodiscard]] Rates& rates() { return rates_; }
  [[nodiscard]] Chain& chain() { return chain_; }
  /// What has been asked for so far.
  [[nodiscard]] const std::vector<DelayedValue>& delays() const { return delays_; }
  [[nodiscard]] const std::vector<SwitchDefinition>& switches() const { return calls_.switches(); }

 private:
  using Names = std::map<std::string, NodeId>;

  NodeId define(const std::string& name, View view);
  NodeId translate(const expr::Ast& formula, const Names* arguments, View view, int depth);
  NodeId body(const model::FunctionDefinition& function, const expr::Ast& call, const Names* arguments, View view, int depth);
  NodeId delayed(const expr::Ast& call, const Names* arguments, View view, int depth);
  bool never_changes(NodeId node) const;

  const model::Model& model_;
  const Quantities& quantities_;
  expr::Graph graph_;
  Calls calls_{graph_};
  StartValues start_{*this};
  Rates rates_{*this};
  Chain chain_;
  Names leaves_;
  std::map<std::pair<std::string, View>, NodeId> known_;
  std::vector<DelayedValue> delays_;
  std::map<std::pair<NodeId, NodeId>, std::uint32_t> delay_of_;  ///< by value and duration
  std::size_t terms_ = 0;
};

}  // namespace osteosome::compile
