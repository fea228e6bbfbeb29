"""A PostgreSQL server, a child of this process, in a temporary folder."""

import os
import shutil
import signal
import subprocess
import tempfile
import threading
from pathlib import Path

USER = 'postgres' if os.geteuid() == 0 else None  # the server does not run as root
FOUND = sorted(Path('/usr/lib/postgresql').glob('*/bin/initdb'))
PROGRAMS = FOUND[-1].parent if FOUND else None
READY = b'ready to accept connections'


class PostgresServer:
    """A server that listens at a socket in a folder of its own."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix='mb-pg-', dir='/tmp')
        if USER:
            shutil.chown(self.folder, USER)
        self.data = f'{self.folder}/data'
        self.dsn = f'host={self.folder} dbname=postgres user=lab'
        words = [
            '-D',
            self.data,
            '-U',
            'lab',
            '-A',
            'trust',
            '-N',
            '-E',
            'UTF8',
            '--locale=C',
        ]
        subprocess.run(
            [PROGRAMS / 'initdb', *words],
            user=USER,
            cwd=self.folder,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        self.process = None
        self.start()

    def start(self):
        """Start it; after a crash, as soon as the last of the old processes is gone."""
        for _ in range(100):
            if self._starts():
                return
        raise RuntimeError('PostgreSQL does not start')

    def _starts(self):
        options = ['-k', self.folder, '-c', 'listen_addresses=', '-c', 'fsync=off']
        self.process = subprocess.Popen(
            [PROGRAMS / 'postgres', '-D', self.data, *options],
            user=USER,
            cwd=self.folder,
            stderr=subprocess.PIPE,
        )
        for line in self.process.stderr:
            if READY in line:
                drain(self.process.stderr)
                return True
        self.process.wait()
        self.process.stderr.close()
        return False

    def kill(self):
        """End it as a crash would."""
        self.process.kill()
        self.process.wait()

    def end(self):
        """End it, and remove its folder."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def drain(stream):
    """Read the log in a thread, so that the server never waits for a reader."""

    def read():
        with stream:
            for _ in stream:
                pass

    threading.Thread(target=read, daemon=True).start()
