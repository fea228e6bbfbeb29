"""The script for zsh: an autoloaded function, in the words of `_arguments`."""

from __future__ import annotations

from ..args.options import MANY
from .bash import quoted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .surface import Flag, Surface, Value

HEAD = """\
#compdef microbench
# Complete the words of microbench in zsh: made by "microbench completion zsh".

"""

# A program and its words are completed as if they stood alone.
COMMAND = """\
_microbench_program() {
    shift words
    (( CURRENT -= 1 ))
    _normal
}

_microbench_first() {
    local -a subcommands=(
@@
    )
    _describe -t subcommands subcommand subcommands
    _command_names -e
}

_microbench() {
    local sub=$words[2]
    if (( CURRENT > 2 && $+functions[_microbench_of_$sub] )); then
        shift words
        (( CURRENT -= 1 ))
        _microbench_of_$sub
        return
    fi
    _arguments -s -S -A '-*' \\
@flags@
        '(-)1:command:_microbench_first' '*:: :_normal'
}

_microbench "$@"
"""

SUBCOMMAND = """\
_microbench_of_{name}() {{
    _arguments -s -S \\
{lines}
}}

"""
ACTIONS = {'files': '_files', 'folders': '_files -/'}


def script(surfaces: list[Surface]) -> str:
    """Return the script for what can be typed."""
    command, *others = surfaces
    lines = (quoted(f'{surface.name}:{surface.text}') for surface in others)
    names = '\n'.join(f'        {line}' for line in lines)
    flags = '\n'.join(f'        {line} \\' for line in _flags(command))
    last = COMMAND.replace('@@', names).replace('@flags@', flags)
    return HEAD + ''.join(map(_subcommand, others)) + last


def _subcommand(surface: Surface) -> str:
    lines = [*_flags(surface), *_positional(surface)]
    return SUBCOMMAND.format(
        name=surface.name, lines=' \\\n'.join(f'        {line}' for line in lines)
    )


def _flags(surface: Surface) -> Iterator[str]:
    for flag in surface.flags:
        for form in flag.forms:
            yield quoted(_flag(flag, form))


def _flag(flag: Flag, form: str) -> str:
    others = ' '.join(flag.forms)
    first = '*' if flag.repeats or flag.value.most == MANY else f'({others})'
    text = flag.text.replace('\\', '\\\\').replace('[', '\\[').replace(']', '\\]')
    return f'{first}{form}{_joint(flag.value, form)}[{text}]{_value(flag.value)}'


def _joint(value: Value, form: str) -> str:
    """Return the sign that says how a value follows its option."""
    if value.is_attached:
        return '=-'
    if value.most != 1:
        return ''
    return '=' if form.startswith('--') else '+'


def _value(value: Value) -> str:
    if not value.most:
        return ''
    if value.most == MANY:
        return f':*-*:{_described(value, 0)}'
    names = range(len(value.names)) if value.most > 1 else [0]
    colon = '::' if value.least == 0 else ':'
    return ''.join(f'{colon}{_described(value, place)}' for place in names)


def _described(value: Value, place: int) -> str:
    """Return name and action of a value."""
    name = value.names[place].replace(':', '\\:')
    if value.words:
        return f'{name}:({" ".join(value.words)})'
    return f'{name}:{ACTIONS.get(value.kind, " ")}'


def _positional(surface: Surface) -> Iterator[str]:
    """Yield what completes words that are no options; all but the last stand once."""
    for value, _ in surface.values:
        many = '*' if value.most == MANY else ''
        yield quoted(f'{many}:{_described(value, 0)}')
