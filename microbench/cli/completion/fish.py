"""The script for fish, from 3.2 on."""

from __future__ import annotations

from ..args.options import MANY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from .surface import Flag, Surface

HEAD = """\
# Complete the words of microbench in fish: made by "microbench completion fish".

# Print what is being typed: "own" for the options of microbench, the name of a subcommand,
# or the number of the word with which another program begins.
function __microbench_place
    set -l words (commandline -opc)
    if contains -- "$words[2]" @names@
        set -l dashes (contains -i -- -- $words)
        if test -n "$dashes" -a "$words[2]" = compare
            for place in (seq (count $words))
                test "$words[$place]" = ---; and set dashes $place
            end
            math $dashes + 1
        else
            echo $words[2]
        end
        return
    end
    set -l left 0
    for place in (seq 2 (count $words))
        switch $words[$place]
            case --
                math $place + 1
                return
            case @many@
                set left @most@
            case @one@
                set left 1
            case '-*'
                set left 0
            case '*'
                if test $left -eq 0
                    echo $place
                    return
                end
                set left (math $left - 1)
        end
    end
    echo own
end

# Succeed where this is being typed.
function __microbench_in
    test (__microbench_place) = $argv[1]
end

# Succeed behind one of these options, which take any number of values.
function __microbench_behind
    set -l options (string match -- '-*' (commandline -opc))
    contains -- "$options[-1]" $argv; and test (__microbench_place) = own
end

# Succeed where a subcommand can stand: as the first word.
function __microbench_first
    test (count (commandline -opc)) -eq 1
end

# Complete a program, which begins at this word, and its words.
function __microbench_program
    set -l place (__microbench_place)
    set -l words (commandline -opc) (commandline -ct)
    if string match -qr '^[0-9]+$' -- $place
        __fish_complete_subcommand --commandline $words[$place..-1]
    else if test $place = own; and not string match -q -- '-*' (commandline -ct)
        __fish_complete_subcommand --commandline (commandline -ct)
    end
end

complete -c microbench -f
complete -c microbench -a '(__microbench_program)'
"""


def script(surfaces: list[Surface]) -> str:
    """Return the script for what can be typed."""
    command, *others = surfaces
    replaced = {
        '@names@': ' '.join(surface.name for surface in others),
        '@many@': _forms(flag for flag in command.flags if flag.value.most == MANY),
        '@one@': _forms(flag for flag in command.flags if _takes_one(flag)),
        '@most@': str(MANY),
    }
    head = HEAD
    for mark, text in replaced.items():
        head = head.replace(mark, text)
    return head + ''.join(f'{line}\n' for surface in surfaces for line in _lines(surface))


def _takes_one(flag: Flag) -> bool:
    return flag.value.most == 1 and not flag.value.is_attached


def _forms(flags: Iterable[Flag]) -> str:
    return ' '.join(form for flag in flags for form in flag.forms)


def _lines(surface: Surface) -> Iterator[str]:
    """Yield a line for the name of a subcommand, for its words, and for each option."""
    place = surface.name or 'own'
    start = f"complete -c microbench -n '__microbench_in {place}'"
    if surface.name:
        name, text = surface.name, quoted(surface.text)
        yield f'complete -c microbench -n __microbench_first -a {name} -d {text}'
        for value, _ in surface.values[:1]:
            if value.kind == 'files':
                yield f'{start} -F'
            elif value.kind == 'folders':
                yield f"{start} -a '(__fish_complete_directories)'"
            elif value.words:
                yield f'{start} -a {quoted(" ".join(value.words))}'
    for flag in surface.flags:
        yield f'{start} {_forms_of(flag)}{_value(flag)} -d {quoted(flag.text)}'
        if flag.value.most == MANY and flag.value.kind:
            behind = f"complete -c microbench -n '__microbench_behind {_forms([flag])}'"
            yield f'{behind}{_value(flag).replace(" -x", "").replace(" -r", "")}'


def _forms_of(flag: Flag) -> str:
    return ' '.join(
        f'-l {form[2:]}' if form.startswith('--') else f'-s {form[1:]}'
        for form in flag.forms
    )


def _value(flag: Flag) -> str:
    value = flag.value
    if not value.most:
        return ''
    if value.is_attached:
        return f' -a {quoted(" ".join(value.words))}'
    actions = {
        'words': f' -x -a {quoted(" ".join(value.words))}',
        'files': ' -r -F',
        'folders': " -x -a '(__fish_complete_directories)'",
    }
    return actions.get(value.kind, ' -x')


def quoted(text: str) -> str:
    """Return a text in single quotes of fish."""
    return "'" + text.replace('\\', '\\\\').replace("'", "\\'") + "'"
