"""What the tests of the core share."""

import gc

import pytest

from microbench import _core
from microbench.outputs.report import Report


@pytest.fixture(autouse=True)
def no_run_stays_open():
    """Assert that each test closes the runs that it opens."""
    before = _core.runs_open()
    yield
    if _core.runs_open() != before:
        gc.collect()
    assert _core.runs_open() == before


@pytest.fixture
def fresh_count(monkeypatch):
    """No record of this process has been lost so far."""
    monkeypatch.setattr(Report, 'lost', 0)
