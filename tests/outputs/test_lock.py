"""The lock of a sink, across threads and forks."""

import threading

from microbench.outputs.base import Lock
from tests.fakes import printed

FORK = """
import os, signal, threading
from microbench import FileOutput

class Slow:
    lines = []
    def __init__(self):
        self.inside, self.go = threading.Event(), threading.Event()
    def write(self, text):
        if threading.current_thread() is not threading.main_thread():
            self.inside.set()
            self.go.wait()
        self.lines.append(text)

file = Slow()
out = FileOutput(file)
thread = threading.Thread(target=out.write, args=('parent',))
thread.start()
file.inside.wait()  # the thread is in write(), and holds the lock of the sink
child = os.fork()
if child == 0:
    signal.alarm(30)
    out.write('child')
    os._exit(file.lines != ['child\\n'])
_, status = os.waitpid(child, 0)
file.go.set()
thread.join()
print(status, file.lines)
"""


def test_fork_while_a_thread_holds_the_lock():
    """The child of a fork writes, although no thread there gives the lock back."""
    silent = ('-W', 'ignore::DeprecationWarning')  # 3.12: about fork with threads
    assert printed(FORK, flags=silent) == "0 ['parent\\n']\n"


def test_one_thread_at_a_time():
    """Four threads add to a number under the lock, and no addition is lost."""
    lock, together, total = Lock(), threading.Barrier(4), [0]

    def add():
        together.wait(timeout=60)
        for _ in range(2000):
            with lock:
                before = total[0]
                total[0] = before + 1

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert total == [8000]


def test_an_exception_gives_it_back():
    """What fails under the lock leaves it free, and comes out."""
    lock = Lock()
    for _ in range(2):
        try:
            with lock:
                raise KeyError
        except KeyError:
            pass
    with lock:
        pass
