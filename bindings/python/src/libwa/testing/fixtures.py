"""Fixtures for pytest: `pytest_plugins = ["libwa.testing.fixtures"]` in conftest.py."""

from collections.abc import Iterator

import pytest

from . import Phone, Simulator


@pytest.fixture(scope="session")
def _wa_sim() -> Iterator[Simulator]:
    with Simulator() as sim:
        yield sim


@pytest.fixture
def wa_sim(_wa_sim: Simulator) -> Iterator[Simulator]:
    """A simulated WhatsApp. One process serves all tests; its faults and phones end with each of them."""
    yield _wa_sim
    _wa_sim.clear_faults()
    for phone in _wa_sim.phones():
        phone.remove()


@pytest.fixture
def wa_phone(wa_sim: Simulator) -> Phone:
    """A phone of that WhatsApp, +15550001234."""
    return wa_sim.phone("+15550001234", name="Ada")
