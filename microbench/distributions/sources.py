"""Find the source from which a distribution was installed: `direct_url.json` (PEP 610)."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .metadata import Metadata

DIRECT_URL = 'direct_url.json'
AT_MOST = 1 << 20  # bytes
PROJECT_FILES = ('pyproject.toml', 'setup.py', 'setup.cfg')


def source_of(metadata: Metadata) -> dict[str, Any] | None:
    """Return the source of a distribution; None if it is an index or unknown.

    Returns:
        `url`, and with it `vcs`, `commit` and `requested` of a repository; `editable` of
        a folder; `hash` of an archive; `subdirectory` where there is one.

    Raises:
        ValueError: `direct_url.json` is not what PEP 610 describes.
        OSError: it cannot be read.
    """
    data = metadata.read(DIRECT_URL, AT_MOST)
    if data is None:
        return _of_egg_info(metadata)
    return described(data)


def described(data: bytes) -> dict[str, Any]:
    """Return the source in a `direct_url.json`; see `source_of`."""
    import json

    found = json.loads(data)
    if not isinstance(found, dict) or not isinstance(found.get('url'), str):
        raise ValueError('direct_url.json has no url')  # noqa: TRY004 - a malformed file
    source: dict[str, Any] = {'url': found['url']}
    if isinstance(vcs := found.get('vcs_info'), dict):
        source['vcs'] = vcs.get('vcs')
        source['commit'] = vcs.get('commit_id')
        source['requested'] = vcs.get('requested_revision')
    elif isinstance(archive := found.get('archive_info'), dict):
        source['hash'] = _hash_of(archive)
    elif isinstance(folder := found.get('dir_info'), dict):
        source['editable'] = folder.get('editable') is True
    if isinstance(found.get('subdirectory'), str):
        source['subdirectory'] = found['subdirectory']
    return {name: value for name, value in source.items() if value is not None}


def _hash_of(archive: dict[str, Any]) -> Any:
    hashes = archive.get('hashes')
    if isinstance(hashes, dict) and hashes:
        algorithm, digest = next(iter(hashes.items()))
        return f'{algorithm}={digest}'
    return archive.get('hash')


def _of_egg_info(metadata: Metadata) -> dict[str, Any] | None:
    """Return the folder of sources beside which `setup.py develop` has put an egg-info."""
    if not metadata.base.endswith('.egg-info'):
        return None
    for folder in (metadata.folder, os.path.dirname(metadata.folder)):
        if any(os.path.isfile(os.path.join(folder, name)) for name in PROJECT_FILES):
            return {'url': url_of(folder), 'editable': True}
    return None


def url_of(folder: str) -> str:
    """Return the URL of a folder."""
    from urllib.parse import quote  # not urllib.request, which loads clients of networks

    return 'file://' + quote(os.path.abspath(folder))


def folder_of(url: str) -> str | None:
    """Return the folder that a URL names; None if it names none on this machine."""
    from urllib.parse import unquote, urlsplit

    parts = urlsplit(url)
    if parts.scheme != 'file' or parts.netloc not in ('', 'localhost'):
        return None
    path = unquote(parts.path)
    return os.path.normpath(path[1:] if path[2:3] == ':' else path)  # /C:/folder


def _if_editable(metadata: Metadata) -> dict[str, Any] | None:
    """Return the source of an editable install; None, without loading json, for others."""
    data = metadata.read(DIRECT_URL, AT_MOST)
    if data is None:
        return _of_egg_info(metadata)
    return described(data) if b'"editable"' in data else None


def folder_of_editable(metadata: Metadata) -> str | None:
    """Return the folder with the sources of an editable install; else None."""
    try:
        source = _if_editable(metadata)
    except (OSError, ValueError):
        return None
    folder = folder_of(source['url']) if source and source.get('editable') else None
    if source is None or folder is None:
        return None
    return os.path.normpath(os.path.join(folder, source.get('subdirectory', '')))
