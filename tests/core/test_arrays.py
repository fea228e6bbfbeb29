"""Arrays, frames and tensors in summaries: what they say of themselves."""

import array
import json
from unittest import mock

import pytest

from microbench import MBFunctionCall, MBReturnValue, MicroBench
from microbench.encoding.arrays import Array, is_array
from microbench.encoding.large import summary_of, type_name
from microbench.encoding.limits import Limits
from tests.fakes import only


class Both(MicroBench, MBFunctionCall, MBReturnValue):
    """A bench that keeps arguments and the return value."""


def recorded(value, **options):
    """Return a value as an argument in a record; it is the same as result and as field."""
    bench = Both(field=value, **options)
    bench(lambda value: value)(value)
    record = only(bench.get_results())
    assert record['call']['args'] == [record['field']]
    assert record['call']['return_value'] == record['field']
    return record['field']


def of_array(kind, shape, dtype, size):
    """Return the summary of an array."""
    members = {'shape': shape, 'dtype': dtype, 'bytes': size}
    return {'summarized': True, 'type': kind, **members}


# --- real ones ------------------------------------------------------------------------


def test_arrays_of_numpy():
    """Large arrays of any type of elements are summarized, small ones are lists."""
    np = pytest.importorskip('numpy')
    kind = 'numpy.ndarray'
    assert recorded(np.zeros((300, 300))) == of_array(kind, [300, 300], 'float64', 720_000)
    fortran = np.zeros((300, 200), order='F')[::2]
    assert recorded(fortran) == of_array(kind, [150, 200], 'float64', 240_000)
    fields = np.zeros(1000, [('x', 'f8'), ('y', 'i4')])
    dtype = "[('x', '<f8'), ('y', '<i4')]"
    assert recorded(fields) == of_array(kind, [1000], dtype, 12_000)
    times = np.zeros(9000, 'M8[s]')
    assert recorded(times) == of_array(kind, [9000], 'datetime64[s]', 72_000)
    objects = np.full(9000, None, object)
    assert recorded(objects) == of_array(kind, [9000], 'object', objects.nbytes)
    assert recorded(np.arange(5)) == [0, 1, 2, 3, 4]
    assert recorded(np.zeros((0, 5))) == []
    assert recorded(np.array(1.5)) == 1.5
    assert recorded(np.float32(1.5)) == 1.5


def test_the_text_decides_for_arrays_of_numpy():
    """The limit is about the JSON of an array, not about its bytes in memory."""
    np = pytest.importorskip('numpy')
    for value in (np.arange(1000), np.arange(0, 2000, 2)):
        text = json.dumps(value.tolist(), separators=(',', ':'))
        whole = len(text) <= 4096
        expected = (
            value.tolist() if whole else of_array('numpy.ndarray', [1000], 'int64', 8000)
        )
        assert recorded(value) == expected


def test_objects_in_arrays():
    """A large object in an array is summarized within the list."""
    np = pytest.importorskip('numpy')
    found = recorded(np.array([None, 'x' * 9000, 1], dtype=object))
    assert (found[0], found[1]['length'], found[2]) == (None, 9000, 1)


def test_no_element_is_read_of_a_large_array():
    """Neither tolist() nor a copy is made to find out that an array is large."""
    np = pytest.importorskip('numpy')

    class Watched(np.ndarray):
        def tolist(self):
            raise AssertionError('it is read')

        __array__ = tobytes = tolist

    found = recorded(np.zeros(10**7).view(Watched))
    assert (found['shape'], found['bytes']) == ([10**7], 8 * 10**7)


def test_digests_of_numpy():
    """Equal arrays have equal digests, however they lie in memory; objects have none."""
    np = pytest.importorskip('numpy')

    def digest(value):
        return summary_of(value, digests=True).get('digest')

    rows = np.arange(10_000).reshape(100, 100)
    assert digest(rows) == digest(np.asfortranarray(rows)) != digest(rows.T)
    assert digest(rows.astype('M8[s]')) == digest(rows)
    assert digest(rows.astype(object)) is None


def test_frames_of_pandas():
    """Frames and series have shape, types and bytes."""
    pd = pytest.importorskip('pandas')
    frame = pd.DataFrame({'a': range(1000), 'b': [0.5] * 1000, 'nbytes': [1] * 1000})
    size = int(frame.memory_usage().sum())
    expected = of_array('pandas.DataFrame', [1000, 3], 'int64, float64', size)
    assert recorded(frame) == expected
    assert recorded(frame['a']) == of_array('pandas.Series', [1000], 'int64', 8000)


def test_frames_of_polars():
    """Frames and series of Polars have them too."""
    pl = pytest.importorskip('polars')
    frame = pl.DataFrame({'a': range(1000), 'b': [0.5] * 1000})
    found = of_array('polars.DataFrame', [1000, 2], 'Int64, Float64', 16_000)
    assert recorded(frame) == found
    assert recorded(frame['a']) == of_array('polars.Series', [1000], 'Int64', 8000)


