/*
 * landlock.c: see landlock.h.
 *
 * The C library has no functions for it, and its header knows the rights of its own
 * day only, while the kernel that runs us may know more: so they are written down
 * here, each with the version that brought it.
 */
#include "guard/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define WRITE_FILE  (1ULL << 1)
#define READ_FILE   (1ULL << 2)
#define READ_DIR    (1ULL << 3)
#define REMOVE_DIR  (1ULL << 4)
#define REMOVE_FILE (1ULL << 5)
#define MAKE_DIR    (1ULL << 7)
#define MAKE_REG    (1ULL << 8)
#define FIRST_13    ((1ULL << 13) - 1) /* version 1 */
#define REFER       (1ULL << 13)       /* version 2 */
#define TRUNCATE    (1ULL << 14)       /* version 3 */
#define IOCTL_DEV   (1ULL << 15)       /* version 5 */
#define TCP_BOTH    3ULL               /* version 4: bind, connect */
#define SCOPE_BOTH  3ULL               /* version 6: abstract sockets, signals */
#define SIGNALS     2ULL

enum { FLAG_VERSION = 1, RULE_PATH = 1, VERSIONS = 6 };

/* Grown by a member with versions 4 and 6; the kernel takes it if the rest is 0. */
struct ruleset {
	uint64_t files, tcp, scopes;
};

struct path_rule {
	uint64_t allowed;
	int32_t parent;
} __attribute__((packed));

static struct ruleset everything(int version, bool but_tcp)
{
	struct ruleset all = { .files = FIRST_13 };
	all.files |= version >= 2 ? REFER : 0;
	all.files |= version >= 3 ? TRUNCATE : 0;
	all.files |= version >= 5 ? IOCTL_DEV : 0;
	all.tcp = version >= 4 && !but_tcp ? TCP_BOTH : 0;
	all.scopes = version >= 6 ? SCOPE_BOTH : 0;
	return all;
}

/* A file can't be given what is for folders. */
static uint64_t for_file(uint64_t allowed)
{
	return allowed & (READ_FILE | WRITE_FILE | TRUNCATE);
}

static int allow(int rules, const char *path, uint64_t allowed)
{
	struct stat st;
	int fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	int error = fstat(fd, &st) == 0 ? 0 : -errno;
	struct path_rule rule = {
		.allowed = S_ISDIR(st.st_mode) ? allowed : for_file(allowed),
		.parent = fd,
	};
	if (error == 0 &&
	    syscall(SYS_landlock_add_rule, rules, RULE_PATH, &rule, 0) != 0)
		error = -errno;
	close(fd);
	return error;
}

/* What is missing, or behind a folder that is closed to us, can't be reached anyway. */
static int allow_if_there(int rules, const char *path, uint64_t allowed)
{
	int error = allow(rules, path, allowed);
	bool is_out_of_reach = error == -ENOENT || error == -EACCES ||
			       error == -ENOTDIR || error == -ELOOP;
	return is_out_of_reach ? 0 : error;
}

static int allow_all(int rules, const struct landlock_paths *paths, uint64_t known)
{
	const uint64_t read = READ_FILE | READ_DIR;
	const uint64_t write = known & (read | WRITE_FILE | TRUNCATE | REMOVE_FILE |
					REMOVE_DIR | MAKE_REG | MAKE_DIR);
	int error = 0;
	for (const char *const *at = paths->writable;
	     at != NULL && *at != NULL && error == 0; at++)
		error = allow_if_there(rules, *at, write);
	for (size_t i = 0; paths->readable[i] != NULL && error == 0; i++)
		error = allow_if_there(rules, paths->readable[i], read);
	for (size_t i = 0; paths->writables[i] != NULL && error == 0; i++)
		error = allow_if_there(rules, paths->writables[i],
				       known & (read | WRITE_FILE));
	return error;
}

void landlock_signal_nobody(void)
{
	const struct ruleset signals = { .scopes = SIGNALS };
	int rules =
		(int)syscall(SYS_landlock_create_ruleset, &signals, sizeof(signals), 0);
	if (rules < 0)
		return;
	syscall(SYS_landlock_restrict_self, rules, 0);
	close(rules);
}

int landlock_enter(const struct landlock_paths *paths)
{
	int version = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, FLAG_VERSION);
	if (version < 0)
		return -errno;
	struct ruleset all =
		everything(version < VERSIONS ? version : VERSIONS, paths->connects);
	int rules = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);
	if (rules < 0)
		return -errno;
	int error = allow_all(rules, paths, all.files);
	if (error == 0 && syscall(SYS_landlock_restrict_self, rules, 0) != 0)
		error = -errno;
	close(rules);
	return error != 0 ? error : version;
}
