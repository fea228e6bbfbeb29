"""The script for bash: from 3.2 on, with the package bash-completion or without it."""

from __future__ import annotations

from ..args.options import MANY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from .surface import Surface, Value

HEAD = '# Complete the words of microbench in bash: made by "microbench completion bash".\n'

FLAGS = """
# _microbench_flags COMMAND: set `reply` to its options.
_microbench_flags() {
    case $1 in
@@
    esac
}
"""

VALUES = """
# _microbench_value COMMAND OPTION: set `left` to the number of its values, `after` to the
# number that follows an equals sign, and `kind` and `reply` to what completes them.
_microbench_value() {
    left=0 after=0 kind='' reply=''
    case "$1 $2" in
@@
    esac
}
"""

WORDS = """
# _microbench_words COMMAND: the same for words that belong to no option.
_microbench_words() {
    kind='' reply=''
    case $1 in
@@
    esac
}
"""

REST = r"""
# _microbench_program PLACE: complete another program, which begins at this word.
_microbench_program() {
    if [ "$1" -eq "$COMP_CWORD" ]; then
        COMPREPLY=($(compgen -c -- "${COMP_WORDS[COMP_CWORD]}"))
    elif declare -F _comp_command_offset >/dev/null; then
        _comp_command_offset "$1"
    elif declare -F _command_offset >/dev/null; then
        _command_offset "$1"
    fi
}

# _microbench_reply WORD: complete it by `kind`; files are left to readline.
_microbench_reply() {
    local IFS=$' \t\n'
    case $kind in
    words) COMPREPLY=($(compgen -W "$reply" -- "$1")) ;;
    folders) IFS=$'\n' COMPREPLY=($(compgen -d -- "$1")) ;;
    esac
}

_microbench() {
    local command='' word current=${COMP_WORDS[COMP_CWORD]} place=1 start=0
    local left=0 after=0 kind='' reply=''
    COMPREPLY=()
    _microbench_flags "${COMP_WORDS[1]}"
    if [ "$COMP_CWORD" -gt 1 ] && [ -n "$reply" ]; then
        command=${COMP_WORDS[1]} place=2
    fi
    while [ "$place" -lt "$COMP_CWORD" ]; do
        word=${COMP_WORDS[place]}
        case $word in
        --) start=$((place + 1)) left=0 ;;
        ---) [ "$start" -gt 0 ] && start=$((place + 1)) ;;
        =) [ "$start" -eq 0 ] && left=$after ;;
        *)
            if [ "$start" -gt 0 ]; then
                :
            elif [ "${word#-}" != "$word" ]; then
                _microbench_value "$command" "$word"
            elif [ "$left" -gt 0 ]; then
                left=$((left - 1)) after=0
            elif [ -z "$command" ]; then
                start=$place
            fi
            ;;
        esac
        place=$((place + 1))
    done
    if [ "$current" = '=' ]; then
        current='' left=$after
    fi
    if [ "$start" -gt 0 ]; then
        case $command in
        '' | compare) _microbench_program "$start" ;;
        esac
    elif [ "${current#-}" != "$current" ]; then
        _microbench_flags "$command"
        kind=words
        _microbench_reply "$current"
    elif [ "$left" -gt 0 ]; then
        _microbench_reply "$current"
    else
        _microbench_words "$command"
        _microbench_reply "$current"
        if [ -z "$command" ]; then
            COMPREPLY=(${COMPREPLY[@]+"${COMPREPLY[@]}"} $(compgen -c -- "$current"))
        fi
    fi
}

complete -o bashdefault -o default -F _microbench microbench
"""


def script(surfaces: list[Surface]) -> str:
    """Return the script for what can be typed."""
    return ''.join(
        [
            HEAD,
            FLAGS.replace('@@', '\n'.join(map(_flags, surfaces))),
            VALUES.replace('@@', '\n'.join(_values(surfaces))),
            WORDS.replace('@@', '\n'.join(_words(surfaces))),
            REST,
        ]
    )


def _flags(surface: Surface) -> str:
    forms = ' '.join(form for flag in surface.flags for form in flag.forms)
    return f"    {surface.name or quoted('')}) reply='{forms}' ;;"


def _values(surfaces: list[Surface]) -> Iterator[str]:
    for surface in surfaces:
        for flag in surface.flags:
            if flag.value.most:
                cases = ' | '.join(quoted(f'{surface.name} {form}') for form in flag.forms)
                yield f'    {cases}) {_counts(flag.value)} {_kind(flag.value)} ;;'


def _counts(value: Value) -> str:
    if value.is_attached:
        return 'after=1'
    return f'left={min(value.most, MANY)} after=1'


def _kind(value: Value) -> str:
    words = f' reply={quoted(" ".join(value.words))}' if value.words else ''
    return f'kind={quoted(value.kind)}{words}'


def _words(surfaces: list[Surface]) -> Iterator[str]:
    _command, *others = surfaces
    names = ' '.join(surface.name for surface in others)
    yield f"    '') kind=words reply={quoted(names)} ;;"
    for surface in others:
        if surface.values and surface.values[0][0].kind:
            yield f'    {surface.name}) {_kind(surface.values[0][0])} ;;'


def quoted(word: str) -> str:
    """Return a word in the quotes of a shell."""
    return "'" + word.replace("'", "'\\''") + "'"
