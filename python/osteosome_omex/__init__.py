# SPDX-License-Identifier: Apache-2.0
"""The former name of osteosome.omex."""

from osteosome.omex import __path__ as __path__
