/* Finds out quickly whether the text of a record may hold a secret.
 *
 * It finds everything that microbench/credentials.py would mask, and more;
 * credentials.py decides. Most records hold no sign of a secret, and are scanned once:
 * a nanosecond a byte.
 *
 * Thread: any. Signal-safe.
 */
#ifndef MB_SUSPICIOUS_H
#define MB_SUSPICIOUS_H

#include "base/mb_platform.h"

/* `json` is ASCII JSON, or whatever a program writes in its place. */
bool mb_suspicious_text(const char *json, size_t size);

#endif
