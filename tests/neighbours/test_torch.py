"""PyTorch inspects and compiles functions: graphs may break, results not.

It is no part of the extra `neighbours`: with its libraries it takes gigabytes.
"""

import textwrap

import pytest

pytestmark = pytest.mark.hardware

HEAD = """
import torch
from microbench import MicroBench
bench = MicroBench('records.jsonl')
x = torch.arange(4.)
compiled = torch.compile(backend='eager')
"""


@pytest.fixture
def torched(same):
    """Run a program that has a bench and a tensor already."""
    pytest.importorskip('torch')

    def run(text):
        ran = same(HEAD + textwrap.dedent(text), flags=['-W', 'ignore'])
        assert ran.status == 0, ran.err
        return ran, [record['call']['name'] for record in ran.records]

    return run


def test_a_phase_in_what_is_compiled(torched):
    """A phase breaks the graph; inside a record, it is recorded."""
    ran, names = torched("""
        def phased(x):
            y = x * 2
            with bench.time('phase'):
                y = y.sin()
            return y + 1

        function = compiled(phased)
        print(torch.equal(function(x), (x * 2).sin() + 1))
        with bench.record('block'):
            print(torch.equal(function(x), (x * 2).sin() + 1))
    """)
    assert names == ['block']
    timings = ran.records[0]['call']['timings']
    assert [timing['name'] for timing in timings] == ['phase']


def test_a_decorated_function_is_compiled(torched):
    """`@bench` works above, below and within compiled functions."""
    _, names = torched("""
        @compiled
        @bench
        def below(x):
            return x.sin() * 2

        @bench
        @compiled
        def above(x):
            return x.cos()

        @bench
        def helper(x, *, by=1):
            return x + by

        @compiled
        def calls(x):
            return helper(x * 2, by=3) * 2

        print(below(x).tolist(), above(x).tolist(), calls(x).tolist())
    """)
    assert names == ['below', 'above', 'helper']


def test_modules(torched):
    """Decorated `forward` and methods keep their object, compiled and traced."""
    _, names = torched("""
        class Module(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.factor = 3

            @bench
            def helper(self, x):
                return x + 1

            @bench
            def forward(self, x):
                return self.helper(x) * self.factor

        class Outer(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.inner = Module()

            def forward(self, x):
                return self.inner(x) + 1

        print(torch.compile(Module(), backend='eager')(x).tolist())
        print(torch.compile(Outer(), backend='eager')(x).tolist())
        traced = torch.fx.symbolic_trace(Module())
        print(traced(x).tolist(), traced.code)
        print(torch.jit.trace(Module(), x)(x).tolist())
        print(torch.func.vmap(Module())(x).tolist())
        print(torch.export.export(Module(), (x,)).module()(x).tolist())
    """)
    assert set(names) == {'helper', 'forward'}


def test_scripted(torched):
    """TorchScript compiles the source of the function below."""
    torched("""
        @bench
        def twice(x: torch.Tensor, n: int = 2) -> torch.Tensor:
            return x * n

        print(torch.jit.script(twice)(x).tolist())
    """)
