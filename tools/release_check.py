"""Check what a release needs: `make release-check`, or `python -m tools.release_check`.

It builds the sdist and, from it, a wheel for each interpreter. A bare environment for each
wheel writes a record and shows it. Everything is in build/release.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import zipfile
from email import message_from_bytes
from pathlib import Path
from typing import TYPE_CHECKING

from . import conda_recipe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from email.message import Message

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / 'build' / 'release'
DIST = FOLDER / 'dist'
CODE = re.compile(r'^```.*?^```$|`[^`\n]+`', re.MULTILINE | re.DOTALL)
LINKS = re.compile(r'\]\(([^()\s]+)\)|\b(?:src|srcset|href)="([^"]+)"')
RELEASE = re.compile(r'\d+\.\d+\.\d+')
SMOKE = """\
import sys
from microbench import MicroBench
bench = MicroBench('records.jsonl')
@bench
def answer():
    with bench.time('think'):
        return 42
assert answer() == 42
[record] = bench.get_results()
assert record['call']['timings'][0]['name'] == 'think', record
"""


class WrongError(Exception):
    """What is wrong, in a sentence."""


def main() -> int:
    """Run the checks that the words name, by default all; return 1 if one fails."""
    parser = argparse.ArgumentParser(prog='python -m tools.release_check')
    parser.add_argument('check', nargs='*', help=f'of {", ".join(CHECKS)}; by default all')
    parser.add_argument('--tag', help='the tag of the release, which names its version')
    parser.add_argument('--python', action='append', default=[], help='an interpreter')
    asked = parser.parse_args()
    return max([passed(name, asked) for name in asked.check or CHECKS])


def passed(name: str, asked: argparse.Namespace) -> int:
    """Run a check, and print its findings; return 1 if it fails."""
    try:
        for line in CHECKS[name](asked):
            print(f'{name + ":":12}{line}', flush=True)
    except WrongError as failure:
        print(f'{name + ":":12}FAILED: {failure}', flush=True)
        return 1
    return 0


def output_of(*words: str | Path, cwd: Path = ROOT, may_fail: bool = False) -> str:
    """Run a program; return what it prints.

    Raises:
        WrongError: its status is not 0, which it may not be.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(('MICROBENCH', 'PYTHON'))
    }
    done = subprocess.run(
        [*map(str, words)], cwd=cwd, env=kept, capture_output=True, text=True, check=False
    )
    if done.returncode and not may_fail:
        raise WrongError(f'{words}: {(done.stdout + done.stderr)[-3000:]}')
    return done.stdout + done.stderr


def version_of_package() -> str:
    """Return the version, which is written once."""
    text = ROOT.joinpath('microbench', '__init__.py').read_text('utf-8')
    return re.findall(r"^__version__ = '(.+)'$", text, re.MULTILINE)[0]


def version(asked: argparse.Namespace) -> Iterator[str]:
    """Compare the version with the tag, with CITATION.cff and with CHANGELOG.md."""
    number = version_of_package()
    if asked.tag is not None and asked.tag != f'v{number}':
        raise WrongError(f'the tag {asked.tag} is not v{number}')
    cited = ROOT.joinpath('CITATION.cff').read_text('utf-8')
    if f'\nversion: {number}\n' not in cited:
        raise WrongError(f'CITATION.cff has not the version {number}')
    if f'\n## {number} ' not in ROOT.joinpath('CHANGELOG.md').read_text('utf-8'):
        raise WrongError(f'CHANGELOG.md has no part for {number}')
    if RELEASE.fullmatch(number):
        yield from released(number, cited)
    else:
        yield f'{number}, which is not for a package index'


def released(number: str, cited: str) -> Iterator[str]:
    """Check what a release has, and a development version has not."""
    if not re.search(r'^date-released: ', cited, re.MULTILINE):
        raise WrongError('CITATION.cff has no date-released')
    waiting = [path.name for path in ROOT.glob('changelog.d/*.md')]
    if set(waiting) - {'README.md'}:
        raise WrongError('changelog.d has fragments: run make changelog')
    yield number


def sdist(_: argparse.Namespace) -> Iterator[str]:
    """Build the sdist, and check it as an index does."""
    shutil.rmtree(DIST, ignore_errors=True)
    output_of(sys.executable, '-m', 'build', '--sdist', '--outdir', DIST)
    output_of(sys.executable, '-m', 'twine', 'check', '--strict', the_sdist())
    yield f'{the_sdist().name}, {the_sdist().stat().st_size // 1000} kB'


def the_sdist() -> Path:
    """Return the sdist that was built.

    Raises:
        WrongError: there is none.
    """
    found = [*DIST.glob('*.tar.gz')]
    if not found:
        raise WrongError('there is no sdist: run the check sdist first')
    return found[0]


def wheels(asked: argparse.Namespace) -> Iterator[str]:
    """Build a wheel from the sdist for each interpreter, install it, and use it."""
    for python in asked.python or [sys.executable]:
        short = output_of(python, '-c', 'import sys; print(sys.implementation.cache_tag)')
        folder = FOLDER / short.strip()
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        wheel = built(Path(python), folder)
        output_of(sys.executable, '-m', 'twine', 'check', '--strict', wheel)
        used(installed(Path(python), folder, wheel), folder)
        yield f'{wheel.name}, {wheel.stat().st_size // 1000} kB'


