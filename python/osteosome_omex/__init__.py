# SPDX-License-Identifier: Apache-2.0
"""COMBINE archives and SED-ML for Osteosome: `osteosome omex run` and `osteosome omex export` (docs/reference/omex.md)."""
