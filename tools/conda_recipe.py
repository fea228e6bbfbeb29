"""Print the recipe for conda-forge of a release: `python -m tools.conda_recipe SDIST`."""

from __future__ import annotations

import hashlib
import re
import sys
from pathlib import Path

RECIPE = Path(__file__).parents[1] / 'packaging' / 'conda' / 'recipe.yaml'
SDIST = re.compile(r'microbench-(?P<version>.+)\.tar\.gz')


def recipe_of(sdist: Path) -> str:
    """Return the recipe with version and checksum of an sdist.

    Raises:
        ValueError: the file has not the name of an sdist of microbench.
    """
    found = SDIST.fullmatch(sdist.name)
    if not found:
        raise ValueError(f'{sdist.name} is not microbench-VERSION.tar.gz')
    checksum = hashlib.sha256(sdist.read_bytes()).hexdigest()
    text = RECIPE.read_text('utf-8').replace('sha256: ""', f'sha256: "{checksum}"')
    return text.replace('version: "0"', f'version: "{found["version"]}"')


if __name__ == '__main__':
    print(recipe_of(Path(sys.argv[1])), end='')
