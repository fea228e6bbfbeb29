#include "base/mb_identity.h"

#include <string.h>

static char run_id[MB_RUN_ID_SIZE + 1];
static uint64_t seed;
static uint64_t records;
static unsigned seeded_in; /* fork generation */

#define HEX(high)                                                                      \
    #high "0" #high "1" #high "2" #high "3" #high "4" #high "5" #high "6" #high        \
          "7" #high "8" #high "9" #high "a" #high "b" #high "c" #high "d" #high        \
          "e" #high "f"
static const char BYTES[] = HEX(0) HEX(1) HEX(2) HEX(3) HEX(4) HEX(5) HEX(6) HEX(7)
    HEX(8) HEX(9) HEX(a) HEX(b) HEX(c) HEX(d) HEX(e) HEX(f);

/* Writes an even number of digits. */
static void
write_hex(char *out, uint64_t value, int digits)
{
    for (int i = digits - 2; i >= 0; i -= 2, value >>= 8) {
        memcpy(out + i, &BYTES[(value & 255) * 2], 2);
    }
}

/* RFC 9562, section 5.4: version and variant in six bits, the rest random. */
static void
write_uuid4(char *out, const unsigned char random[16])
{
    for (int i = 0; i < 16; i++) {
        unsigned char byte = random[i];
        if (i == 6) {
            byte = (byte & 0x0f) | 0x40;
        } else if (i == 8) {
            byte = (byte & 0x3f) | 0x80;
        }
        if (i == 4 || i == 6 || i == 8 || i == 10) {
            *out++ = '-';
        }
        write_hex(out, byte, 2);
        out += 2;
    }
    *out = '\0';
}

int
mb_identity_start(void)
{
    unsigned char random[16];
    if (run_id[0]) {
        return 0;
    }
    if (getentropy(random, sizeof random) < 0 || getentropy(&seed, sizeof seed) < 0) {
        return errno;
    }
    write_uuid4(run_id, random);
    seeded_in = mb_fork_generation();
    return 0;
}

const char *
mb_identity_run_id(void)
{
    return run_id;
}

static void
reseed_in_child(void)
{
    const unsigned generation = mb_fork_generation();
    if (__atomic_load_n(&seeded_in, __ATOMIC_ACQUIRE) == generation) {
        return;
    }
    uint64_t fresh;
    if (getentropy(&fresh, sizeof fresh) < 0) {
        fresh = seed + 0x9e3779b97f4a7c15u * ((uint64_t)getpid() + generation);
    }
    /* two threads of a child may both come here: either seed is the child's own */
    __atomic_store_n(&seed, fresh, __ATOMIC_RELAXED);
    __atomic_store_n(&seeded_in, generation, __ATOMIC_RELEASE);
}

void
mb_identity_record_id(char *out)
{
    reseed_in_child();
    write_hex(out, __atomic_load_n(&seed, __ATOMIC_RELAXED), 16);
    out[16] = '-';
    write_hex(out + 17, __atomic_add_fetch(&records, 1, __ATOMIC_RELAXED), 16);
}
