#include "py/py_module.h"

#include "base/mb_stack.h"
#include "py/py_awaits.h"
#include "py/py_block.h"
#include "py/py_captures.h"
#include "py/py_decoder.h"
#include "py/py_entering.h"
#include "py/py_flat.h"
#include "py/py_headroom.h"
#include "py/py_json.h"
#include "py/py_phase.h"
#include "py/py_record_method.h"
#include "py/py_recorder.h"
#include "py/py_run.h"
#include "py/py_sampler.h"
#include "py/py_sources.h"
#include "py/py_thread_name.h"
#include "py/py_timed.h"

static int
state_traverse(PyObject *module, visitproc visit, void *arg)
{
    py_state *state = py_state_of(module);
    Py_VISIT(state->active);
    Py_VISIT(state->muted);
    Py_VISIT(state->nothing);
    Py_VISIT(state->record_in_python);
    Py_VISIT(state->current);
    Py_VISIT(state->phase_type);
    Py_VISIT(state->ready_type);
    Py_VISIT(state->run_type);
    Py_VISIT(state->timed_type);
    Py_VISIT(state->flat_type);
    Py_VISIT(state->decoder_type);
    Py_VISIT(state->datetime_type);
    Py_VISIT(state->isoformat);
    Py_VISIT(state->isoformat_words);
    Py_VISIT(state->recorder_type);
    Py_VISIT(state->captures_type);
    Py_VISIT(state->sources_type);
    Py_VISIT(state->finder_type);
    Py_VISIT(state->block_type);
    Py_VISIT(state->sampler_type);
    Py_VISIT(state->entering_type);
    Py_VISIT(state->awaits_type);
    return 0;
}

static int
state_clear(PyObject *module)
{
    py_state *state = py_state_of(module);
    Py_CLEAR(state->active);
    Py_CLEAR(state->muted);
    Py_CLEAR(state->write);
    Py_CLEAR(state->nothing);
    Py_CLEAR(state->current);
    Py_CLEAR(state->phase_type);
    Py_CLEAR(state->ready_type);
    Py_CLEAR(state->run_type);
    Py_CLEAR(state->timed_type);
    Py_CLEAR(state->flat_type);
    Py_CLEAR(state->decoder_type);
    Py_CLEAR(state->datetime_type);
    Py_CLEAR(state->isoformat);
    Py_CLEAR(state->isoformat_words);
    Py_CLEAR(state->recorder_type);
    Py_CLEAR(state->captures_type);
    Py_CLEAR(state->mb_name);
    Py_CLEAR(state->sources_type);
    Py_CLEAR(state->finder_type);
    Py_CLEAR(state->block_type);
    Py_CLEAR(state->sampler_type);
    Py_CLEAR(state->entering_type);
    Py_CLEAR(state->awaits_type);
    Py_CLEAR(state->config_name);
    Py_CLEAR(state->blocks_name);
    Py_CLEAR(state->mirror_name);
    Py_CLEAR(state->thread_attribute);
    Py_CLEAR(state->thread_key);
    Py_CLEAR(state->record_in_python);
    Py_CLEAR(state->record_name);
    return 0;
}

static void
state_free(void *module)
{
    state_clear(module);
}

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "microbench._core",
    .m_size = sizeof(py_state),
    .m_traverse = state_traverse,
    .m_clear = state_clear,
    .m_free = state_free,
};

static int
fill(PyObject *module)
{
    py_state *state = py_state_of(module);
    state->active = PyContextVar_New("microbench_run", NULL);
    state->muted = PyUnicode_InternFromString("<warm-up>");
    state->write = PyUnicode_InternFromString("write");
    if (!state->active || !state->muted || !state->write) {
        return -1;
    }
    if (py_json_ready(state) < 0 || py_flat_ready(module) < 0) {
        return -1;
    }
    if (py_decoder_ready(module) < 0) {
        return -1;
    }
    if (py_run_ready(module) < 0 || py_phase_ready(module) < 0) {
        return -1;
    }
    if (py_recorder_ready(module) < 0 || py_finder_ready(module) < 0) {
        return -1;
    }
    if (py_captures_ready(module) < 0 || py_sources_ready(module) < 0) {
        return -1;
    }
    if (py_thread_name_ready(module) < 0) {
        return -1;
    }
    if (py_block_ready(module) < 0 || py_record_method_ready(module) < 0) {
        return -1;
    }
    if (py_sampler_ready(module) < 0) {
        return -1;
    }
    if (py_entering_ready(module) < 0 || py_awaits_ready(module) < 0) {
        return -1;
    }
    return py_timed_ready(module);
}

PyObject *
py_module_new(void)
{
    mb_stack_margin = PY_HEADROOM_MARGIN;
    PyObject *module = PyModule_Create(&definition);
    if (module && fill(module) < 0) {
        Py_CLEAR(module);
    }
    return module;
}
