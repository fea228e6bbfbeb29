/* Floors: the least that CPython lets an extension do.
 *
 *     with floor.time('name'): ...    a new C object, entered and left, nothing else
 *     with floor.clock('name'): ...   the same, with a reading of the clock at each end
 *     spin(20)                        a delay of 20 ns, for planting
 *     timed_spin(20)                  the nanoseconds that C measures of such a delay
 */
#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <stdint.h>
#include <time.h>

/* --- the empty context manager ---------------------------------------------------- */

static PyObject *
nothing_enter(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    Py_INCREF(self);
    return self;
}

static PyObject *
nothing_exit(PyObject *Py_UNUSED(self), PyObject *const *Py_UNUSED(args),
             Py_ssize_t Py_UNUSED(count))
{
    Py_RETURN_NONE;
}

static PyMethodDef nothing_methods[] = {
    {"__enter__", nothing_enter, METH_NOARGS, NULL},
    {"__exit__", (PyCFunction)(void (*)(void))nothing_exit, METH_FASTCALL, NULL},
    {0},
};

static PyTypeObject nothing_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "floor.Nothing",
    .tp_basicsize = sizeof(PyObject),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_methods = nothing_methods,
};

/* --- one that reads the clock ----------------------------------------------------- */

typedef struct {
    PyObject_HEAD
    int64_t entered_ns, elapsed_ns;
} two_clocks;

static int64_t
now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static PyObject *
clock_enter(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    Py_INCREF(self);
    ((two_clocks *)self)->entered_ns = now_ns();
    return self;
}

static PyObject *
clock_exit(PyObject *self, PyObject *const *Py_UNUSED(args),
           Py_ssize_t Py_UNUSED(count))
{
    two_clocks *clock = (two_clocks *)self;
    clock->elapsed_ns = now_ns() - clock->entered_ns;
    Py_RETURN_NONE;
}

static PyMethodDef clock_methods[] = {
    {"__enter__", clock_enter, METH_NOARGS, NULL},
    {"__exit__", (PyCFunction)(void (*)(void))clock_exit, METH_FASTCALL, NULL},
    {0},
};

static PyTypeObject clock_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "floor.Clock",
    .tp_basicsize = sizeof(two_clocks),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_methods = clock_methods,
};

/* --- what makes them -------------------------------------------------------------- */

static PyObject *
floor_clock(PyObject *Py_UNUSED(self), PyObject *Py_UNUSED(name))
{
    return (PyObject *)PyObject_New(two_clocks, &clock_type);
}

static PyObject *
floor_time(PyObject *Py_UNUSED(self), PyObject *Py_UNUSED(name))
{
    return (PyObject *)PyObject_New(PyObject, &nothing_type);
}

static PyMethodDef floor_methods[] = {
    {"time", floor_time, METH_O, NULL},
    {"clock", floor_clock, METH_O, NULL},
    {0},
};

static PyTypeObject floor_type = {
    PyVarObject_HEAD_INIT(NULL, 0).tp_name = "floor.Floor",
    .tp_basicsize = sizeof(PyObject),
    .tp_flags = Py_TPFLAGS_DEFAULT,
    .tp_methods = floor_methods,
    .tp_new = PyType_GenericNew,
};

/* --- the planted delay ------------------------------------------------------------ */

static double turns_per_ns;

/* Wait until the processor has done all that came before, and begin nothing else. */
static inline void
barrier(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __asm__ volatile("lfence" ::: "memory");
#elif defined(__aarch64__)
    __asm__ volatile("isb" ::: "memory");
#else
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
#endif
}

/* Each turn waits for the one before: three cycles or so. */
static void
turn(long turns)
{
    barrier();
    uint64_t factor = 3;
    for (long i = 0; i < turns; i++) {
        factor *= factor;
        __asm__ volatile("" : "+r"(factor)); /* or the compiler leaves it out */
    }
    barrier();
}

static int64_t
time_of(int calls, long turns)
{
    const int64_t begin = now_ns();
    for (int i = 0; i < calls; i++) {
        turn(turns);
    }
    return now_ns() - begin;
}

/* The quickest of many short rounds is one that was not interrupted. */
static void
calibrate(void)
{
    enum { CALLS = 200, FEW = 0, MANY = 25 };
    int64_t few_ns = INT64_MAX, many_ns = INT64_MAX;
    for (int round = 0; round < 1000; round++) {
        const int64_t few = time_of(CALLS, FEW), many = time_of(CALLS, MANY);
        few_ns = few < few_ns ? few : few_ns;
        many_ns = many < many_ns ? many : many_ns;
    }
    turns_per_ns = (double)CALLS * (MANY - FEW) / (double)(many_ns - few_ns);
}

static PyObject *
spin(PyObject *Py_UNUSED(module), PyObject *delay_ns)
{
    const double ns = PyFloat_AsDouble(delay_ns);
    if (ns == -1.0 && PyErr_Occurred()) {
        return NULL;
    }
    turn((long)(ns * turns_per_ns + 0.5));
    Py_RETURN_NONE;
}

/* Nothing but the delay is between the two readings: with a delay of 0, they show what they
 * cost. */
static PyObject *
timed_spin(PyObject *Py_UNUSED(module), PyObject *delay_ns)
{
    const double ns = PyFloat_AsDouble(delay_ns);
    if (ns == -1.0 && PyErr_Occurred()) {
        return NULL;
    }
    const long turns = (long)(ns * turns_per_ns + 0.5);
    const int64_t begin = now_ns();
    if (turns) {
        turn(turns);
    }
    return PyLong_FromLongLong(now_ns() - begin);
}

/* --- the module ------------------------------------------------------------------- */

static PyMethodDef methods[] = {
    {"spin", spin, METH_O, "spin(ns): keep the processor busy for so long"},
    {"timed_spin", timed_spin, METH_O, "timed_spin(ns): what a spin takes, measured by C"},
    {0},
};

static PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "floor",
    .m_size = -1,
    .m_methods = methods,
};

PyMODINIT_FUNC
PyInit_floor(void)
{
    if (PyType_Ready(&nothing_type) < 0 || PyType_Ready(&clock_type) < 0 ||
        PyType_Ready(&floor_type) < 0) {
        return NULL;
    }
    calibrate();
    PyObject *module = PyModule_Create(&definition);
    PyObject *floor = module ? PyObject_CallNoArgs((PyObject *)&floor_type) : NULL;
    if (!floor || PyModule_AddObject(module, "floor", floor) < 0) {
        Py_XDECREF(floor);
        Py_XDECREF(module);
        return NULL;
    }
    return module;
}
