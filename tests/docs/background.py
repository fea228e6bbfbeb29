"""Processes that the console blocks of a page put into the background."""

import subprocess

LAST = '$!'  # as a shell names its process id


class Background:
    """Starts processes, and kills those that are left in the end."""

    def __init__(self):
        self.processes = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.processes:
            process.kill()
            process.wait(60)
            process.stdout.close()

    def run(self, command):
        """Run a command of a page; return its status and standard output.

        One that ends with ` &` is left running; its output is its first line.
        """
        if command.endswith(' &'):
            return 0, self._start(command.removesuffix(' &'))
        if LAST in command:
            command = command.replace(LAST, str(self.processes[-1].pid))
        done = subprocess.run(
            command, shell=True, stdout=subprocess.PIPE, text=True, check=False
        )
        if command.startswith('kill '):
            self.processes[-1].wait(60)
        return done.returncode, done.stdout

    def _start(self, command):
        process = subprocess.Popen(
            f'exec {command}', shell=True, stdout=subprocess.PIPE, text=True
        )
        self.processes.append(process)
        return process.stdout.readline()
