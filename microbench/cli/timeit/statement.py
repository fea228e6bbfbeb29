"""Compile a statement into a loop, as timeit does: setup and statement share their names.

Both are in one generator, so that names are local variables. It is sent a number of loops,
runs the statement so often, and stops at its `yield`. The setup runs once.
"""

from __future__ import annotations

import ast
from itertools import repeat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

FILE = '<statement>'
TEMPLATE = """\
def loop(_repeat):
    _loops = yield
    while True:
        for _ in _repeat(None, _loops):
            pass
        _loops = yield
"""


def compiled(
    statement: str, setup: str = 'pass', within: dict[str, Any] | None = None
) -> Callable[[int], Any]:
    """Run the setup, and return a function that runs the statement so many times.

    Args:
        statement: the text of one or more statements.
        setup: the text of those that run once before.
        within: the global names; left as they are. Default: those of a new module.

    Raises:
        SyntaxError: one of the texts is not a statement that may stand outside a function.
        Exception: the setup has failed.

    >>> seen = []
    >>> run = compiled('x += 1', 'x = 40')
    >>> run(2)
    """
    if within is None:
        within = {'__name__': '__main__', '__builtins__': __builtins__}
    names: dict[str, Any] = {}
    exec(_code(statement, setup), within, names)  # noqa: S102 - that is what timeit is for
    loop = names['loop'](repeat)
    next(loop)
    run: Callable[[int], Any] = loop.send
    return run


def _code(statement: str, setup: str) -> Any:
    before, after = _parsed(setup, 0), _parsed(statement, setup.count('\n') + 1)
    module = ast.parse(TEMPLATE)
    function: Any = module.body[0]
    function.body[1].body[0].body = after
    function.body[:0] = before
    return compile(module, FILE, 'exec')


def show_in_tracebacks(statement: str, setup: str) -> None:
    """Have tracebacks show the lines of the code that is compiled from these."""
    import linecache

    text = f'{setup}\n{statement}\n'
    linecache.cache[FILE] = len(text), None, text.splitlines(True), FILE


def _parsed(text: str, above: int) -> list[Any]:
    """Return the nodes of a text, which has to be code outside of functions."""
    tree = ast.parse(text, FILE)
    compile(tree, FILE, 'exec')  # rejects return, yield and await
    if above:
        ast.increment_lineno(tree, above)
    return tree.body or [ast.Pass(lineno=1, col_offset=0, end_lineno=1, end_col_offset=0)]
