/*
 * runner_start.c: see runner_start.h.
 *
 * A program finds: the input as a file that is read from its begin, nothing else open;
 * PATH, LANG and our words; the folder /; a session of its own; signals as usual.
 */
#include "guard/runner_start.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guard/landlock.h"

enum {
	/* More than it may last by the clock, for one that has threads. */
	CPU_S = 4 * RUNNER_DEADLINE_MS / 1000,
	/* Of all of that user's, who runs the daemon as well. */
	PROCESSES = 256,
	PEOPLE_FROM = 1000, /* users below are of the system (Debian policy 9.2.2) */
	NOBODY = 65534,
	DESCRIPTORS = 1024,
	OWN_ONLY = 077,
	CANNOT_EXECUTE = 126, /* as a shell says it */
	ENVIRONMENT_MAX = 3 + RUNNER_WORDS_MAX,
	ENTRY_MAX = 16 + RUNNER_NAME_MAX + RUNNER_VALUE_MAX,
};

/* ---- in the new process ---- */

/* By the kernel's own call: glibc's refuses the two signals that it keeps for its
 * threads, and whoever started us may have left them ignored.
 */
static void set_signals(pid_t parent)
{
	const struct {
		void *handler;
		unsigned long flags;
		void *restorer;
		uint64_t mask;
	} usual = { 0 };
	sigset_t none;
	for (int number = 1; number < NSIG; number++)
		syscall(SYS_rt_sigaction, number, &usual, NULL, sizeof usual.mask);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(CANNOT_EXECUTE);
}

static void limit(int what, rlim_t value)
{
	struct rlimit now, wanted = { value, value };
	if (getrlimit((__rlimit_resource_t)what, &now) != 0)
		return;
	if (now.rlim_max < value)
		wanted.rlim_cur = wanted.rlim_max = now.rlim_max;
	setrlimit((__rlimit_resource_t)what, &wanted);
}

/* A person may have more processes than that already, and none could begin. */
static bool is_of_system(uid_t uid)
{
	return (uid != 0 && uid < PEOPLE_FROM) || uid == NOBODY;
}

static void set_limits(void)
{
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_CPU, CPU_S);
	limit(RLIMIT_NOFILE, DESCRIPTORS);
	if (is_of_system(getuid()))
		limit(RLIMIT_NPROC, PROCESSES);
}

static void set_descriptors(int input, int said)
{
	int nothing = open("/dev/null", O_RDWR);
	dup2(input, STDIN_FILENO);
	dup2(nothing, STDOUT_FILENO);
	dup2(said, STDERR_FILENO);
	close_range(STDERR_FILENO + 1, UINT_MAX, 0);
}

struct environment {
	char text[ENVIRONMENT_MAX][ENTRY_MAX];
	char *at[ENVIRONMENT_MAX + 1]; /* ended by NULL */
	size_t count;
};

static void put(struct environment *all, const char *name, const char *value)
{
	char *text = all->text[all->count];
	snprintf(text, ENTRY_MAX, "%s=%s", name, value);
	all->at[all->count++] = text;
}

static void fill(struct environment *all, const struct runner_job *job)
{
	put(all, "PATH",
	    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	put(all, "LANG", "C.UTF-8");
	for (uint32_t i = 0; i < job->word_count; i++) {
		char name[16 + RUNNER_NAME_MAX];
		snprintf(name, sizeof(name), "BREAKWATER_%s", job->words[i].name);
		put(all, name, job->words[i].value);
	}
	all->at[all->count] = NULL;
}

_Noreturn static void become(const char *path, const struct runner_job *job,
			     bool is_root, int input, int said, pid_t parent)
{
	static struct environment all;
	char *arguments[] = { (char *)path, NULL };
	set_signals(parent);
	setsid();
	set_descriptors(input, said);
	set_limits();
	umask(OWN_ONLY);
	if (chdir("/") == 0) {
		fill(&all, job);
		if (!is_root)
			landlock_signal_nobody();
		execve(path, arguments, all.at);
	}
	dprintf(STDERR_FILENO, "can't be run: %s", strerror(errno));
	_exit(CANNOT_EXECUTE);
}

/* ---- here ---- */

static int input_of(const struct runner_job *job)
{
	int fd = memfd_create("input", MFD_CLOEXEC);
	if (fd >= 0 && pwrite(fd, job->input, job->len, 0) == (ssize_t)job->len)
		return fd;
	int error = errno != 0 ? -errno : -EIO;
	if (fd >= 0)
		close(fd);
	return error;
}

static int begin(const char *path, const struct runner_job *job, bool is_root,
		 int input, struct runner_begun *out)
{
	int said[2];
	pid_t parent = getpid();
	if (pipe2(said, O_CLOEXEC) != 0)
		return -errno;
	fcntl(said[0], F_SETFL, O_NONBLOCK);
	pid_t pid = fork();
	if (pid == 0)
		become(path, job, is_root, input, said[1], parent);
	int process = pid > 0 ? pidfd_open(pid, 0) : -1;
	int error = process < 0 ? -errno : 0;
	close(said[1]);
	*out = (struct runner_begun){ pid, process, said[0] };
	if (error == 0)
		return 0;
	close(said[0]);
	if (pid > 0) {
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
	}
	return error;
}

int runner_start(const char *path, const struct runner_job *job, bool is_root,
		 struct runner_begun *out)
{
	int input = input_of(job);
	if (input < 0)
		return input;
	int error = begin(path, job, is_root, input, out);
	close(input);
	return error;
}
