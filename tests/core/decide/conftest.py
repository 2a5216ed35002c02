"""What the tests of the kernel share."""

from __future__ import annotations

import pytest

from fakes.scenario import Scenario


@pytest.fixture
def run() -> Scenario:
    """A run that has not begun."""
    return Scenario()
