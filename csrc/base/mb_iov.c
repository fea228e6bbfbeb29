#include "base/mb_iov.h"

void
mb_iov_add(mb_iov *line, const void *data, size_t size)
{
    line->parts[line->count++] = mb_iov_part(data, size);
    line->size += size;
}

void
mb_iov_rest(const mb_iov *line, size_t done, size_t most, struct iovec *rest)
{
    for (int i = 0; i < line->count; i++) {
        const struct iovec *part = &line->parts[i];
        const size_t skip = done < part->iov_len ? done : part->iov_len;
        const size_t left = part->iov_len - skip;
        rest[i].iov_base = (char *)part->iov_base + skip;
        rest[i].iov_len = left < most ? left : most;
        done -= skip;
        most -= rest[i].iov_len;
    }
}

bool
mb_iov_match(const mb_iov *line, size_t from, const char *bytes, size_t count)
{
    struct iovec rest[MB_IOV_PARTS];
    mb_iov_rest(line, from, count, rest);
    for (int i = 0; i < line->count; i++) {
        const char *part = rest[i].iov_base;
        for (size_t j = 0; j < rest[i].iov_len; j++) {
            if (*bytes++ != part[j]) {
                return false;
            }
        }
    }
    return true;
}
