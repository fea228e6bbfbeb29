"""The reference of the Python API is what the docstrings say."""

import microbench
from docs import reference


def test_the_page_is_made_from_the_docstrings():
    """The page is up to date; otherwise run `python -m docs.reference`."""
    assert reference.PAGE.read_text('utf-8') == reference.page()


def test_every_public_name_is_on_the_page():
    """Each public name has one heading."""
    listed = [
        name
        for modules in reference.GROUPS.values()
        for name in modules.get('microbench', ())
    ]
    assert sorted(listed) == sorted(microbench.__all__)


def test_the_parts_of_a_docstring():
    """Paragraphs stay, items of a section become a list, doctests become blocks."""
    docstring = (
        'Add.\n\nArgs:\n    a, b: numbers,\n        or texts.\n    **more: the rest.\n\n'
        'Returns:\n    Their sum.\n\n>>> add(1, 2)\n3'
    )
    assert reference.markdown(docstring) == (
        'Add.\n\nArgs:\n\n- `a`, `b`: numbers, or texts.\n- `**more`: the rest.\n\n'
        'Returns:\n\n- Their sum.\n\n```pycon\n>>> add(1, 2)\n3\n```\n'
    )


def test_a_signature():
    """Defaults are shown by the names that readers know, annotations are left out."""

    def example(self, first: int, *, by=print, kind=int, word='x', **rest: str) -> None:
        pass

    assert reference.signature(example) == (
        "(first, *, by=builtins.print, kind=int, word='x', **rest)"
    )
