"""Ray takes functions for tasks, and gives actors the methods that are functions.

It is no part of the extra `neighbours`: it starts servers and takes gigabytes of memory.
"""

import pytest

from tests.fakes import ROOT

pytestmark = pytest.mark.hardware


def test_tasks_and_actors(benched):
    """Tasks, methods and generators give what they give without microbench."""
    pytest.importorskip('ray')
    ran = benched(
        """
        import ray

        variables = {'PYTHONPATH': ROOT}
        ray.init(num_cpus=2, include_dashboard=False, logging_level='ERROR',
                 runtime_env={'env_vars': variables})

        @ray.remote
        @bench
        def work(x, y=1):
            return x + y

        @ray.remote
        class Actor:
            def __init__(self, n):
                self.n = n

            @bench
            def plain(self, k):
                return self.n + k

            @bench
            async def waits(self, k):
                return self.n * k

        @ray.remote
        @bench
        def numbers(n):
            yield from range(n)

        print(ray.get([work.remote(1), work.remote(2, y=3)]))
        actor = Actor.remote(5)
        print(ray.get([actor.plain.remote(2), actor.waits.remote(3)]))
        print([ray.get(ref) for ref in numbers.options(num_returns='streaming').remote(3)])
        try:
            work.remote(1, 2, 3)
        except TypeError as error:
            print(error)
        ray.shutdown()
        """.replace('ROOT', repr(str(ROOT)))
    )
    assert sorted(ran.names) == ['numbers', 'plain', 'waits', 'work', 'work']
