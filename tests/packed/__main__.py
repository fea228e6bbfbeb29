"""Run the packers, and print a line for each: `python -m tests.packed [NAME ...]`."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import time
import venv
from pathlib import Path

from .packers import PACKERS, Place
from .programs import Failure

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / 'build' / 'packed'


def main() -> int:
    """Run what the words name; return 1 if anything failed."""
    asked = parsed()
    wheel = asked.wheel.absolute() if asked.wheel else built()
    env = environment(wheel)
    failed = [name for name in asked.name or PACKERS if not is_right(name, env, wheel)]
    return int(bool(failed))


def parsed() -> argparse.Namespace:
    """Return the words of the command line."""
    parser = argparse.ArgumentParser(prog='python -m tests.packed', description=__doc__)
    parser.add_argument('name', nargs='*', help=f'of {", ".join(PACKERS)}; by default all')
    parser.add_argument('--wheel', type=Path, help='a wheel; by default it is built')
    return parser.parse_args()


def built() -> Path:
    """Build the wheel."""
    folder = FOLDER / 'wheel'
    shutil.rmtree(folder, ignore_errors=True)
    words = ('-m', 'build', '--wheel', '--no-isolation', '--outdir', folder, ROOT)
    subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)
    [wheel] = folder.glob('*.whl')
    return wheel


def environment(wheel: Path) -> Path:
    """Make an environment with the wheel, the packers, and pytest, which must stay out."""
    env = FOLDER / 'env'
    if not env.joinpath('bin', 'python').exists():
        venv.create(env, with_pip=True)
    pip = [env / 'bin' / 'python', '-m', 'pip', '-q', '--disable-pip-version-check']
    needed = Path(__file__).with_name('requirements.txt')
    subprocess.run([*pip, 'install', '-r', needed, 'pytest'], check=True)
    subprocess.run([*pip, 'install', '--force-reinstall', '--no-deps', wheel], check=True)
    subprocess.run([*pip, 'install', wheel], check=True)
    return env


def is_right(name: str, env: Path, wheel: Path) -> bool:
    """Pack and run in a new folder; print a line."""
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    start = time.monotonic()
    try:
        PACKERS[name](Place(folder, env, wheel))
    except (Failure, OSError, ValueError) as error:
        report(name, f'FAILED: {error}')
        return False
    report(name, f'right, {time.monotonic() - start:.0f} s')
    return True


def report(name: str, text: str) -> None:
    """Print a line."""
    sys.stdout.write(f'{name:24}{text}\n')
    sys.stdout.flush()


if __name__ == '__main__':
    sys.exit(main())
