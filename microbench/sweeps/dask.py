"""Record all tasks that the workers of a Dask cluster run.

    client.register_plugin(RecordTasks('results.jsonl'))

The worker measures each task itself; this plugin makes a record of what it has measured,
and writes it where the worker runs. It needs the package distributed.
"""

from __future__ import annotations

from ast import literal_eval
from datetime import datetime, timezone
from io import StringIO

from dask.utils import key_split
from distributed import WorkerPlugin

from ..bench import MicroBench
from ..json_library import loads
from ..outputs.file import FileOutput
from .keeping import Keeper

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    Record = dict[str, Any]

RUNNING, ENDED = ('executing', 'long-running'), ('memory', 'error')
# What a block has of its own thread, which is not that of the task.
OF_BLOCKS = ('resource_usage', 'stability')
OF_CALLS = ('run_delay', 'load_average')


class RecordTasks(WorkerPlugin):
    """Plugin of Dask workers: a record for each task.

    `call.name` is what Dask shows for the kind of task, and `call.durations` has its time
    in the worker. `dask` has `key`, `worker` (its address), `worker_name`, and `nbytes` of
    the result.

    Args:
        output: path of a file that workers can write to, or a sink that can be pickled.
        bench: class of benches, or a callable that takes `outputs` and returns one.

    Raises:
        TypeError: `output` is neither.
    """

    name = 'microbench'

    def __init__(self, output: Any, bench: Callable[..., Any] = MicroBench) -> None:
        Keeper(output)  # raises, and warns, where it is made
        self.output, self.make = output, bench

    def __getstate__(self) -> dict[str, Any]:
        return {'output': self.output, 'make': self.make}

    def setup(self, worker: Any) -> None:
        """Begin, in a worker.

        Args:
            worker: the worker.
        """
        self._worker = worker
        self._keeper = Keeper(self.output)
        self._memory = StringIO()
        self._bench = self.make(outputs=[FileOutput(self._memory)])

    def teardown(self, worker: Any) -> None:
        """End: write what waits.

        Args:
            worker: the worker.
        """
        self._keeper.flush()

    def transition(self, key: Any, start: str, finish: str, **kwargs: Any) -> None:
        """Write a record when a task has run.

        Args:
            key: of the task.
            start: its state before.
            finish: its state now.
            **kwargs: ignored.
        """
        if start in RUNNING and finish in ENDED:
            task = self._worker.state.tasks.get(key)
            spans = [s for s in getattr(task, 'startstops', ()) if s['action'] == 'compute']
            if spans:
                self._write(key, task, spans[-1])

    def _write(self, key: Any, task: Any, span: dict[str, Any]) -> None:
        record = self._record(key_split(key))
        if record is None:
            return
        call = record['call']
        call['durations'] = [span['stop'] - span['start']]
        call['start_time'], call['finish_time'] = (
            datetime.fromtimestamp(span[end], timezone.utc).isoformat(
                timespec='microseconds'
            )
            for end in ('start', 'stop')
        )
        record['dask'] = {
            'key': str(key),
            'worker': self._worker.address,
            'worker_name': str(self._worker.name),
        }
        if task.nbytes is not None:
            record['dask']['nbytes'] = task.nbytes
        if task.state == 'error':
            record['exception'] = _exception(task)
        self._keeper.keep(self._bench.to_json(record))

    def _record(self, name: str) -> Record | None:
        """Return the record of an empty block: with the surroundings, and an id."""
        with self._bench.record(name):
            pass
        text = self._memory.getvalue()
        self._memory.seek(0)
        self._memory.truncate()
        if not text:
            return None  # MICROBENCH=off
        record: Record = loads(text.encode('ascii'))
        for field in OF_BLOCKS:
            record.pop(field, None)
        for field in OF_CALLS:
            record['call'].pop(field, None)
        if isinstance(record.get('process'), dict):
            record['process'].pop('thread', None)
        return record


def _exception(task: Any) -> dict[str, str]:
    """Return type and message of what a task has raised: Dask has its `repr`."""
    kind, _, rest = str(task.exception_text).partition('(')
    message = rest.removesuffix(')')
    try:
        message = str(literal_eval(message))
    except (SyntaxError, ValueError):  # several arguments, or none, or an object
        pass
    return {'type': kind, 'message': message}
