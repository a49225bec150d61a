// SPDX-License-Identifier: Apache-2.0
// What hands out pointers and references into itself, or keeps references to what it is given, does not take temporaries.
#include <gtest/gtest.h>

#include <algorithm>
#include <type_traits>
#include <utility>

#include "documents.hpp"
#include "osteosome/core/toml.hpp"
#include "osteosome/evidence/preclinical.hpp"
#include "osteosome/evidence/trials.hpp"
#include "osteosome/model/unit_check.hpp"
#include "osteosome/simulate/dosing.hpp"
#include "osteosome/solve/subject.hpp"

namespace osteosome::support {
namespace {

template <class T>
concept HasFind = requires(T&& x) { std::forward<T>(x).find("key"); };
template <class T>
concept HasFindParameter = requires(T&& x) { std::forward<T>(x).find_parameter("key"); };
template <class T>
concept HasFindSpecies = requires(T&& x) { std::forward<T>(x).find_species("key"); };
template <class T>
concept HasFindCompartment = requires(T&& x) { std::forward<T>(x).find_compartment("key"); };
template <class T>
concept HasFindDose = requires(T&& x) { std::forward<T>(x).find_dose("drug"); };
template <class T>
concept HasFindObservable = requires(T&& x) { std::forward<T>(x).find_observable("key"); };
template <class T>
concept HasTrials = requires(T&& x) { std::forward<T>(x).trials(); };
template <class T>
concept HasRows = requires(T&& x) { std::forward<T>(x).rows(); };

static_assert(HasFind<core::TomlValue&> && !HasFind<core::TomlValue>);
static_assert(HasFindParameter<model::Model&> && !HasFindParameter<model::Model>);
static_assert(HasFindSpecies<model::Model&> && !HasFindSpecies<model::Model>);
static_assert(HasFindCompartment<model::Model&> && !HasFindCompartment<model::Model>);
static_assert(HasFindDose<model::Model&> && !HasFindDose<model::Model>);
static_assert(HasFindObservable<compile::Program&> && !HasFindObservable<compile::Program>);
static_assert(HasTrials<evidence::AnimalTrials&> && !HasTrials<evidence::AnimalTrials>);
static_assert(HasRows<evidence::TrialSet&> && !HasRows<evidence::TrialSet>);

using Roots = std::vector<expr::NodeId>;
static_assert(!std::is_constructible_v<core::TomlReader, core::TomlValue, std::string, core::Diagnostics&>);
static_assert(!std::is_constructible_v<model::UnitChecker, model::Model>);
static_assert(!std::is_constructible_v<compile::Interpreter, expr::Graph, Roots>);
static_assert(!std::is_constructible_v<solve::SubjectSetup, compile::Program>);
static_assert(!std::is_constructible_v<simulate::ObservableReader, compile::Program, std::vector<std::string>>);
static_assert(!std::is_constructible_v<simulate::DoseTranslator, simulate::CompiledModel, const core::UnitSystem&>);

/// These give away what they hold.
static_assert(std::is_same_v<decltype(std::declval<core::Error>().diagnostics()), std::vector<core::Diagnostic>>);
static_assert(std::is_same_v<decltype(std::declval<simulate::CompiledModel>().model()), model::Model>);
static_assert(std::is_same_v<decltype(std::declval<simulate::CompiledModel>().program()), compile::Program>);

/// Was a read of freed memory: AddressSanitizer in the gate looks at this.
TEST(Lifetime, Species_of_the_library_are_read_from_documents_that_live) {
  const auto species = library().species();
  EXPECT_TRUE(std::find(species.begin(), species.end(), "rat") != species.end());
}

}  // namespace
}  // namespace osteosome::support
