"""The tools, one function each: it packs, and runs what it has packed."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from typing import TYPE_CHECKING

from .programs import COMMAND, PROGRAM, Failure, expect, judge_command, judge_program, run

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TIMEIT = ('timeit', '--min-time', '0.01', '--max-time', '0.05', '1 + 1')


class Place:
    """A folder to pack in.

    Args:
        folder: it is empty.
        env: an environment with the wheel and the packers.
        wheel: the wheel.
    """

    def __init__(self, folder: Path, env: Path, wheel: Path) -> None:
        self.folder = folder
        self.python = env / 'bin' / 'python'
        self.wheel = wheel
        self.program = folder / 'app.py'
        self.command = folder / 'command.py'
        self.program.write_text(PROGRAM)
        self.command.write_text(COMMAND)

    def tool(self, *words: str | Path) -> str:
        """Run a tool of the environment.

        Raises:
            Failure: it failed.
        """
        done = subprocess.run(
            [self.python, *map(str, words)],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Failure(f'{words}: {(done.stdout + done.stderr)[-2000:]}')
        return done.stdout


def pyinstaller_folder(place: Place) -> None:
    """PyInstaller, one folder: the program and the command."""
    for path, judge in (
        (place.program, judge_program),
        (place.command, judge_command),
    ):
        place.tool('-m', 'PyInstaller', '--onedir', '--log-level=ERROR', path)
        judge(place.folder, place.folder / 'dist' / path.stem / path.stem)


def pyinstaller_file(place: Place) -> None:
    """PyInstaller, one file: the program."""
    place.tool('-m', 'PyInstaller', '--onefile', '--log-level=ERROR', place.program)
    judge_program(place.folder, place.folder / 'dist' / 'app')


def pyinstaller_leaves_out(place: Place) -> None:
    """PyInstaller, beside pytest: the hook leaves pytest and its plugin out."""
    place.tool('-m', 'PyInstaller', '--onedir', '--log-level=ERROR', place.program)
    listed = place.folder.joinpath('build', 'app', 'PYZ-00.toc').read_text()
    expect([name for name in ('pytest_plugin', '_pytest') if f'{name}' in listed], [])
    expect('microbench.cli.view.show' in listed, True)


def nuitka(place: Place) -> None:
    """Nuitka, a compiled program that imports microbench from the environment."""
    words = ('-m', 'nuitka', '--quiet', '--assume-yes-for-downloads', '--nofollow-imports')
    place.tool(*words, '--output-filename=app.bin', place.program)
    path = f'PYTHONPATH={site_packages(place)}'
    judge_program(place.folder, 'env', path, place.folder / 'app.bin')


def shiv(place: Place) -> None:
    """Shiv: the command, and the program by the interpreter in the archive."""
    place.tool('-m', 'shiv', '-q', '-c', 'microbench', '-o', 'command.pyz', place.wheel)
    judge_command(place.folder, place.python.resolve(), 'command.pyz')
    run(place.folder, place.python.resolve(), 'command.pyz', *TIMEIT)
    place.tool('-m', 'shiv', '-q', '-o', 'python.pyz', place.wheel)
    judge_program(place.folder, place.python.resolve(), 'python.pyz', place.program)


def pex(place: Place) -> None:
    """Pex: the command, and the program by the interpreter in the archive."""
    place.tool('-m', 'pex', place.wheel, '-c', 'microbench', '-o', 'command.pex')
    judge_command(place.folder, place.python.resolve(), 'command.pex')
    run(place.folder, place.python.resolve(), 'command.pex', *TIMEIT)
    place.tool('-m', 'pex', place.wheel, '-o', 'python.pex')
    judge_program(place.folder, place.python.resolve(), 'python.pex', place.program)


def zipapp(place: Place) -> None:
    """Zipapp: refused, in one sentence."""
    inside = place.folder / 'inside'
    zipfile.ZipFile(place.wheel).extractall(inside)
    place.tool('-m', 'zipapp', inside, '-m', 'microbench.start:console', '-o', 'app.pyz')
    words = [place.python.resolve(), 'app.pyz', '--', 'true']
    done = subprocess.run(
        words, cwd=place.folder, capture_output=True, text=True, check=False
    )
    expect(done.returncode, 1)
    expect(done.stderr.count('\n'), 1)
    expect('unpack it, or pack the program with shiv or pex' in done.stderr, True)


def without_docstrings(place: Place) -> None:
    """`python -OO`: the program and the command."""
    # An assert does nothing there; the records are what is looked at.
    judge_program(place.folder, place.python, '-OO', place.program)
    judge_command(place.folder, place.python, '-OO', '-m', 'microbench')


READ_ONLY = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@"'


def read_only(place: Place) -> None:
    """Site-packages that cannot be written, without compiled bytecode."""
    packages = site_packages(place)
    for cache in packages.joinpath('microbench').rglob('__pycache__'):
        shutil.rmtree(cache)
    before = ['unshare', '-m', 'sh', '-c', READ_ONLY, 'sh', packages]
    judge_program(place.folder, *before, place.python, place.program)
    expect(list(packages.joinpath('microbench').rglob('__pycache__')), [])


def no_name(place: Place) -> None:
    """No home directory, and a user id without a name."""
    before = ['unshare', '--map-user=54321', 'env', '-u', 'HOME']
    who = run(place.folder, *before, place.python, '-c', 'import os; print(os.getuid())')
    expect(who, '54321\n')
    judge_program(place.folder, *before, place.python, place.program)


def site_packages(place: Place) -> Path:
    """Return the folder of packages of the environment."""
    [found] = place.python.parents[1].glob('lib/python*/site-packages')
    return found


PACKERS: dict[str, Callable[[Place], None]] = {
    'pyinstaller-folder': pyinstaller_folder,
    'pyinstaller-file': pyinstaller_file,
    'pyinstaller-leaves-out': pyinstaller_leaves_out,
    'nuitka': nuitka,
    'shiv': shiv,
    'pex': pex,
    'zipapp': zipapp,
    'python-OO': without_docstrings,
    'read-only': read_only,
    'no-name': no_name,
}
