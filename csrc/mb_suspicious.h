/* Whether the text of a record may hold a secret, and is worth a closer look.
 *
 * It finds what microbench/credentials.py would mask, and more: that one decides. Most
 * records hold nothing of the kind, and are looked through once: a nanosecond a byte.
 *
 * Thread: any. Signal-safe.
 */
#ifndef MB_SUSPICIOUS_H
#define MB_SUSPICIOUS_H

#include "mb_platform.h"

/* `json` is ASCII JSON, or whatever a program writes in its place. */
bool mb_is_suspicious(const char *json, size_t size);

#endif
