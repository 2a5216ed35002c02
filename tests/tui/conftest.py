"""What the tests of the screen share."""

import pytest

from fakes.story import tell
from pilothouse.core.face.picture import Picture


@pytest.fixture(scope="session")
def picture(tmp_path_factory: pytest.TempPathFactory) -> Picture:
    """The story in the middle; to be read only."""
    return tell(tmp_path_factory.mktemp("story"))
