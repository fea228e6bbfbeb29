"""Make the schema and the types of a record from record.md: `python -m docs.reference`.

The tables of record.md are the one description of the fields that microbench writes. A test
compares the files that are made of them.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

DOCS = Path(__file__).parent
PAGE = DOCS / 'record.md'
PACKAGE = DOCS.parent / 'microbench'
MADE = 'made by docs/fields.py from docs/record.md'

ROW = re.compile(r'^\| (`.+?) \| (.+?) \| (.+?) \| (.*?)\|$')
OF_THE_COMMAND = 'call, in the command'
WORDS = {  # type in the page: JSON Schema, Python
    'text': ('string', 'str'),
    'time': ('string', 'str'),
    'integer': ('integer', 'int'),
    'number': ('number', 'float'),
    'boolean': ('boolean', 'bool'),
    'object': ('object', 'dict[str, Any]'),
    'list': ('array', 'list[Any]'),
    'any': ('', 'Any'),
}


class Field(NamedTuple):
    """One field: its path, its type in words, what it means, and its place in the page."""

    path: str
    kind: str
    meaning: str
    always: bool
    row: int


class Node:
    """A part of a record: an object, a list of objects, or a value.

    Attributes:
        path: dotted path, with `[]` for items; empty for the record.
        field: the field of a value.
        inner: parts of an object, by name.
        required: names that are always among them.
    """

    def __init__(self, path: str = '', field: Field | None = None) -> None:
        self.path, self.field = path, field
        self.inner: dict[str, Node] = {}
        self.required: list[str] = []

    @property
    def name(self) -> str:
        """Name of the class for an object."""
        words = re.findall('[a-z]+', self.path)
        return 'Record' + ''.join(word.capitalize() for word in words)


def fields() -> list[Field]:
    """Return the fields in the order of the page."""
    found, section = [], ''
    for number, line in enumerate(PAGE.read_text('utf-8').splitlines()):
        section = line.removeprefix('## ') if line.startswith('## ') else section
        if line.startswith('| `'):
            row = ROW.match(line)
            if not row:
                raise ValueError(f'{PAGE}:{number + 1}: field | type | meaning | when')
            paths, kinds = re.findall('`(.+?)`', row[1]), row[2].split(', ')
            always = not row[4].strip() and section != OF_THE_COMMAND
            pairs = zip(paths, kinds * (len(paths) // len(kinds)), strict=True)
            found += [Field(path, kind, row[3], always, number) for path, kind in pairs]
    return found


def tree() -> Node:
    """Return the record, with all parts."""
    root = Node()
    for field in fields():
        _add(root, field)
    _require(root)
    return root


def _add(root: Node, field: Field) -> None:
    node, path, always = root, '', field.always
    *above, last = field.path.split('.')
    for name in above:
        path = f'{path}.{name}'.lstrip('.')
        if always and name not in node.required:
            node.required.append(name)
        node = node.inner.setdefault(name, Node(path))
    node.inner[last] = Node(field.path, field)
    if always:
        node.required.append(last)


def _require(node: Node) -> None:
    """Require all fields of an object that one row of the page describes completely."""
    values = [part.field for part in node.inner.values() if part.field]
    if len(values) == len(node.inner) > 1 and len({field.row for field in values}) == 1:
        node.required = [name for name in node.inner if node.path]
    for part in node.inner.values():
        _require(part)


# --- the schema ---------------------------------------------------------------------------


def schema() -> str:
    """Return the JSON Schema of a record."""
    head = {
        '$schema': 'https://json-schema.org/draft/2020-12/schema',
        '$comment': MADE,
        'title': 'A record of microbench, with "mb.schema": 3',
    }
    return json.dumps({**head, **_schema_of(tree())}, indent=1) + '\n'


def _schema_of(node: Node) -> dict[str, Any]:
    if node.field:
        meaning = {'description': _plain(node.field.meaning)}
        return {**meaning, **_schema_of_kind(node.field.kind)}
    names = {name: part for name, part in node.inner.items() if name != 'NAME'}
    found: dict[str, Any] = {'type': 'object'}
    if node.required:
        found['required'] = [name.removesuffix('[]') for name in node.required]
    if names:
        found['properties'] = dict(_property(*item) for item in names.items())
    if 'NAME' in node.inner:
        found['additionalProperties'] = _schema_of(node.inner['NAME'])
    return found


def _property(name: str, part: Node) -> tuple[str, dict[str, Any]]:
    inner = _schema_of(part)
    if name.endswith('[]'):
        return name.removesuffix('[]'), {'type': 'array', 'items': inner}
    return name, inner


def _schema_of_kind(kind: str) -> dict[str, Any]:
    outer, _, inner = kind.partition(' of ')
    word, _, null = outer.partition(' or ')
    kinds = [WORDS[word][0], *[null] * bool(null)]
    found: dict[str, Any] = {'type': kinds if null else kinds[0]} if kinds[0] else {}
    if word == 'time':
        found['format'] = 'date-time'
    if inner:
        items = 'items' if word == 'list' else 'additionalProperties'
        found[items] = _schema_of_kind(inner)
    return found


def _plain(markdown: str) -> str:
    """Return text without links; code keeps its marks."""
    return re.sub(r'\[(.+?)\]\(.+?\)', r'\1', markdown)


# --- the types ----------------------------------------------------------------------------

HEAD = f'''\
"""Types of a record, for type checkers.

