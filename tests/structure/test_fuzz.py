"""The inputs that fuzzing has found worth keeping show no fault."""

import importlib
from pathlib import Path
from types import SimpleNamespace

import pytest

from fuzz.__main__ import TARGETS
from microbench import _core

CORPUS = Path(__file__).parents[2] / 'fuzz' / 'corpus'


def test_each_target_has_a_corpus():
    """Folders and targets are the same, and none is empty."""
    assert {folder.name for folder in CORPUS.iterdir()} == set(TARGETS)
    assert all(any(CORPUS.joinpath(name).iterdir()) for name in TARGETS)


@pytest.mark.parametrize('name', TARGETS)
def test_kept_inputs(name):
    """No input makes the target raise."""
    check = importlib.import_module(f'fuzz.{name}').check
    for path in sorted(CORPUS.joinpath(name).iterdir()):
        try:
            check(path.read_bytes())
        except Exception as error:
            raise AssertionError(path) from error


def test_a_contradiction_is_a_fault(monkeypatch):
    """The target of journals would notice a reader that loses a record."""
    target = importlib.import_module('fuzz.journal_image')
    monkeypatch.setattr(_core, 'journal_claims', lambda image: [])
    with pytest.raises(AssertionError):
        target.check(b'')


def test_a_decoder_that_mixes_lines_up_is_a_fault(monkeypatch):
    """The target of the decoder would notice a value of another line, or one shared."""
    target = importlib.import_module('fuzz.decoder')
    target.check(b'{"a":1}')
    for records in ([{'a': 1}], [{'a': {}}]):
        fake = SimpleNamespace(decode=lambda _line, records=records: records)
        monkeypatch.setattr(_core, 'Decoder', lambda _flat, fake=fake: fake)
        with pytest.raises(AssertionError):
            target.check(b'{"a":1}')
