/*
 * test_sandbox.c: what the daemon can't do any more, and what it still can.
 *
 * Each test enters the sandbox in a child, for there is no way back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <ifaddrs.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guard/guard.h"

/* In the child: says what failed. */
static bool must(bool is_so, const char *what)
{
	if (!is_so)
		fprintf(stderr, "not so: %s (%s)\n", what, strerror(errno));
	return is_so;
}

#define MUST(condition) must((condition), #condition)

static char folder[] = "/tmp/test_sandbox_XXXXXX";
static char state_folder[64], readable_folder[64], outside[64];
static struct sandbox_report report;
static const char *user = "no-such-user-here";
static const char *const no_groups[] = { NULL };

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static int make_folders(void **state)
{
	(void)state;
	char path[96];
	if (mkdtemp(folder) == NULL)
		return -1;
	chmod(folder, 0755);
	snprintf(state_folder, sizeof(state_folder), "%s/state", folder);
	snprintf(readable_folder, sizeof(readable_folder), "%s/etc", folder);
	snprintf(outside, sizeof(outside), "%s/outside", folder);
	mkdir(readable_folder, 0755);
	mkdir(outside, 0777);
	chmod(outside, 0777);
	snprintf(path, sizeof(path), "%s/file", readable_folder);
	write_text(path, "readable");
	snprintf(path, sizeof(path), "%s/file", outside);
	write_text(path, "outside");
	chmod(path, 0666);
	return sandbox_own_folder(state_folder, user);
}

static int remove_folders(void **state)
{
	(void)state;
	char command[128];
	snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command); /* NOLINT(cert-env33-c): a path of our own */
}

static void inside(bool (*check)(void))
{
	const char *const readable[] = { readable_folder, "/no/such/path", NULL };
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		sandbox_enter(user, state_folder, readable, no_groups, &report);
		_exit(check() ? EXIT_SUCCESS : EXIT_FAILURE);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), EXIT_SUCCESS);
}

static bool is_root(void)
{
	return geteuid() == 0;
}

/* ---- what it says of itself ---- */

/* The kernel's word, through a descriptor that was opened outside. */
static char kernel_says[8192];
static int status_fd;

static bool says(const char *name, const char *value)
{
	const char *at = strstr(kernel_says, name);
	return at != NULL && strncmp(at + strlen(name), value, strlen(value)) == 0;
}

static bool every_part_holds(void)
{
	for (unsigned i = 0; i < SANDBOX_PARTS; i++)
		if (!MUST(report.holds[i]) || !MUST(report.detail[i][0] != '\0'))
			return false;
	return true;
}

static bool everything_is_given_up(void)
{
	static const char none[] = "0000000000000000\n";
	ssize_t len = pread(status_fd, kernel_says, sizeof(kernel_says) - 1, 0);
	if (!MUST(len > 0))
		return false;
	kernel_says[len] = '\0';
	return MUST(says("CapInh:\t", none)) && MUST(says("CapPrm:\t", none)) &&
	       MUST(says("CapEff:\t", none)) && MUST(says("CapBnd:\t", none)) &&
	       MUST(says("CapAmb:\t", none)) && MUST(says("NoNewPrivs:\t", "1\n")) &&
	       MUST(says("Seccomp:\t", "2\n")) &&
	       MUST(says("Groups:\t", " \n") || says("Groups:\t", "\n")) &&
	       MUST(getuid() != 0 && geteuid() == getuid() && getgid() != 0) &&
	       MUST(prctl(PR_SET_NAME, "thread") == 0) && every_part_holds();
}

