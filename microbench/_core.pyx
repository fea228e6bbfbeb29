# cython: language_level=3, boundscheck=False, wraparound=False
"""The native interface: all that Python sees of csrc/. _core.pyi documents it."""

from cpython.object cimport PyObject
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.mem cimport PyMem_Calloc, PyMem_Free, PyMem_Malloc
from cpython.exc cimport PyErr_CheckSignals
from libc.errno cimport EAGAIN, EINTR, errno
from libc.stdint cimport int32_t, int64_t, uint32_t, uint64_t
from libc.string cimport memset

cimport microbench._csrc as c

import _datetime
import os
import sys

# The collector does not see this reference, so the module outlasts the records that are
# finished when the interpreter ends: CPython 3.14 imports it anew in astimezone() if it is gone.
cdef object _lasting = _datetime


# --- set-up: nothing here outlives a failed import ---------------------------------

def _start():
    is_gil_enabled = getattr(sys, '_is_gil_enabled', None)  # from CPython 3.13 on
    if is_gil_enabled is not None and not is_gil_enabled():
        # By default, a free-threaded build turns the GIL on for this import.
        raise ImportError('microbench needs the GIL: run Python without PYTHON_GIL=0 or -X gil=0')
    error = c.mb_fork_watch() or c.mb_identity_start()
    if error:
        raise OSError(error, os.strerror(error))

_start()

_types = c.py_module_new()
cdef c.py_state *state = c.py_state_of(_types)

OpenRun = <object>state.run_type
Timed = <object>state.timed_type
FlatNames = <object>state.flat_type
Decoder = <object>state.decoder_type
Recorder = <object>state.recorder_type
Sampler = <object>state.sampler_type
Finder = <object>state.finder_type
Block = <object>state.block_type
Captures = <object>state.captures_type
Sources = <object>state.sources_type

RUN_ID = c.mb_identity_run_id().decode('ascii')
MASK = '***'

# --- the wrappers, one file a subject ------------------------------------------------

include "_wrappers/system.pxi"
include "_wrappers/runs.pxi"
include "_wrappers/counters.pxi"
include "_wrappers/text.pxi"
include "_wrappers/exits.pxi"
include "_wrappers/journal.pxi"
include "_wrappers/images.pxi"
include "_wrappers/files.pxi"
include "_wrappers/batches.pxi"
include "_wrappers/programs.pxi"
include "_wrappers/rows.pxi"
