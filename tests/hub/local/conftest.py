"""A client of the local Hub."""

import pytest
from huggingface_hub import HfApi


@pytest.fixture
def api(hub: str) -> HfApi:
    return HfApi(endpoint=hub, token="any-token")
