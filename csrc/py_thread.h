/* Which thread is Python's main thread, whatever `threading` says of it.
 *
 * gevent and eventlet replace what the modules `threading` and `_thread` say of threads by
 * what they know of greenlets. Handlers of signals belong to the real main thread.
 *
 * Thread: under the GIL.
 */
#ifndef PY_THREAD_H
#define PY_THREAD_H

#include <stdbool.h>

/* Whether the caller is in the thread in which Python calls the handlers of signals. */
bool py_in_main_thread(void);

#endif
