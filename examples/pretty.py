"""A record as a person likes to read it: as few lines as fit, none of them long."""

import json

WIDTH = 88


def pretty(value, width=WIDTH, indent='', taken=0):
    """Return `value` as JSON; `taken` is how much of its first line is not free.

    >>> print(pretty({'name': 'f', 'place': {'durations': [0.1, 0.2, 0.3]}}, width=50))
    {
      "name": "f",
      "place": {"durations": [0.1, 0.2, 0.3]}
    }
    """
    line = json.dumps(value)
    if not isinstance(value, (dict, list)) or taken + len(line) < width:
        return line
    inside = indent + '  '
    rows = f'\n{inside}'.join(filled(items(value, width, inside), width, inside))
    return f'{line[0]}\n{inside}{rows}\n{indent}{line[-1]}'


def items(value, width, indent):
    """Yield the text of each member of a list or of a dict, without commas."""
    if isinstance(value, list):
        for member in value:
            yield pretty(member, width, indent, len(indent))
    else:
        for name, member in value.items():
            opening = f'{json.dumps(name)}: '
            yield opening + pretty(member, width, indent, len(indent) + len(opening))


def filled(texts, width, indent):
    """Return lines that hold as many texts as fit; nested objects stand alone."""
    *texts, last = texts
    lines = ['']
    for text in [*(f'{text},' for text in texts), last]:
        together = f'{lines[-1]} {text}'.lstrip()
        if '{' in together or len(indent) + len(together) > width:
            lines.append(text)
        else:
            lines[-1] = together
    return [line for line in lines if line]
