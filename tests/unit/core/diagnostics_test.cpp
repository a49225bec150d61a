// SPDX-License-Identifier: Apache-2.0
#include "osteosome/core/diagnostics.hpp"

#include <gtest/gtest.h>

#include "errors.hpp"

namespace osteosome::core {
namespace {

const Error kTwo(ErrorKind::Unit, {{"unit-001", "'x' is no unit", {}, ""}, {"unit-002", "no amount", {"table.csv", 7, 0}, "Write one."}});

TEST(Diagnostics, An_error_told_again_keeps_every_problem_and_the_places_it_has) {
  const auto told = retold(kTwo, "'dose': ", {"study.toml", 3, 1});
  ASSERT_EQ(told.size(), 2u);
  EXPECT_EQ(to_text(told[0]), "study.toml:3:1: 'dose': 'x' is no unit [unit-001]");
  EXPECT_EQ(to_text(told[1]), "table.csv:7: 'dose': no amount [unit-002] Write one.");
  EXPECT_EQ(messages(kTwo), "'x' is no unit; no amount");
}

TEST(Diagnostics, Each_problem_is_thrown_once_in_order_of_place) {
  Diagnostics problems;
  problems.add({"b-001", "later", {"f", 9, 0}, ""});
  problems.add({"a-001", "earlier", {"f", 2, 0}, ""});
  problems.add({"b-001", "later", {"f", 9, 0}, ""});
  const Error error = support::error_of([&] { problems.throw_if_any(ErrorKind::Input); });
  EXPECT_STREQ(error.what(), "f:2: earlier [a-001]\nf:9: later [b-001]");
}

}  // namespace
}  // namespace osteosome::core
