// In front of the C library's `getrandom`, which the crate `getrandom` looks up by its name, whether the kernel or its vDSO answers.
// Our draws, and whoever else's go through that crate, have no flags. The seeds of the standard library's hash tables, and malloc's, have some,
// and are let through.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// A line of `draws`: how many bytes were asked for, and whether they were refused.
enum { LINE = 10 };

static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;

// `fails` holds the numbers of the first draw that fails and of the last one, of those that `draws` tells.
static int is_refused(const char *folder, size_t length) {
    char path[4096], plan[64] = "";
    unsigned long first = 0, last = 0;
    struct stat told;
    snprintf(path, sizeof path, "%s/fails", folder);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || read(file, plan, sizeof plan - 1) < 0 || sscanf(plan, "%lu %lu", &first, &last) != 2) abort();
    close(file);
    snprintf(path, sizeof path, "%s/draws", folder);
    file = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (file < 0 || fstat(file, &told) != 0) abort();
    unsigned long number = told.st_size / LINE + 1;
    int refused = first <= number && number <= last;
    if (dprintf(file, "%8zu%c\n", length, refused ? '-' : '+') != LINE) abort();
    close(file);
    return refused;
}

ssize_t getrandom(void *buffer, size_t length, unsigned flags) {
    const char *folder = getenv("PORTWARD_TEST_RANDOMNESS");
    if (folder != NULL && flags == 0 && length > 0) {
        pthread_mutex_lock(&one_at_a_time);
        int refused = is_refused(folder, length);
        pthread_mutex_unlock(&one_at_a_time);
        if (refused) {
            errno = EIO;
            return -1;
        }
    }
    return syscall(SYS_getrandom, buffer, length, flags);
}
