"""Write reference-api.md from the docstrings: `python -m docs.reference`.

It also writes what docs/fields.py makes of record.md. A test compares the pages with the
docstrings. Their examples are doctests, and run as such.
"""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING

import microbench
from docs import fields
from microbench.core.signature import signature_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

PAGE = Path(__file__).with_name('reference-api.md')

HEAD = """\
<!-- made by docs/reference.py -->

# Reference of the Python API

Every public class and function with its docstring.
To learn how they are used, read [Getting started](getting-started.md).
[The command](command-line.md) lists its options, [Fields of a record](record.md) and
[Mixins](mixins.md) what is in a record.

"""

BENCH = ('MicroBench', 'MicroBenchBase')
SINKS = (
    *('Output', 'FileOutput', 'HttpOutput', 'RedisOutput', 'PostgresOutput'),
    *('OtlpOutput', 'PrometheusOutput', 'NullOutput'),
)
GROUPS = {
    'The bench': {'microbench': BENCH},
    'Outputs': {'microbench': SINKS},
    'Mixins': {
        'microbench': [name for name in microbench.__all__ if name.startswith('MB')]
    },
    'Your own captures': {
        'microbench.core.capture': (
            'per_process',
            'early',
            'spanning',
            'innermost',
            'namespace',
        ),
        'microbench': ('CLIArg',),
    },
    'Encoding': {'microbench': ('JSONEncoder', 'JSONEncodeWarning')},
    'Measuring': {'microbench': ('measure', 'Measurement')},
    'Sweeps': {
        'microbench': ('sweep',),
        'microbench.sweeps.result': ('SweepResult', 'SweptPoint'),
    },
    'Results': {
        'microbench': (
            *('read', 'query', 'Record', 'compare', 'ranks', 'summary', 'Histogram'),
        ),
        'microbench.comparison.report': ('Comparison',),
        'microbench.comparison.rows': ('Row',),
        'microbench.comparison.surroundings': ('Differing',),
        'microbench.results.ranks': ('Ranks', 'RankRow'),
        'microbench.reader': ('Reader',),
        'microbench.diff': ('diff', 'envdiff', 'Difference', 'Change'),
        'microbench.livestream': ('LiveStream',),
    },
}
SECTION = re.compile(r'(Args|Returns|Raises|Yields|Attributes):')
ITEM = re.compile(r'([\w*][\w*, ]*): (.*)', re.DOTALL)


def page() -> str:
    """Return the whole page."""
    return HEAD + '\n'.join(group(title) for title in GROUPS)


def group(title: str) -> str:
    """Return the part of the page about one group of names."""
    named = [
        entry(module, name) for module, names in GROUPS[title].items() for name in names
    ]
    return f'## {title}\n\n' + '\n'.join(named)


def entry(module: str, name: str) -> str:
    """Return what there is to say of a public name."""
    thing = getattr(importlib.import_module(module), name)
    text = f'### {name}\n\n{described(f"{module}.{name}", thing)}'
    return text + ''.join(methods(thing)) if inspect.isclass(thing) else text


def described(shown: str, thing: Any) -> str:
    """Return a class or function under the name shown: its signature and its docstring."""
    return f'`{shown}{signature(thing)}`\n\n{markdown(_docstring(thing))}'


def methods(cls: type) -> Iterator[str]:
    """Yield the public methods of a class and its private bases, hooks in one line each."""
    public = [n for n in _names(cls) if n == '__call__' or not n.startswith('_')]
    own = [name for name in public if inspect.isroutine(getattr(cls, name))]
    hooks = [name for name in own if name.startswith('capture') or 'trigger' in name]
    for name in own:
        if name not in hooks:
            shown = f'{cls.__name__}.{name}'
            yield f'\n#### {shown}\n\n{described(shown, getattr(cls, name))}'
    if hooks:
        yield '\nHooks:\n\n'
    for name in hooks:
        first, *_ = _docstring(getattr(cls, name)).splitlines()
        yield f'- `{name}`: {first}\n'


def _names(cls: type) -> Iterator[str]:
    """Yield the attributes of a class and of bases that are not on the page themselves."""
    yield from vars(cls)
    for base in cls.__bases__:
        is_own = base.__module__.startswith('microbench.')
        if is_own and base.__name__ not in microbench.__all__:
            yield from (name for name in _names(base) if name not in vars(cls))


def signature(thing: Any) -> str:
    """Return parameters and defaults, without annotations; nothing if there are none."""
    if inspect.isclass(thing):
        if issubclass(thing, (Warning, dict)):
            return ''
        found = signature_of(thing) if thing.__init__ is not object.__init__ else None  # type: ignore[misc]
    else:
        found = inspect.signature(thing)
    if found is None:
        return ''
    return f'({", ".join(_parameters(found))})'


def _parameters(found: inspect.Signature) -> Iterator[str]:
    keyword_only = inspect.Parameter.KEYWORD_ONLY
    starred = False
    for parameter in found.parameters.values():
        if parameter.name == 'self':
            continue
        starred = starred or parameter.kind is inspect.Parameter.VAR_POSITIONAL
        if parameter.kind is keyword_only and not starred:
            starred = True
            yield '*'
        plain = parameter.replace(annotation=parameter.empty, default=parameter.empty)
        has_default = parameter.default is not parameter.empty
        yield f'{plain}={_default(parameter.default)}' if has_default else str(plain)


def _default(value: Any) -> str:
    name = getattr(value, '__qualname__', None)
    if name:
        return name if inspect.isclass(value) else f'{value.__module__}.{name}'
    return repr(value)


def _docstring(thing: Any) -> str:
    return inspect.getdoc(thing) or ''


def markdown(docstring: str) -> str:
    """Return a docstring as Markdown: sections become lists, doctests become blocks."""
    return '\n'.join(_part(part) for part in docstring.split('\n\n'))


def _part(part: str) -> str:
    if part.startswith('>>> '):
        return f'```pycon\n{part}\n```\n'
    title, _, rest = part.partition('\n')
    if not SECTION.fullmatch(title):
        return f'{part}\n'
    items = re.split(r'\n {4}(?! )', f'\n{rest}')[1:]
    return f'{title}\n\n' + ''.join(f'- {_item(item)}\n' for item in items)


def _item(item: str) -> str:
    words = ' '.join(item.split())
    found = ITEM.fullmatch(words)
    if not found:
        return words
    names = ', '.join(f'`{name}`' for name in found[1].split(', '))
    return f'{names}: {found[2]}'


if __name__ == '__main__':
    fields.write()
    PAGE.write_text(page(), 'utf-8')
