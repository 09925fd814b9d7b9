# SPDX-License-Identifier: BSD-3-Clause
"""The tests' name for asking a running card."""
from rig import Failure  # noqa: F401: makes the rig's directory known
from rig_card import ask  # noqa: F401
