"""Replace the outputs that pages show by those that their commands print now.

    python -m tests.docs.update README.md docs/recipes.md ...

executes each page as its test does. An output that the test accepts stays, with one
exception: `--all` replaces these too. What `...` stands for is not replaced: an output with
three dots that no longer fits is printed, to be changed by hand.
"""

import os
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.docs import test_docs


def main(words):
    """Update the pages that the words name."""
    pages = [Path(word).resolve() for word in words if word != '--all']
    for page in pages:
        text = page.read_text('utf-8')
        for shown, printed in outputs(page, '--all' in words):
            if '...' in shown:
                print(f'{page.name}: by hand:\n{shown}\nis now\n{printed}')  # noqa: T201 - a tool
            else:
                text = text.replace(f'\n{shown}', f'\n{printed.strip()}\n', 1)
        page.write_text(text, 'utf-8')


def outputs(page, everything):
    """Return pairs of what a page shows and what was printed instead."""
    found = []

    def judge(block, shown, printed):
        if everything and '...' not in shown:
            found.append((shown, test_docs.anonymous(printed)))
            return
        try:
            test_docs.is_as_shown(block, shown, printed)
        except pytest.fail.Exception:
            found.append((shown, test_docs.anonymous(printed)))

    with TemporaryDirectory() as directory, pytest.MonkeyPatch.context() as patch:
        patch.setattr(test_docs, 'judge', judge)
        test_docs.prepare(Path(directory), patch)
        test_docs.execute(page)
        os.chdir(test_docs.ROOT)
    return found


if __name__ == '__main__':
    main(sys.argv[1:])
