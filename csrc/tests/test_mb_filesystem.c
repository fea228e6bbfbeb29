#include "file/mb_filesystem.h"

#include "mb_test.h"

#define ROOT "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,resuid=65534\n"
#define OTHER                                                                          \
    "44 27 0:40 / /a rw - overlay overlay rw,lowerdir=/l,upperdir=/other,workdir=/w\n"
#define ROOT_OVERLAY                                                                   \
    "45 27 0:41 / / rw shared:1 - overlay overlay "                                    \
    "rw,lowerdir=/l1:/l2,upperdir=/with\\040blank\\134/diff,workdir=/w,xino=off\n"
#define ODD                                                                            \
    "50 27 0:46 / /e rw - overlay o rw,upperdir=/\\04x\\999\\777\\101,workdir=/w\n"    \
    "51 27 0:47 / /f rw - overlay o rw,upperdir=/ends\\,workdir=/w\n"                  \
    "52 27 0:48 / /g rw - overlay o rw,upperdir=/ends\\4,workdir=/w\n"
#define LAST "46 27 0:42 / /b rw - overlay overlay rw,lowerdir=/l,upperdir=/last"
#define READ_ONLY "47 27 0:43 / /c ro - overlay overlay ro,lowerdir=/l1:/l2\n"
#define RELATIVE                                                                       \
    "48 27 0:44 / /d rw - overlay o rw,lowerdir=l,upperdir=t/up,workdir=w\n"
#define NAMED "49 27 0:45 / / rw - tmpfs overlay rw,upperdir=/tmpfs\n"
#define ALL ROOT OTHER ROOT_OVERLAY READ_ONLY RELATIVE NAMED ODD LAST

static void
check_upper(dev_t device, const char *expected)
{
    char *path = mb_filesystem_upper_layer(ALL, device);
    CHECK((path == NULL) == (expected == NULL));
    if (path && expected) {
        CHECK_BYTES(path, strlen(path), expected);
    }
    free(path);
}

static void
the_upper_layer_is_that_of_the_device(void)
{
    check_upper(makedev(0, 40), "/other");
    check_upper(makedev(0, 41), "/with blank\\/diff");
    check_upper(makedev(0, 42), "/last");
}

static void
a_backslash_without_three_octal_digits_is_one(void)
{
    check_upper(makedev(0, 46), "/\\04x\\999\\777A");
    check_upper(makedev(0, 47), "/ends\\");
    check_upper(makedev(0, 48), "/ends\\4");
}

static void
there_may_be_none(void)
{
    check_upper(makedev(0, 43), NULL);  /* all layers are read only */
    check_upper(makedev(0, 44), NULL);  /* relative to who knows what */
    check_upper(makedev(0, 45), NULL);  /* no overlay */
    check_upper(makedev(254, 0), NULL); /* neither */
    check_upper(makedev(9, 9), NULL);   /* not mounted */
    CHECK(mb_filesystem_upper_layer("", makedev(0, 40)) == NULL);
    CHECK(mb_filesystem_upper_layer("\n\n", makedev(0, 40)) == NULL);
}

static void
a_directory_that_is_missing_is_not_safe(void)
{
    CHECK(!mb_filesystem_maps_safely("/no/such/directory"));
}

static void
what_the_kernel_makes_up_is_not_safe(void)
{
    CHECK(!mb_filesystem_maps_safely("/proc"));
}

int
main(void)
{
    RUN(the_upper_layer_is_that_of_the_device);
    RUN(a_backslash_without_three_octal_digits_is_one);
    RUN(there_may_be_none);
    RUN(a_directory_that_is_missing_is_not_safe);
    RUN(what_the_kernel_makes_up_is_not_safe);
    return test_report();
}
