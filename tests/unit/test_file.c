/*
 * test_file.c: what a file is replaced by is there after a power cut, too.
 *
 * No power is cut here.  What a file system promises of one (fsync(2)) is asked of the
 * calls: the text is synced before its name is moved, and the folder after that.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"

static char folder[64], calls[1024];
static int sync_fails; /* of folders: with that errno; 0: it does not */

static void note(const char *what, const char *of)
{
	size_t len = strlen(calls), begin = strlen(folder);
	const char *name = strncmp(of, folder, begin) == 0 ? of + begin : of;
	snprintf(calls + len, sizeof(calls) - len, "%s%s(%s)", len > 0 ? " " : "", what,
		 name[0] == '/' ? name + 1 : "folder");
}

/* Instead of the library's, for this program. */
int fsync(int fd)
{
	char entry[64], name[256];
	struct stat st = { 0 };
	snprintf(entry, sizeof(entry), "/proc/self/fd/%d", fd);
	ssize_t len = readlink(entry, name, sizeof(name) - 1);
	assert_true(len > 0 && fstat(fd, &st) == 0);
	name[len] = '\0';
	note("fsync", name);
	errno = sync_fails;
	return sync_fails != 0 && S_ISDIR(st.st_mode) ? -1 : 0;
}

int rename(const char *old, const char *new)
{
	note("rename", old);
	return (int)syscall(SYS_renameat2, AT_FDCWD, old, AT_FDCWD, new, 0);
}

static int make_folder(void **state)
{
	(void)state;
	calls[0] = '\0';
	sync_fails = 0;
	snprintf(folder, sizeof(folder), "/tmp/test-file-XXXXXX");
	return mkdtemp(folder) == NULL;
}

static const char *path_of(const char *name)
{
	static char path[128];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(path_of("a"));
	return rmdir(folder);
}

static void holds(const char *wanted)
{
	struct buf text = { 0 };
	assert_int_equal(file_read(path_of("a"), 100, &text), 0);
	assert_string_equal(buf_cstr(&text), wanted);
	buf_free(&text);
}

static void what_is_replaced_stays_so_after_a_power_cut(void **state)
{
	(void)state;
	assert_int_equal(file_replace(path_of("a"), "one", 3), 0);
	assert_string_equal(calls, "fsync(a.new) rename(a.new) fsync(folder)");
	calls[0] = '\0';
	assert_int_equal(file_replace_private(path_of("a"), "two", 3), 0);
	assert_string_equal(calls, "fsync(a.new) rename(a.new) fsync(folder)");
	holds("two");
}

static void a_folder_that_did_not_take_it_is_told(void **state)
{
	(void)state;
	sync_fails = EIO;
	assert_int_equal(file_replace(path_of("a"), "one", 3), -EIO);
	/* Some file systems can't, and say so (FUSE). */
	sync_fails = EINVAL;
	assert_int_equal(file_replace(path_of("a"), "two", 3), 0);
	holds("two");
}

static void a_name_without_a_folder_is_one_of_this_folder(void **state)
{
	(void)state;
	int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(chdir(folder), 0);
	assert_int_equal(file_replace("a", "one", 3), 0);
	assert_int_equal(fchdir(here), 0);
	close(here);
	assert_string_equal(calls, "fsync(a.new) rename(folder) fsync(folder)");
	holds("one");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			what_is_replaced_stays_so_after_a_power_cut, make_folder,
			remove_folder),
		cmocka_unit_test_setup_teardown(a_folder_that_did_not_take_it_is_told,
						make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(
			a_name_without_a_folder_is_one_of_this_folder, make_folder,
			remove_folder),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