static void as_root_it_becomes_nobody_and_gives_up_all(void **state)
{
	(void)state;
	if (!is_root())
		skip();
	const char *const readable[] = { NULL };
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		status_fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
		sandbox_enter(user, state_folder, readable, no_groups, &report);
		bool ok = everything_is_given_up() &&
			  strcmp(report.detail[SANDBOX_USER], "nobody") == 0;
		_exit(ok ? EXIT_SUCCESS : EXIT_FAILURE);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static bool is_in_one_more_group(void)
{
	gid_t groups[8];
	const struct group *wanted = getgrnam("daemon");
	return MUST(wanted != NULL) && MUST(getgroups(8, groups) == 1) &&
	       MUST(groups[0] == wanted->gr_gid && getgid() != wanted->gr_gid);
}

static void as_root_it_keeps_the_groups_that_are_named(void **state)
{
	(void)state;
	if (!is_root())
		skip();
	static const char *const groups[] = { "no-such-group-here", "daemon", NULL };
	const char *const readable[] = { "/etc/group", "/etc/nsswitch.conf", NULL };
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		sandbox_enter(user, state_folder, readable, groups, &report);
		_exit(is_in_one_more_group() ? EXIT_SUCCESS : EXIT_FAILURE);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* An ordinary user stays who it is, and gives up as much. */
static bool confined_without_root(void)
{
	return MUST(report.holds[SANDBOX_USER]) &&
	       MUST(report.holds[SANDBOX_CAPABILITIES]) &&
	       MUST(report.holds[SANDBOX_NO_NEW_PRIVS]) &&
	       MUST(report.holds[SANDBOX_LANDLOCK]) &&
	       MUST(report.holds[SANDBOX_SECCOMP]) && MUST(getuid() != 0);
}

static void without_root_the_rest_still_holds(void **state)
{
	(void)state;
	const char *const readable[] = { NULL };
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		if (is_root() && setresuid(12345, 12345, 12345) != 0)
			_exit(2);
		sandbox_enter("root", state_folder, readable, no_groups, &report);
		_exit(confined_without_root() ? EXIT_SUCCESS : EXIT_FAILURE);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* ---- what it can't do ---- */

static bool is_denied(int result)
{
	return result < 0 && (errno == EPERM || errno == EACCES);
}

static bool files_outside_are_out_of_reach(void)
{
	char path[96];
	if (!(MUST(is_denied(open("/etc/shadow", O_RDONLY))) &&
	      MUST(is_denied(open("/etc/passwd", O_RDONLY))) &&
	      MUST(is_denied(open("/proc/self/environ", O_RDONLY))) &&
	      MUST(is_denied(open("/", O_RDONLY | O_DIRECTORY)))))
		return false;
	snprintf(path, sizeof(path), "%s/file", outside);
	if (!(MUST(is_denied(open(path, O_RDONLY))) &&
	      MUST(is_denied(open(path, O_WRONLY))) && MUST(is_denied(unlink(path)))))
		return false;
	snprintf(path, sizeof(path), "%s/new", outside);
	if (!(MUST(is_denied(open(path, O_WRONLY | O_CREAT, 0600))) &&
	      MUST(is_denied(mkdir(path, 0700)))))
		return false;
	snprintf(path, sizeof(path), "%s/file", readable_folder);
	return MUST(is_denied(open(path, O_WRONLY)));
}

static bool system_calls_are_few(void)
{
	char *const arguments[] = { (char *)"true", NULL };
	return MUST(execv("/bin/true", arguments) < 0 && is_denied(-1)) &&
	       MUST(is_denied(socket(AF_PACKET, SOCK_RAW, 0))) &&
	       MUST(socket(AF_INET, SOCK_STREAM, 0) < 0) &&
	       MUST(socket(AF_INET6, SOCK_DGRAM, 0) < 0) &&
	       MUST(is_denied(setuid(0))) && MUST(is_denied(setgid(0))) &&
	       MUST(is_denied((int)ptrace(PTRACE_TRACEME, 0, NULL, NULL))) &&
	       MUST(is_denied(kill(getppid(), 0))) && MUST(is_denied(fork())) &&
	       MUST(is_denied(chmod(state_folder, 0777))) &&
	       MUST(mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0) == MAP_FAILED);
}

static void files_outside_the_state_folder_are_out_of_reach(void **state)
{
	(void)state;
	inside(files_outside_are_out_of_reach);
}

static void no_program_process_or_network_socket_can_be_made(void **state)
{
	(void)state;
	inside(system_calls_are_few);
}

/* ---- what it still can ---- */

static bool the_store_works(void)
{
	char path[96], other[104];
	sqlite3 *db;
	snprintf(path, sizeof(path), "%s/store.db", state_folder);
	if (!(MUST(sqlite3_open(path, &db) == SQLITE_OK) &&
	      MUST(sqlite3_exec(db,
				"pragma journal_mode = wal; create table t (a);"
				"with n(i) as (select 1 union all select i + 1 from n "
				"where i < 10000) insert into t select i from n;"
				"pragma wal_checkpoint(truncate); vacuum;"
				"select count(*) from t order by a",
				NULL, NULL, NULL) == SQLITE_OK) &&
	      MUST(sqlite3_close(db) == SQLITE_OK)))
		return false;
	snprintf(other, sizeof(other), "%s.corrupt", path);
	return MUST(rename(path, other) == 0) && MUST(unlink(other) == 0);
}

static void *add_one(void *number)
{
	++*(int *)number;
	return NULL;
}

static bool the_rest_works(void)
{
	char path[96], text[16];
	pthread_t thread;
	int number = 0;
	struct ifaddrs *all;
	if (!(MUST(pthread_create(&thread, NULL, add_one, &number) == 0) &&
	      MUST(pthread_join(thread, NULL) == 0 && number == 1) &&
	      MUST(getifaddrs(&all) == 0)))
		return false;
	freeifaddrs(all);
	snprintf(path, sizeof(path), "%s/file", readable_folder);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	return MUST(fd >= 0 && read(fd, text, sizeof(text)) == 8) &&
	       MUST(open("/dev/null", O_RDWR | O_CLOEXEC) >= 0) &&
	       MUST(open("/dev/urandom", O_RDONLY | O_CLOEXEC) >= 0);
}

static void a_store_in_the_state_folder_works(void **state)
{
	(void)state;
	inside(the_store_works);
}

static void threads_addresses_and_the_configuration_work(void **state)
{
	(void)state;
	inside(the_rest_works);
}

/* ---- the state folder ---- */

static uid_t owner_of(const char *path)
{
	struct stat st;
	assert_int_equal(lstat(path, &st), 0);
	return st.st_uid;
}

static void a_folder_with_our_files_becomes_the_users(void **state)
{
	(void)state;
	if (!is_root())
		skip();
	char own[64], file[96];
	uid_t nobody = getpwnam("nobody")->pw_uid;
	snprintf(own, sizeof(own), "%s/own", folder);
	snprintf(file, sizeof(file), "%s/other", own);
	mkdir(own, 0755);
	write_text(file, "x");
	assert_int_equal(sandbox_own_folder(own, user), -ENOTEMPTY);
	assert_int_equal(owner_of(own), 0);
	assert_int_equal(owner_of(file), 0);
	snprintf(file, sizeof(file), "%s/breakwater.db", own);
	write_text(file, "x");
	assert_int_equal(sandbox_own_folder(own, user), 0);
	assert_int_equal(owner_of(own), nobody);
	assert_int_equal(owner_of(file), nobody);
	assert_int_equal(chown(file, 0, 0), 0);
	assert_int_equal(sandbox_own_folder(own, user), 0);
	assert_int_equal(owner_of(file), nobody);
	/* The spool of messages, made before the rest. */
	snprintf(file, sizeof(file), "%s/spool", own);
	assert_int_equal(sandbox_own_inside(own, "spool", user), 0);
	assert_int_equal(owner_of(file), nobody);
	assert_int_equal(sandbox_own_folder(own, user), 0);
}

/* chown(2) sets that, by which the spool of a fleet knows a file that is another one.
 */
static void what_is_the_users_already_is_not_touched(void **state)
{
	(void)state;
	if (!is_root())
		skip();
	char own[64], file[96];
	struct stat before, after;
	snprintf(own, sizeof(own), "%s/again", folder);
	snprintf(file, sizeof(file), "%s/breakwater.db", own);
	mkdir(own, 0755);
	write_text(file, "x");
	assert_int_equal(sandbox_own_folder(own, user), 0);
	assert_int_equal(stat(file, &before), 0);
	do { /* until the clock of the file system has moved on */
		assert_int_equal(utimensat(AT_FDCWD, own, NULL, 0), 0);
		assert_int_equal(stat(own, &after), 0);
	} while (after.st_ctim.tv_sec == before.st_ctim.tv_sec &&
		 after.st_ctim.tv_nsec == before.st_ctim.tv_nsec);
	assert_int_equal(sandbox_own_folder(own, user), 0);
	assert_int_equal(stat(file, &after), 0);
	assert_int_equal(after.st_ctim.tv_sec, before.st_ctim.tv_sec);
	assert_int_equal(after.st_ctim.tv_nsec, before.st_ctim.tv_nsec);
}

/* The user may have put one there, to be given what is root's. */
static void a_link_in_the_users_folder_is_not_followed(void **state)
{
	(void)state;
	if (!is_root())
		skip();
	char own[64], roots[64], link[96];
	snprintf(own, sizeof(own), "%s/linked", folder);
	snprintf(roots, sizeof(roots), "%s/roots", folder);
	snprintf(link, sizeof(link), "%s/reports", own);
	mkdir(own, 0755);
	mkdir(roots, 0755);
	assert_int_equal(symlink(roots, link), 0);
	assert_int_not_equal(sandbox_own_inside(own, "reports", user), 0);
	assert_int_equal(owner_of(roots), 0);
}

static void a_folder_with_anything_else_in_it_is_left_alone(void **state)
{
	(void)state;
	if (!is_root())
		skip();
	char shared[64], file[96], odd[96], target[96];
	snprintf(shared, sizeof(shared), "%s/shared", folder);
	snprintf(file, sizeof(file), "%s/policy.yaml", shared);
	snprintf(odd, sizeof(odd), "%s/odd", shared);
	snprintf(target, sizeof(target), "%s/file", readable_folder);
	mkdir(shared, 0755);
	write_text(file, "x");
	for (int kind = 0; kind < 4; kind++) {
		int made = kind == 0   ? mkdir(odd, 0755)
			   : kind == 1 ? symlink(target, odd)
			   : kind == 2 ? link(target, odd)
				       : mkfifo(odd, 0600);
		assert_int_equal(made, 0);
		assert_int_equal(sandbox_own_folder(shared, user), -ENOTEMPTY);
		assert_int_equal(remove(odd), 0);
	}
	write_text(odd, "x");
	assert_int_equal(chown(odd, 12345, 12345), 0);
	assert_int_equal(sandbox_own_folder(shared, user), -ENOTEMPTY);
	assert_int_equal(unlink(odd), 0);
	assert_int_equal(chmod(shared, 01777), 0);
	assert_int_equal(sandbox_own_folder(shared, user), -EPERM);
	assert_int_equal(owner_of(shared), 0);
	assert_int_equal(owner_of(file), 0);
	assert_int_equal(owner_of(target), 0);
}

static void a_mistyped_path_grows_no_tree(void **state)
{
	(void)state;
	char deep[96];
	snprintf(deep, sizeof(deep), "%s/no/such/folder", folder);
	assert_int_equal(sandbox_own_folder(deep, user), -ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_root_it_becomes_nobody_and_gives_up_all),
		cmocka_unit_test(as_root_it_keeps_the_groups_that_are_named),
		cmocka_unit_test(without_root_the_rest_still_holds),
		cmocka_unit_test(files_outside_the_state_folder_are_out_of_reach),
		cmocka_unit_test(no_program_process_or_network_socket_can_be_made),
		cmocka_unit_test(a_store_in_the_state_folder_works),
		cmocka_unit_test(threads_addresses_and_the_configuration_work),
		cmocka_unit_test(a_folder_with_our_files_becomes_the_users),
		cmocka_unit_test(what_is_the_users_already_is_not_touched),
		cmocka_unit_test(a_link_in_the_users_folder_is_not_followed),
		cmocka_unit_test(a_folder_with_anything_else_in_it_is_left_alone),
		cmocka_unit_test(a_mistyped_path_grows_no_tree),
	};
	return cmocka_run_group_tests(tests, make_folders, remove_folders);
}
