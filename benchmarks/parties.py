"""The interpreters that take part: this one, and that of the peers' environment."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from .native import ROOT
from .worker import Prepared

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from .worker import Case

WORKER = Path(__file__).with_name('worker.py')


class Party:
    """An interpreter, and where it finds what it has to measure.

    Args:
        python: the interpreter.
        path: the folder that holds the packages.
    """

    def __init__(self, python: str, path: Path) -> None:
        self.python = python
        self.path = path

    def prepare(self, case: Case) -> Callable[[], float]:
        """Run the setup of a case; return what takes one slice of it."""
        raise NotImplementedError

    def number(self, code: str) -> float:
        """Run code in a fresh bare interpreter, and return the number it prints."""
        return float(self.output(code).split()[-1])

    def output(self, code: str) -> str:
        """Run code in a fresh bare interpreter, and return what it prints."""
        code = f'import sys; sys.path.insert(0, {str(self.path)!r})\n{code}'
        command = [self.python, '-I', '-S', '-c', code]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError((done.stderr.splitlines() or ['no message'])[-1])
        return done.stdout

    def compile_package(self) -> None:
        """Write the bytecode of microbench, as an installer does.

        Otherwise a command compiles its sources each time where PYTHONDONTWRITEBYTECODE is
        set.
        """
        command = [self.python, '-m', 'compileall', '-q', str(self.path / 'microbench')]
        subprocess.run(command, check=True)

    def wall_ns(self, *arguments: str) -> float:
        """Return the time from starting the interpreter to its end."""
        return wall_ns(self.python, *arguments)

    def close(self) -> None:
        """Let go of whatever is running."""


def wall_ns(*command: str, stderr: int | None = None) -> float:
    """Return the time from starting a program to its end."""
    begin = time.perf_counter_ns()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=stderr, check=True, cwd=ROOT)
    return time.perf_counter_ns() - begin


class Here(Party):
    """This process.

    Args:
        names: names for the sources of the cases.
    """

    def __init__(self, names: dict[str, Any]) -> None:
        super().__init__(sys.executable, ROOT)
        self._names = names

    def prepare(self, case: Case) -> Callable[[], float]:
        """Run the setup here."""
        return Prepared(case, self._names).sample


class Peer(Party):
    """Another interpreter, with a worker that is asked for each slice."""

    def __init__(self, python: str, path: Path) -> None:
        super().__init__(python, path)
        self._count = 0
        self._worker = subprocess.Popen(
            [python, '-I', str(WORKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def prepare(self, case: Case) -> Callable[[], float]:
        """Run the setup there; RuntimeError with the reason if it fails."""
        name = f'case {self._count}'
        self._count += 1
        self._ask('prepare', name, vars(case))
        return lambda: float(self._ask('slice', name)['ns'])

    def _ask(self, *request: Any) -> dict[str, Any]:
        worker = self._worker
        assert worker.stdin is not None
        assert worker.stdout is not None
        print(json.dumps(request), file=worker.stdin, flush=True)
        line = worker.stdout.readline()
        answer: dict[str, Any] = json.loads(line) if line else {'error': 'it has died'}
        if 'error' in answer:
            raise RuntimeError(answer['error'])
        return answer

    def close(self) -> None:
        """End the worker."""
        self._worker.communicate()
