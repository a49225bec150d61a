// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

/// Several treated groups against one control, groups of equal size (Dunnett 1955, doi:10.1080/01621459.1955.10501294): the statistics are
/// multivariate t with correlations of 1/2. One group is Student's test. Integrals over the estimated standard deviation and the control's
/// mean by the trapezoidal rule: errors below 2e-5 at 4 degrees of freedom, 1e-8 from 10 on.
namespace osteosome::evidence {

/// c such that all of `comparisons` absolute t statistics stay below it with `probability`, without any effect. At least 1 comparison and 4
/// degrees of freedom.
[[nodiscard]] double dunnett_critical(double probability, std::size_t comparisons, double degrees);
/// P(some |T| >= t) without any effect: the adjusted p of a comparison with statistic `t`, where group i has groups[i] animals against `control`, and
/// the pooled standard deviation `degrees` degrees of freedom. Groups may differ in size. NaN below 4 degrees.
[[nodiscard]] double dunnett_p(double t, const std::vector<double>& groups, double control, double degrees);
/// P(T > c) of Student's t with noncentrality `shift`.
[[nodiscard]] double noncentral_t_above(double c, double degrees, double shift);

}  // namespace osteosome::evidence
