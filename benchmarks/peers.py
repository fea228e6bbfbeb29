"""Other timing libraries: how they are installed, and their nearest match to each case.

Only documented features are used. microbench 2.1.0 runs the cases of this version as they
are, wherever it has the features that they use.
"""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

from .native import ROOT
from .parties import Peer
from .rows import PREDECESSOR
from .worker import Case

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ENVIRONMENT = ROOT / 'build' / 'peers-venv'

REQUIREMENTS = {
    PREDECESSOR: 'microbench==2.1.0',
    'codetiming': 'codetiming',
    'contexttimer': 'contexttimer',
    'opentelemetry': 'opentelemetry-sdk',
    'nvtx': 'nvtx',
}

IMPORTS = {
    PREDECESSOR: 'import microbench',
    'codetiming': 'import codetiming',
    'contexttimer': 'import contexttimer',
    'opentelemetry': 'import opentelemetry.sdk.trace',
    'nvtx': 'import nvtx',
}

TRACER = """
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.export import SpanExportResult

class Null(SpanExporter):
    def export(self, spans):
        return SpanExportResult.SUCCESS

provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(Null()))
tracer = provider.get_tracer('benchmarks')
"""

SILENT = """
import logging
silent = logging.getLogger('benchmarks')
silent.setLevel(logging.CRITICAL)
"""

# By peer and by the name of our case.
NEAREST = {
    'codetiming': {
        'phase': Case(
            "with Timer('phase', logger=None): pass", 'from codetiming import Timer'
        ),
        'call': Case(
            'work()',
            "from codetiming import Timer\n@Timer('work', logger=None)\ndef work(): pass",
        ),
    },
    'contexttimer': {
        'phase': Case('with Timer(): pass', 'from contexttimer import Timer'),
        'call': Case(
            'work()',
            f'{SILENT}from contexttimer import timer\n'
            '@timer(logger=silent)\ndef work(): pass',
        ),
    },
    'opentelemetry': {
        'phase': Case(
            "with tracer.start_as_current_span('phase'): pass",
            TRACER,
            before="parent = tracer.start_as_current_span('record'); parent.__enter__()",
            after='parent.__exit__(None, None, None)',
        ),
        'call': Case(
            'work()', f"{TRACER}@tracer.start_as_current_span('work')\ndef work(): pass"
        ),
    },
    'nvtx': {
        'phase': Case("with nvtx.annotate('phase'): pass", 'import nvtx'),
        'call': Case('work()', "import nvtx\n@nvtx.annotate('work')\ndef work(): pass"),
    },
}


def nearest(peer: str, cases: Mapping[str, Case]) -> dict[str, Case]:
    """Return what the peer does in place of our cases, as far as it has anything."""
    if peer == PREDECESSOR:
        return {n: case for n, case in cases.items() if 'floor' not in case.statement}
    theirs = NEAREST[peer]
    return {name: theirs[name] for name in cases if name in theirs}


def installed() -> tuple[dict[str, Peer], dict[str, str]]:
    """Return the peers by name; and for each name why it is missing, or ''."""
    python = ENVIRONMENT / 'bin' / 'python'
    try:
        subprocess.run([sys.executable, '-m', 'venv', str(ENVIRONMENT)], check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        return {}, dict.fromkeys(REQUIREMENTS, f'no environment: {error}')
    reasons = {name: _install(python, what) for name, what in REQUIREMENTS.items()}
    path = _site_packages(python)
    present = [name for name, reason in reasons.items() if not reason]
    return {name: Peer(str(python), path) for name in present}, reasons


def _install(python: Path, requirement: str) -> str:
    """Install a package; return why it could not be, or ''."""
    pip = [
        str(python),
        '-m',
        'pip',
        '--disable-pip-version-check',
        '--quiet',
        'install',
    ]
    done = subprocess.run([*pip, requirement], capture_output=True, text=True, check=False)
    if not done.returncode:
        return ''
    return (done.stderr.splitlines() or ['pip says nothing'])[-1]


def _site_packages(python: Path) -> Path:
    ask = 'import sysconfig; print(sysconfig.get_paths()["purelib"])'
    done = subprocess.run(
        [str(python), '-c', ask], capture_output=True, text=True, check=True
    )
    return type(python)(done.stdout.strip())
