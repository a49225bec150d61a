// SPDX-License-Identifier: Apache-2.0
#include "osteosome/evidence/dunnett.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace osteosome {
namespace {

struct Critical {
  std::size_t comparisons;
  double degrees, value;
};

// Two-sided 5 % points of Dunnett (1964, doi:10.2307/2528490), table II, printed to two decimals.
TEST(Dunnett, Critical_values_are_those_of_the_published_table) {
  for (const Critical& c :
       {Critical{1, 20, 2.09}, {2, 10, 2.57}, {2, 20, 2.38}, {3, 20, 2.54}, {5, 20, 2.73}, {9, 20, 2.95}, {2, 60, 2.27}, {3, 60, 2.41}})
    EXPECT_NEAR(evidence::dunnett_critical(0.95, c.comparisons, c.degrees), c.value, 0.0051) << c.comparisons << " " << c.degrees;
}

// SciPy 1.x: adaptive quadrature over the chi density, 200-point Gauss-Legendre over the control, brentq. The header promises 2e-5 at 4
// degrees and 1e-8 from 10 on; references are to nine decimals.
TEST(Dunnett, Critical_values_agree_with_adaptive_quadrature) {
  for (const Critical& c : {Critical{1, 4, 2.776445105}, {2, 4, 3.310351946}, {5, 4, 3.994468749}, {9, 4, 4.409502815}})
    EXPECT_NEAR(evidence::dunnett_critical(0.95, c.comparisons, c.degrees), c.value, 2e-5) << c.comparisons;
  for (const Critical& c :
       {Critical{1, 10, 2.228138852},
        {3, 10, 2.758996978},
        {9, 10, 3.244157271},
        {3, 20, 2.540349610},
        {5, 60, 2.582495634},
        {1, 1000, 1.962339081},
        {9, 1000, 2.691078457}})
    EXPECT_NEAR(evidence::dunnett_critical(0.95, c.comparisons, c.degrees), c.value, 1e-8) << c.comparisons << " " << c.degrees;
}

// SciPy: nested adaptive quadrature over the chi density and the control's mean; one group is Student's test.
TEST(Dunnett, Adjusted_p_agrees_with_adaptive_quadrature) {
  EXPECT_NEAR(evidence::dunnett_p(5.00395052, {5, 7}, 6, 15), 0.00030239599627, 1e-9);
  EXPECT_NEAR(evidence::dunnett_p(-1.2367737, {5, 7}, 6, 15), 0.38170581161, 1e-8);
  EXPECT_NEAR(evidence::dunnett_p(2.5, {8, 3, 12}, 5, 24), 0.04904902193, 1e-8);
  EXPECT_NEAR(evidence::dunnett_p(2.0, {10}, 10, 18), 0.06082146567, 1e-8);
  EXPECT_TRUE(std::isnan(evidence::dunnett_p(2.0, {2}, 2, 2)));
}

// scipy.stats.nct.sf(2.5, degrees, shift), ten decimals.
TEST(NoncentralT, Agrees_with_scipy) {
  struct Tail {
    double degrees, shift, above;
  };
  for (const Tail& t : {Tail{4, 0, 0.0333832724}, {4, 1, 0.1518876002}, {4, 3, 0.6943911555}})
    EXPECT_NEAR(evidence::noncentral_t_above(2.5, t.degrees, t.shift), t.above, 1e-6) << t.shift;
  for (const Tail& t : {Tail{10, 0, 0.0157234221}, {10, 3, 0.6897427636}, {58, 1, 0.0733844062}, {58, 3, 0.6906576311}})
    EXPECT_NEAR(evidence::noncentral_t_above(2.5, t.degrees, t.shift), t.above, 1e-9) << t.degrees << " " << t.shift;
}

}  // namespace
}  // namespace osteosome
