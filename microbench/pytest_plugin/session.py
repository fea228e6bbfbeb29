"""What the tests of a run have measured: collected, stored, compared and shown.

A measurement counts when its test has passed. A process of xdist writes it into a file of
its own at once; the controller reads these files in the end.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile

import pytest

from ..baselines.commit import checked_out
from ..bench import MicroBench
from ..core.arguments import is_switched_off
from ..encoding import json_text
from . import against, summary
from .found import Results
from .settings import limits, option, percentage

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from typing import Any

    from .fixture import Fixture

    Record = dict[str, Any]

FOLDER = 'microbench_folder'  # in what the controller gives a process of xdist
BLOCK = '<record>'  # call.name of a block without a name
LONGEST = 200  # characters of a parameter


class Session:
    """Collects the records of the tests that have passed; a plugin of pytest.

    Args:
        config: of the run.

    Attributes:
        limits: `min_time`, `max_time`, `precision`, as far as options name them.
        is_disabled: each function is called once.
        found: what the tests have measured.

    Raises:
        pytest.UsageError: an option is wrong, or there is no such baseline.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.limits = limits(config)
        self.is_disabled = bool(option(config, 'disable')) or is_switched_off()
        self.found = Results(percentage(option(config, 'fail-over')))
        self._open: dict[str, Fixture] = {}
        self._places: dict[str, int] = {}
        self._folder: str | None = None
        self._encoder = MicroBench(outputs=[])
        summary.check(config)
        is_idle = self.is_worker or self.is_disabled
        self.baseline = None if is_idle else against.baseline_for(config)

    @property
    def is_worker(self) -> bool:
        """Whether this is a process of xdist, and not its controller."""
        return hasattr(self.config, 'workerinput')

    # --- which tests run -------------------------------------------------------------

    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Leave out tests for `--microbench-only` and `--microbench-skip`."""
        only, skip = option(config, 'only'), option(config, 'skip')
        if not only and not skip:
            return
        kept: list[pytest.Item] = []
        left_out: list[pytest.Item] = []
        for item in items:
            is_asked_for = only if _measures(item) else skip
            (kept if is_asked_for else left_out).append(item)
        if left_out:
            config.hook.pytest_deselected(items=left_out)
            items[:] = kept

    # --- tests -----------------------------------------------------------------------

    def begin(self, item: pytest.Item, fixture: Fixture) -> None:
        """Expect measurements of a test."""
        self._open[item.nodeid] = fixture

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, Any, None]:
        """Keep what a test has measured, if it has passed."""
        report = (yield).get_result()
        fixture = self._open.pop(item.nodeid, None) if call.when != 'setup' else None
        if fixture is not None and call.when == 'call' and not self.is_disabled:
            self._judge(item, fixture, has_passed=report.outcome == 'passed')

    def _judge(self, item: pytest.Item, fixture: Fixture, *, has_passed: bool) -> None:
        if not has_passed:
            self.found.failed.append(item.nodeid)
            return
        found = fixture.records()
        if not found:
            self.found.unused.append(item.nodeid)
        place = self._place_of(item)
        for record in found:
            self.found.add(place, record)
            if self.is_worker:
                self._write(place, record)

    def _place_of(self, item: pytest.Item) -> int:
        """Return where a test is in the order of collection; an added one is last."""
        if not self._places:
            self._places = {one.nodeid: n for n, one in enumerate(item.session.items)}
        return self._places.get(item.nodeid, len(self._places))

    def described(self, fixture: Fixture, record: Record) -> Record:
        """Return a record of a test, with the test."""
        item, call = fixture.item, record['call']
        label = None if call['name'] == BLOCK else call['name']
        call['name'] = item.nodeid if label is None else f'{item.nodeid} {label}'
        about = {
            'nodeid': item.nodeid,
            'label': label,
            'group': fixture.group,
            'params': fixture.params and _simple(fixture.params),
            'extra_info': fixture.extra_info,
        }
        record['pytest'] = {name: value for name, value in about.items() if value}
        try:
            text = self._encoder.to_json(record)
        except (TypeError, ValueError):
            record['pytest']['extra_info'] = _simple(fixture.extra_info)
            text = self._encoder.to_json(record)
        found: Record = json.loads(text)
        return found

    # --- processes of xdist ------------------------------------------------------------

    def prepare(self, node: Any) -> None:
        """Give a process of xdist the folder for its file."""
        if self._folder is None:
            self._folder = tempfile.mkdtemp(prefix='microbench-')
        self.found.workers += 1
        node.workerinput[FOLDER] = self._folder

    def _write(self, place: int, record: Record) -> None:
        given = self.config.workerinput  # type: ignore[attr-defined]
        path = os.path.join(given[FOLDER], f'{given["workerid"]}.jsonl')
        with open(path, 'ab') as file:
            file.write(json_text.encode([place, record]) + b'\n')

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """Take from a process of xdist what is not in its file."""
        about = getattr(node, 'workeroutput', {}).get('microbench', {})
        self.found.failed += about.get('failed', ())
        self.found.unused += about.get('unused', ())

    def _gather(self) -> None:
        """Read the files of the processes of xdist."""
        if self._folder is None:
            return
        for name in sorted(os.listdir(self._folder)):
            with open(os.path.join(self._folder, name), 'rb') as file:
                for line in file:
                    if line.endswith(b'\n'):  # its process was not killed in it
                        place, record = json.loads(line)
                        self.found.add(place, record)
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder = None

    # --- the end -----------------------------------------------------------------------

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Store and compare the records; a slower test changes the exit status from 0."""
        found = self.found
        if self.is_worker:
            about = {'failed': found.failed, 'unused': found.unused}
            self.config.workeroutput['microbench'] = about  # type: ignore[attr-defined]
            return
        self._gather()
        if not self.is_disabled:
            self._store(int(exitstatus))
        if exitstatus == pytest.ExitCode.OK and (found.problems or found.is_too_slow):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _store(self, exitstatus: int) -> None:
        found, records = self.found, self.found.records
        if records:
            self._add_commit(records)
            found.problems += against.stored(self.config, records, exitstatus)
            found.comparison = against.compared(self.baseline, records)
        elif option(self.config, 'save'):
            found.problems.append('no baseline was saved: no test has measured anything')
        path = option(self.config, 'json')
        if path is not None:
            found.problems += summary.written(path, found)

    def _add_commit(self, records: list[Record]) -> None:
        names = ('output', 'save', 'compare', 'fail-over')
        if all(option(self.config, name) is None for name in names):
            return
        state = checked_out(str(self.config.rootpath))
        for record in records if state else ():
            record['git'] = state

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Show the table."""
        if self.found:
            summary.show(self.found, self.config, terminalreporter)


def _measures(item: pytest.Item) -> bool:
    return 'microbench' in getattr(item, 'fixturenames', ())


def _simple(values: dict[str, Any]) -> dict[str, Any]:
    """Return values for JSON: numbers and short texts, others as they are displayed."""
    return {str(name): _value(value) for name, value in values.items()}


def _value(value: Any) -> Any:
    if value is None or isinstance(value, (bool, int, float)):
        return value
    return (value if isinstance(value, str) else repr(value))[:LONGEST]