This file is {MADE}.
"""

'''
HEAD_OF_MODULE = """\
from __future__ import annotations

from typing import Any, TypedDict


"""
# mypy 2 does not know `extra_items` (PEP 728), and takes objects as closed.
HEAD_OF_STUB = """\
from typing import Any

from typing_extensions import TypedDict

"""
OPEN = ', extra_items=Any'
IGNORED = '  # type: ignore[call-arg]'
RECORD = '''\
    """A record, as `get_results` returns it: a dict with these fields, and yours.

    The page "Fields of a record" says what the fields mean, and when they are absent.

    >>> from microbench import MicroBench, Record
    >>> bench = MicroBench()
    >>> with bench.record('fit'):
    ...     pass
    >>> def name_of(record: Record) -> str:
    ...     return record['call']['name']
    >>> name_of(bench.get_results()[0])
    'fit'
    """
'''


def types() -> str:
    """Return the module `microbench.record`, which is for run time."""
    return HEAD + HEAD_OF_MODULE + '\n\n'.join(_classes(tree(), ''))


def stub() -> str:
    """Return what type checkers read instead: objects may have other fields."""
    return HEAD + HEAD_OF_STUB + '\n'.join(_classes(tree(), OPEN))


def _classes(node: Node, extra: str) -> list[str]:
    """Return the classes of an object, those that it refers to first."""
    parts = [part for part in node.inner.values() if _is_class(part)]
    found = [each for part in parts for each in _classes(part, extra)]
    required = {name: node.inner[name] for name in node.required}
    others = {name: part for name, part in node.inner.items() if name not in required}
    base = 'TypedDict'
    if required and others:
        base = f'_{node.name}'
        found.append(_class(base, 'TypedDict', node, required))
    total = f', total=False{extra}' if others else extra
    found.append(_class(node.name, base + total, node, others or required))
    return found


def _is_class(node: Node) -> bool:
    return bool(node.inner) and 'NAME' not in node.inner


def _class(name: str, bases: str, node: Node, parts: dict[str, Node]) -> str:
    where = f'`{node.path.removesuffix("[]")}`' if node.path else 'a record'
    where = f'an item of {where}' if node.path.endswith('[]') else where
    doc = f'    """Fields {"always " * name.startswith("_")}in {where}."""\n'
    doc = RECORD if name == 'Record' else doc
    lines = (f'    {n.removesuffix("[]")}: {_annotation(n, p)}\n' for n, p in parts.items())
    ignored = IGNORED if OPEN in bases else ''
    return f'class {name}({bases}):{ignored}\n{doc}\n{"".join(lines)}'


def _annotation(name: str, node: Node) -> str:
    if node.field:
        return _annotation_of_kind(node.field.kind)
    if 'NAME' in node.inner:
        return f'dict[str, {_annotation("", node.inner["NAME"])}]'
    return f'list[{node.name}]' if name.endswith('[]') else node.name


def _annotation_of_kind(kind: str) -> str:
    outer, _, inner = kind.partition(' of ')
    word, _, null = outer.partition(' or ')
    found = WORDS[word][1]
    if inner:
        found = found.replace('Any', _annotation_of_kind(inner))
    return f'{found} | None' if null else found


# --- what frames need ---------------------------------------------------------------------


def kinds() -> str:
    """Return the module with the types of the columns of frames."""
    scalars = {
        field.path: kind
        for field in fields()
        if '[]' not in field.path and 'NAME' not in field.path
        if (kind := field.kind.removesuffix(' or null')) in WORDS
        if kind not in ('object', 'list', 'any')
    }
    always = [field.path for field in fields() if field.always and field.path in scalars]
    lines = ''.join(f'    {path!r}: {kind!r},\n' for path, kind in scalars.items())
    tops = sorted({re.split(r'\W', field.path)[0] for field in fields()})
    names, spaces = (''.join(f'    {n!r},\n' for n in each) for each in (always, tops))
    return (
        '"""Types of the fields of a record that are neither list nor object.\n\n'
        f'This file is {MADE}.\n"""\n\n'
        f'KINDS = {{\n{lines}}}\nALWAYS = (\n{names})\nTOPS = {{\n{spaces}}}\n'
    )


FILES = {
    PACKAGE / 'record.schema.json': schema,
    PACKAGE / 'record.py': types,
    PACKAGE / 'record.pyi': stub,
    PACKAGE / 'results' / 'kinds.py': kinds,
}


def write() -> None:
    """Write all files."""
    for path, make in FILES.items():
        path.write_text(make(), 'utf-8')