def test_tables_of_pyarrow():
    """Tables, batches, chunked arrays and arrays of PyArrow have them too."""
    pa = pytest.importorskip('pyarrow')
    table = pa.table({'a': range(1000), 'b': [0.5] * 1000})
    found = of_array('pyarrow.Table', [1000, 2], 'int64, double', 16_000)
    assert recorded(table) == found
    assert recorded(table['a']) == of_array('pyarrow.ChunkedArray', [1000], 'int64', 8000)
    column = table['a'].chunk(0)
    assert recorded(column) == of_array('pyarrow.Int64Array', [1000], 'int64', 8000)


# --- stand-ins for libraries that are not here ----------------------------------------


class Size(tuple):
    """A shape of a class of its own, as of torch."""

    __slots__ = ()


class OnDevice:
    """A tensor on a device: it must not be read."""

    shape = Size((1000, 1000))
    dtype = 'torch.float32'

    def element_size(self):
        return 4

    def numel(self):
        return 10**6

    def _read(self, *_args):
        raise AssertionError('it is copied to the host')

    __array__ = __iter__ = __getitem__ = __len__ = __float__ = tolist = numpy = cpu = _read


class Part:
    """A part of a sparse matrix."""

    def __init__(self, nbytes):
        self.nbytes = nbytes


class Sparse:
    """A sparse matrix with few elements in a large shape."""

    dtype = 'float64'

    def __init__(self, count):
        self.shape = (10**6, 10**6)
        self.nnz = count
        self.data, self.indices, self.indptr = Part(8 * count), Part(4 * count), Part(400)


class ByInterface:
    """An array that only has the interface of numpy."""

    __array_interface__ = {'shape': (5000,), 'typestr': '<f4', 'version': 3}


class OnGPU:
    """An array that only has the interface of CUDA."""

    __cuda_array_interface__ = {'shape': (50, 100), 'typestr': '<f8', 'version': 3}


@pytest.mark.parametrize(
    ('value', 'members'),
    [
        (OnDevice(), {'shape': [1000, 1000], 'dtype': 'torch.float32', 'bytes': 4_000_000}),
        (Sparse(1000), {'shape': [10**6, 10**6], 'dtype': 'float64', 'bytes': 12_400}),
        (ByInterface(), {'shape': [5000], 'dtype': '<f4'}),
        (OnGPU(), {'shape': [50, 100], 'dtype': '<f8'}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_by_protocol(value, members):
    """An array is known by its attributes; nothing is imported, no element read."""
    found = recorded(value)
    assert found == {'summarized': True, 'type': type_name(type(value)), **members}


@pytest.mark.parametrize('value', [OnDevice(), OnGPU()])
def test_no_digest_of_what_is_elsewhere(value):
    """For a digest, too, nothing is copied to the host."""
    assert 'digest' not in summary_of(value, digests=True)


def test_a_sparse_matrix_of_few_elements_is_small():
    """What counts is what it stores, not its shape; it is encoded as ever."""
    value = Sparse(10)
    assert Limits().summarized([value, 'x']) == [value, 'x']


# --- objects that lie, or raise -------------------------------------------------------


def raising(*_args):
    """Raise an exception."""
    raise RuntimeError('mine')


class Raises:
    """An array each of whose attributes raises."""

    shape = dtype = nbytes = property(raising)
    __len__ = raising


class Lies:
    """An array whose attributes are of wrong types."""

    shape = ('a', -1)
    nbytes = -5
    dtype = property(lambda _: Raises())


class Deep:
    """An array of too many axes."""

    shape = (1,) * 5000
    nbytes = 5000


class Wordy:
    """An array whose type has a name without end."""

    shape = (5000,)
    dtype = 'x' * 10**6


@pytest.mark.parametrize('value', [Raises(), Lies()])
def test_nothing_known_is_nothing_said(value):
    """An object that tells nothing is left to the encoder."""
    about = Array(value)
    assert (about.shape, about.size) == (None, None)
    assert Limits().summarized([value])[0] is value


def test_what_is_wrong_is_left_out():
    """A summary has what makes sense, and stays small."""
    deep, wordy = summary_of(Deep()), summary_of(Wordy())
    assert deep == {'summarized': True, 'type': f'{__name__}.Deep', 'bytes': 5000}
    assert (wordy['shape'], len(wordy['dtype'])) == ([5000], 201)


@pytest.mark.parametrize('value', [mock.MagicMock(), mock.Mock(), object(), 5, {}, 'x'])
def test_what_is_no_array(value):
    """A mock has any attribute when asked; numbers, texts and dicts are none either."""
    assert not is_array(value)


def test_any_object_with_a_shape():
    """An attribute of the object itself counts as well as one of its class."""

    class Tensor:
        def __init__(self):
            self.shape, self.dtype, self.nbytes = (3, 4), 'int8', 12

    assert is_array(Tensor())
    about = Array(Tensor())
    assert (about.shape, about.dtype, about.size, about.elements) == (
        [3, 4],
        'int8',
        12,
        12,
    )


def test_names_of_types():
    """The shortest module that has the class is named."""
    assert type_name(dict) == 'dict'
    assert type_name(array.array) == 'array.array'
    assert type_name(json.JSONEncoder) == 'json.JSONEncoder'
    assert type_name(MBFunctionCall) == 'microbench.MBFunctionCall'
