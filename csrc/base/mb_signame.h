/* Names of signals, for the records of processes that they end.
 *
 * Thread: any. Signal-safe: all.
 */
#ifndef MB_SIGNAME_H
#define MB_SIGNAME_H

/* Writes the name that Python has for a signal, such as SIGTERM or SIGRTMIN+3: at most
 * MB_SIGNAL_NAME bytes, 0 included. */
#define MB_SIGNAL_NAME 24
void mb_signame_of(int signal, char *name);

#endif
