/* Stand-in for NVIDIA's driver library, libnvidia-ml.so.1, as far as MBGpu asks it.
 *
 * Two GPUs. GPU 0 tells everything and is busy. GPU 1 has MIG switched on, with one of
 * its two places in use, and cannot tell power, energy and utilisation. The energy
 * counter of GPU 0 goes on by 1.5 J at each reading.
 *
 * STANDIN_NVML chooses what is wrong: "no-driver", "no-gpu", "lost" (GPU 1), "old" (a
 * driver that lacks the newer functions).
 */

#include <stdlib.h>
#include <string.h>

enum { OK, NOT_SUPPORTED = 3, NOT_FOUND = 6, TOO_SMALL = 7, NO_DRIVER = 9 };
enum { FUNCTION_NOT_FOUND = 13, LOST = 15 };

typedef struct {
    int is_mig;
    int place;
} gpu;

static gpu gpus[2] = {{0, 0}, {0, 1}};
static gpu mig_device = {1, 0};
static int users;
static unsigned long long millijoules = 120000;

typedef struct {
    unsigned long long total, free, used;
} memory;

typedef struct {
    unsigned version;
    unsigned long long total, reserved, free, used;
} memory_v2;

typedef struct {
    unsigned pid;
    unsigned long long memory;
    unsigned gpu_instance, compute_instance;
} process;

static int
wrong(const char *what)
{
    const char *chosen = getenv("STANDIN_NVML");
    return chosen && !strcmp(chosen, what);
}

static int
text(char *into, unsigned size, const char *from)
{
    strncpy(into, from, size);
    return OK;
}

int
nvmlInitWithFlags(unsigned flags)
{
    (void)flags;
    if (wrong("no-driver")) {
        return NO_DRIVER;
    }
    users++;
    return OK;
}

int
nvmlShutdown(void)
{
    users--;
    return OK;
}

/* For the tests: sessions that are open. */
int
standin_users(void)
{
    return users;
}

int
nvmlSystemGetDriverVersion(char *version, unsigned size)
{
    return text(version, size, "580.65.06");
}

int
nvmlDeviceGetCount_v2(unsigned *count)
{
    *count = wrong("no-gpu") ? 0 : 2;
    return OK;
}

int
nvmlDeviceGetHandleByIndex_v2(unsigned place, gpu **found)
{
    if (place == 1 && wrong("lost")) {
        return LOST;
    }
    *found = &gpus[place];
    return OK;
}

int
nvmlDeviceGetUUID(gpu *of, char *uuid, unsigned size)
{
    return text(uuid, size, of->is_mig ? "MIG-c" : of->place ? "GPU-b" : "GPU-a");
}

int
nvmlDeviceGetName(gpu *of, char *name, unsigned size)
{
    return text(name, size, of->place ? "Stand-in, with MIG" : "Stand-in");
}

int
nvmlDeviceGetMemoryInfo(gpu *of, memory *info)
{
    (void)of;
    *info = (memory){1000, 500, 500};
    return OK;
}

int
nvmlDeviceGetMemoryInfo_v2(gpu *of, memory_v2 *info)
{
    if (wrong("old")) {
        return FUNCTION_NOT_FOUND;
    }
    *info = of->is_mig ? (memory_v2){info->version, 200, 0, 190, 10}
                       : (memory_v2){info->version, 1000, 100, 500, 400};
    return OK;
}

int
nvmlDeviceGetUtilizationRates(gpu *of, unsigned rates[2])
{
    if (of->place) {
        return NOT_SUPPORTED;
    }
    rates[0] = 97;
    rates[1] = 41;
    return OK;
}

int
nvmlDeviceGetPowerUsage(gpu *of, unsigned *milliwatts)
{
    *milliwatts = 71500;
    return of->place ? NOT_SUPPORTED : OK;
}

int
nvmlDeviceGetTotalEnergyConsumption(gpu *of, unsigned long long *energy)
{
    if (of->place) {
        return NOT_SUPPORTED;
    }
    millijoules += 1500;
    *energy = wrong("anew") ? 1000000 - millijoules : millijoules;
    return OK;
}

int
nvmlDeviceGetTemperature(gpu *of, unsigned sensor, unsigned *degrees)
{
    *degrees = 60 + sensor + (unsigned)of->place;
    return OK;
}

int
nvmlDeviceGetClockInfo(gpu *of, unsigned kind, unsigned *megahertz)
{
    (void)of;
    *megahertz = kind * 1000;
    return OK;
}

int
nvmlDeviceGetCurrentClocksEventReasons(gpu *of, unsigned long long *bits)
{
    *bits = of->place ? 0x1 : 0x4 | 0x20;
    return wrong("old") ? FUNCTION_NOT_FOUND : OK;
}

int
nvmlDeviceGetCurrentClocksThrottleReasons(gpu *of, unsigned long long *bits)
{
    (void)of;
    *bits = 0x40;
    return OK;
}

int
nvmlDeviceGetMigMode(gpu *of, unsigned *current, unsigned *pending)
{
    *current = *pending = (unsigned)of->place;
    return wrong("old") ? NOT_SUPPORTED : OK;
}

int
nvmlDeviceGetMaxMigDeviceCount(gpu *of, unsigned *count)
{
    *count = of->place ? 2 : 0;
    return OK;
}

int
nvmlDeviceGetMigDeviceHandleByIndex(gpu *of, unsigned place, gpu **found)
{
    *found = &mig_device;
    return of->place && place == 1 ? OK : NOT_FOUND;
}

int
nvmlDeviceGetEccMode(gpu *of, unsigned *current, unsigned *pending)
{
    *current = *pending = of->place == 0;
    return OK;
}

int
nvmlDeviceGetTotalEccErrors(gpu *of, unsigned kind, unsigned since,
                            unsigned long long *count)
{
    *count = kind ? 0 : 3 + since;
    return of->place ? NOT_SUPPORTED : OK;
}

static int
list(const process *from, unsigned length, unsigned *count, process *into)
{
    unsigned room = *count;
    *count = length;
    if (room < length) {
        return TOO_SMALL;
    }
    memcpy(into, from, length * sizeof *from);
    return OK;
}

int
nvmlDeviceGetComputeRunningProcesses_v3(gpu *of, unsigned *count, process *into)
{
    static const process running[] = {{4001, 300, 0, 0}, {4002, ~0ULL, 0, 0}};
    return list(running, of->place ? 0 : 2, count, into);
}

int
nvmlDeviceGetGraphicsRunningProcesses_v3(gpu *of, unsigned *count, process *into)
{
    static const process running[] = {{4001, 50, 0, 0}};
    return list(running, of->place ? 0 : 1, count, into);
}
