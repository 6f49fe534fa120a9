/* Makes a chosen system call that writes, cuts or syncs a file fail, or kill the process.
 *
 * Loaded before the C library. Nothing happens until fail_at() is called, or while the file that
 * the environment variable FAILING_SYNC names exists: then every sync fails.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

static long left = -1;
static int failure = 0;
static long calls = 0;

/* From now on the n-th call on a plain file fails once with this error number; 0 kills instead. */
void fail_at(long n, int error) { left = n; failure = error; calls = 0; }

/* Whether that call came. */
int came(void) { return left >= 0 && calls >= left; }

static int plain(int fd)
{
    struct stat found;
    return fstat(fd, &found) == 0 && (S_ISREG(found.st_mode) || S_ISDIR(found.st_mode));
}

static int fails(int fd)
{
    if (left < 0 || !plain(fd)) return 0;
    calls++;
    if (calls != left) return 0;
    if (failure == 0) kill(getpid(), SIGKILL);
    errno = failure;
    return 1;
}

static int sync_fails(int fd)
{
    const char *path = getenv("FAILING_SYNC");
    if (path != NULL && access(path, F_OK) == 0) { errno = EIO; return 1; }
    return fails(fd);
}

#define REAL(type, name, ...) ((type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name))

int fsync(int fd)
{
    return sync_fails(fd) ? -1 : REAL(int, "fsync", int)(fd);
}

int fdatasync(int fd)
{
    return sync_fails(fd) ? -1 : REAL(int, "fdatasync", int)(fd);
}

ssize_t write(int fd, const void *data, size_t size)
{
    return fails(fd) ? -1 : REAL(ssize_t, "write", int, const void *, size_t)(fd, data, size);
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t at)
{
    return fails(fd) ? -1
                   : REAL(ssize_t, "pwrite", int, const void *, size_t, off_t)(fd, data, size, at);
}

ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at)
{
    return fails(fd) ? -1
                   : REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t)(fd, data, size, at);
}

int ftruncate(int fd, off_t size)
{
    return fails(fd) ? -1 : REAL(int, "ftruncate", int, off_t)(fd, size);
}

int ftruncate64(int fd, off64_t size)
{
    return fails(fd) ? -1 : REAL(int, "ftruncate64", int, off64_t)(fd, size);
}
