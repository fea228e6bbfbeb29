"""Move the fragments of changelog.d into CHANGELOG.md: `python -m tools.changelog 3.1.0`.

A fragment is a file NAME.CATEGORY.md with one or more items of a list. Two branches that
each add one never change the same line. The items go into the newest part, if it has no
date yet; else a new part is made. With a version, the part gets it, and the date of today.
"""

from __future__ import annotations

import datetime as dt
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
CATEGORIES = ('added', 'changed', 'deprecated', 'removed', 'fixed', 'security')
PART = re.compile(r'^## (?P<title>.+)$', re.MULTILINE)
OPEN = 'unreleased'


def fragments(folder: Path) -> dict[str, list[str]]:
    """Return the items of each category, in the order of the names of their files.

    Raises:
        ValueError: a file has another name, or is no list.
    """
    found: dict[str, list[str]] = {}
    for path in sorted(folder.glob('*.md')):
        if path.name == 'README.md':
            continue
        name, _, category = path.stem.rpartition('.')
        text = path.read_text('utf-8').strip()
        if not name or category not in CATEGORIES:
            raise ValueError(f'{path.name}: name it NAME.{"|".join(CATEGORIES)}.md')
        if not text.startswith('- '):
            raise ValueError(f'{path.name}: begin each item with "- "')
        found.setdefault(category, []).append(text)
    return found


def merged(changelog: str, items: dict[str, list[str]], version: str = '') -> str:
    """Return the changelog with these items in the newest part.

    Args:
        changelog: the text of CHANGELOG.md.
        items: the items of each category.
        version: of the release; without one, the part stays open.
    """
    first = PART.search(changelog)
    if first is None or not first['title'].endswith(OPEN):
        place = first.start() if first else len(changelog)
        changelog = f'{changelog[:place]}## next – {OPEN}\n\n{changelog[place:]}'
        first = PART.search(changelog, place)
    assert first is not None
    end = PART.search(changelog, first.end())
    stop = end.start() if end else len(changelog)
    body = with_items(changelog[first.end() : stop], items)
    title = f'## {version} – {today()}' if version else first.group()
    rest = f'\n{changelog[stop:]}' if end else ''
    return f'{changelog[: first.start()]}{title}{body}{rest}'


def with_items(body: str, items: dict[str, list[str]]) -> str:
    """Return a part with more items, the newest first in each category."""
    head, *rest = re.split(r'^### ', body, flags=re.MULTILINE)
    texts = dict(section.split('\n', 1) for section in rest)
    for category in CATEGORIES:
        title = category.capitalize()
        new = '\n'.join(items.get(category, ()))
        if new:
            texts[title] = f'\n{new}\n{texts.get(title, "").strip()}'.rstrip() + '\n\n'
    known = sorted(texts, key=lambda title: order(title.lower()))
    parts = [f'### {title}\n\n{texts[title].strip()}\n' for title in known]
    return '\n'.join([f'{head.rstrip()}\n', *parts])


def today() -> dt.date:
    """Return the date where the release is made."""
    return dt.datetime.now().astimezone().date()


def order(category: str) -> int:
    """Return the place of a category; one that is not known is the last."""
    return CATEGORIES.index(category) if category in CATEGORIES else len(CATEGORIES)


def main(version: str = '') -> None:
    """Write CHANGELOG.md, and remove the fragments."""
    folder, changelog = ROOT / 'changelog.d', ROOT / 'CHANGELOG.md'
    items = fragments(folder)
    changelog.write_text(merged(changelog.read_text('utf-8'), items, version), 'utf-8')
    for path in folder.glob('*.md'):
        if path.name != 'README.md':
            path.unlink()


if __name__ == '__main__':
    main(*sys.argv[1:2])
