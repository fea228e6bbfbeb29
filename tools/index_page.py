"""Make the page of a package index from README.md, whose links are relative.

An index shows the page far from the repository: a relative link leads nowhere there. With
the address of the repository, links become absolute; without one, their text stays and
pictures are replaced by their description. setup.py calls this for each build.
"""

from __future__ import annotations

import re

# Code is matched first, so that what looks like a link in it is left alone.
CODE = r'^```.*?^```$|`[^`\n]+`'
LINK = r'(?<!!)\[(?P<text>(?:`[^`\n]+`|[^\[\]`])+)\]\((?P<link>[^()\s]+)\)'
PICTURE = r'<picture>.*?</picture>'
PART = re.compile(
    rf'(?P<linked>{LINK})|(?P<picture>{PICTURE})|{CODE}', re.MULTILINE | re.DOTALL
)
ABSOLUTE = re.compile(r'[a-z][a-z0-9+.-]*:', re.IGNORECASE)
SOURCE = re.compile(r'\b(?P<name>src|srcset)="(?P<path>[^"]+)"')
DESCRIPTION = re.compile(r'\balt="([^"]+)"')


def index_page(readme: str, repository: str, version: str) -> str:
    """Return the page for an index.

    Args:
        readme: Markdown with links relative to the repository.
        repository: its address, such as `https://example.org/microbench`, or an empty text.
        version: of the package. A release links to the files of its tag, any other version
            to those of `main`.

    >>> index_page('[How](docs/how.md#a) `[x](y)`', 'https://example.org/mb', '3.0.0')
    '[How](https://example.org/mb/blob/v3.0.0/docs/how.md#a) `[x](y)`'
    >>> index_page('[How](docs/how.md)', '', '3.0.0')
    'How'
    """
    tag = 'main' if '.dev' in version else f'v{version}'

    def link(target: str) -> str:
        path = f'README.md{target}' if target.startswith('#') else target
        return f'{repository}/blob/{tag}/{path}'

    def replaced(found: re.Match[str]) -> str:
        if found['picture']:
            return _picture(
                found['picture'], f'{repository}/raw/{tag}' if repository else ''
            )
        if not found['linked'] or ABSOLUTE.match(found['link']):
            return found.group()
        return f'[{found["text"]}]({link(found["link"])})' if repository else found['text']

    return PART.sub(replaced, readme)


def _picture(picture: str, place: str) -> str:
    if place:
        return SOURCE.sub(rf'\g<name>="{place}/\g<path>"', picture)
    [description] = DESCRIPTION.findall(picture)
    return f'*{description}*'


def addresses(repository: str) -> dict[str, str]:
    """Return the `Project-URL`s of a package; none without a repository."""
    if not repository:
        return {}
    return {
        'Source': repository,
        'Documentation': f'{repository}/blob/main/docs/index.md',
        'Changelog': f'{repository}/blob/main/CHANGELOG.md',
        'Issues': f'{repository}/issues',
    }
