"""What is protected by the GIL stays so: no code claims to run without it."""

from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = [*ROOT.glob('csrc/*.[ch]'), *ROOT.glob('microbench/*.p[yx]*')]


def test_free_threaded_builds_turn_the_gil_on():
    """Only a module that asks for it is imported without the GIL (PEP 703)."""
    for source in SOURCES:
        text = source.read_text(encoding='utf-8')
        for claim in ('freethreading_compatible', 'Py_MOD_GIL_NOT_USED', 'SetGIL'):
            assert claim not in text, f'{source.name} claims to run without the GIL'


def test_c_code_without_python_knows_no_gil():
    """mb_*.c never sees Python.h: what it compiled for a build without GIL is in none."""
    for source in ROOT.glob('csrc/**/*mb_*.[ch]'):
        assert 'Py_GIL_DISABLED' not in source.read_text(encoding='utf-8'), source.name