def built(python: Path, folder: Path) -> Path:
    """Build the wheel as pip does: what the build needs is in an environment of its own."""
    env = folder / 'build'
    output_of(python, '-m', 'venv', env)
    pip = (env / 'bin' / 'python', '-m', 'pip', '--disable-pip-version-check', '--quiet')
    output_of(*pip, 'wheel', '--no-deps', '--wheel-dir', DIST, the_sdist())
    tag = folder.name.replace('cpython-', 'cp')
    [wheel] = DIST.glob(f'*-{tag}-*.whl')
    return wheel


def installed(python: Path, folder: Path, wheel: Path) -> Path:
    """Install the wheel into a bare environment; return the folder of its programs."""
    env = folder / 'env'
    output_of(python, '-m', 'venv', env)
    pip = (env / 'bin' / 'python', '-m', 'pip', '--disable-pip-version-check', '--quiet')
    output_of(*pip, 'install', wheel)
    return env / 'bin'


def used(programs: Path, folder: Path) -> None:
    """Write records with the library and with the command, and show them.

    Raises:
        WrongError: something is missing in what is printed, or in what is installed.
    """
    output_of(programs / 'python', '-I', '-c', SMOKE, cwd=folder)
    command = programs / 'microbench'
    output_of(command, '-o', 'records.jsonl', '--', 'true', cwd=folder)
    shown = output_of(command, 'show', 'records.jsonl', cwd=folder)
    if 'answer' not in shown or 'true' not in shown:
        raise WrongError(f'microbench show prints: {shown}')
    for path in SHARED:
        if not programs.with_name('share').joinpath(path).is_file():
            raise WrongError(f'share/{path} is not installed')


SHARED = (
    'man/man1/microbench.1',
    'bash-completion/completions/microbench.bash',
    'zsh/site-functions/_microbench',
    'fish/vendor_completions.d/microbench.fish',
)


def page(_: argparse.Namespace) -> Iterator[str]:
    """Look at the page of a package index: metadata, links and pictures."""
    for wheel in DIST.glob('*.whl'):
        [name] = [n for n in zipfile.ZipFile(wheel).namelist() if n.endswith('/METADATA')]
        metadata = message_from_bytes(zipfile.ZipFile(wheel).read(name))
        links = links_of(metadata)
        relative = [link for link in links if not link.startswith('https://')]
        if relative:
            raise WrongError(f'{wheel.name}: relative links {relative}')
        yield from missing(metadata)
        yield f'{len(links)} links and pictures, all of them absolute'
        return
    raise WrongError('there is no wheel: run the check wheels first')


def links_of(metadata: Message) -> list[str]:
    """Return what the page leads to or loads."""
    text = str(metadata.get_payload())
    return [''.join(found) for found in LINKS.findall(CODE.sub('', text))]


def missing(metadata: Message) -> Iterator[str]:
    """Yield what the page does not say; what it has to say is an error.

    Raises:
        WrongError: a member of the metadata that an index shows is not there.
    """
    for key in (
        'Summary',
        'Keywords',
        'License-Expression',
        'Requires-Python',
        'Classifier',
    ):
        if not metadata[key]:
            raise WrongError(f'the metadata has no {key}')
    if not metadata['Project-URL']:
        yield 'no Project-URL: setup.py has no REPOSITORY, so links are text, pictures too'


def shells(_: argparse.Namespace) -> Iterator[str]:
    """Check the manual page and the completions with the programs that read them."""
    folder = ROOT / 'packaging' / 'shell'
    for words, file in (
        (('man', '--warnings', '-l'), 'microbench.1'),
        (('groff', '-ww', '-man', '-Tutf8', '-z'), 'microbench.1'),
        (('mandoc', '-T', 'lint', '-W', 'warning'), 'microbench.1'),
        (('bash', '-n'), 'microbench.bash'),
        (('zsh', '-n'), '_microbench'),
        (('fish', '-n'), 'microbench.fish'),
    ):
        if not shutil.which(words[0]):
            yield f'{words[0]} is not here: {file} was not checked'
            continue
        printed = complaints(output_of(*words, folder / file, may_fail=True), words[0])
        if printed:
            raise WrongError(f'{" ".join(words)} {file}: {printed}')
        yield f'{words[0]} reads {file}'


def complaints(printed: str, program: str) -> str:
    """Return what a program says against a file; the page itself is no complaint."""
    lines = printed.splitlines()
    if program == 'man':
        lines = [line for line in lines if line.startswith(('man:', 'troff:', '<standard'))]
    return '\n'.join(line for line in lines if 'missing date' not in line)


def conda(_: argparse.Namespace) -> Iterator[str]:
    """Write the recipe for conda-forge of this sdist."""
    recipe = FOLDER / 'recipe.yaml'
    recipe.write_text(conda_recipe.recipe_of(the_sdist()), 'utf-8')
    yield str(recipe.relative_to(ROOT))


def workflows(_: argparse.Namespace) -> Iterator[str]:
    """Compare the workflows with their schema."""
    files = sorted(ROOT.glob('.github/workflows/*.yml'))
    schema = ('--builtin-schema', 'vendor.github-workflows')
    tool = Path(sys.executable).with_name('check-jsonschema')
    output_of(tool, *schema, *files)
    yield ', '.join(file.name for file in files)


CHECKS: dict[str, Callable[[argparse.Namespace], Iterator[str]]] = {
    'version': version,
    'workflows': workflows,
    'shells': shells,
    'sdist': sdist,
    'wheels': wheels,
    'page': page,
    'conda': conda,
}


if __name__ == '__main__':
    sys.exit(main())
