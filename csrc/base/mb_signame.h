/* Names of signals, for the records of processes that they end.
 *
 * Thread: any. Signal-safe: all.
 */
#ifndef MB_SIGNAME_H
#define MB_SIGNAME_H

/* The name of a signal as Python has it: SIGTERM, SIGRTMIN+3. At most MB_SIGNAL_NAME
 * bytes, 0 included, are put into `name`. */
#define MB_SIGNAL_NAME 24
void mb_signame_of(int signal, char *name);

#endif
