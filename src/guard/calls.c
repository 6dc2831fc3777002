/*
 * calls.c: see calls.h.
 *
 * The lists are by name, and say what the C library, SQLite and libmicrohttpd do with
 * them.  A name that this machine's kernel or libseccomp does not know is left out.
 */
#include "guard/calls.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "guard/calls_inside.h"

/* Each list ends with NULL. */
static const char *const common[] = {
	/* memory; mmap and mprotect are below */
	"brk", "madvise", "mremap", "munmap", "msync",
	/* threads and time */
	"clock_getres", "clock_gettime", "clock_nanosleep", "exit", "exit_group",
	"futex", "futex_waitv", "getcpu", "getpid", "getppid", "gettid", "gettimeofday",
	"membarrier", "nanosleep", "restart_syscall", "rseq", "sched_getaffinity",
	"sched_getparam", "sched_getscheduler", "sched_yield", "set_robust_list",
	"sysinfo", "time", "times", "uname",
	/* signals */
	"rt_sigaction", "rt_sigpending", "rt_sigprocmask", "rt_sigreturn",
	"rt_sigtimedwait", "sigaltstack", "signalfd4",
	/* files */
	"access", "close", "close_range", "dup", "dup2", "dup3", "faccessat",
	"faccessat2", "fcntl", "flock", "fstat", "fstatfs", "getcwd", "getdents64",
	"lseek", "lstat", "newfstatat", "pread64", "preadv", "read", "readlink",
	"readlinkat", "readv", "stat", "statfs", "statx", "umask", "write", "writev",
	/* waiting */
	"epoll_create1", "epoll_ctl", "epoll_pwait", "epoll_pwait2", "epoll_wait",
	"eventfd2", "pipe2", "poll", "ppoll", "pselect6", "select", "timerfd_create",
	"timerfd_gettime", "timerfd_settime", "wait4", "waitid",
	/* sockets; socket(2) itself is below */
	"bind", "connect", "getpeername", "getsockname", "getsockopt", "recvfrom",
	"recvmmsg", "recvmsg", "sendmmsg", "sendmsg", "sendto", "setsockopt",
	"shutdown",
	/* who am I */
	"capget", "getegid", "geteuid", "getgid", "getgroups", "getrandom", "getrusage",
	"getuid", NULL
};

static const char *const of_daemon[] = {
	/* the store and whatever else is written to the state folder */
	"copy_file_range", "fadvise64", "fallocate", "fchmod", "fdatasync", "fsync",
	"ftruncate", "mkdir", "mkdirat", "open", "openat", "pwrite64", "pwritev",
	"rename", "renameat", "renameat2", "rmdir", "sync_file_range", "unlink",
	"unlinkat", "utimensat",
	/* the database of countries, copied into memory that is sealed */
	"memfd_create",
	/* the HTTP server */
	"accept", "accept4", "sendfile",
	/* whether the clock is right; to set it takes a right */
	"adjtimex",
	/* who forecasts steps back; to come forward takes a right */
	"setpriority",
	/* the journal: libsystemd notices new files of it */
	"inotify_init1", "inotify_add_watch", "inotify_rm_watch", NULL
};

static const char *const of_sender[] = {
	/* the spool, and files of events */
	"fdatasync", "fsync", "ftruncate", "mkdir", "mkdirat", "open", "openat",
	"rename", "renameat", "renameat2", "unlink", "unlinkat",
	/* the journal takes what is long in memory that is sealed */
	"memfd_create", NULL
};

static const char *const of_guard[] = {
	/* who listens */
	"bpf", "perf_event_open", "setns", "pidfd_open", "name_to_handle_at",
	"inotify_init1", "inotify_add_watch", "inotify_rm_watch", "getpgid", "getsid",
	/* the daemon's socket, at the end */
	"unlink", "unlinkat", NULL
};

int calls_add(scmp_filter_ctx filter, uint32_t action, const char *name, unsigned count,
	      const struct scmp_arg_cmp *conditions)
{
	int number = seccomp_syscall_resolve_name(name);
	if (number == __NR_SCMP_ERROR)
		return 0;
	int error = seccomp_rule_add_array(filter, action, number, count, conditions);
	return error == -EDOM ? 0 : error; /* another architecture's */
}

int calls_allow(scmp_filter_ctx filter, const char *const *names)
{
	int error = 0;
	for (; *names != NULL && error == 0; names++)
		error = calls_add(filter, SCMP_ACT_ALLOW, *names, 0, NULL);
	return error;
}

static int allow_if(scmp_filter_ctx filter, const char *name, struct scmp_arg_cmp is)
{
	return calls_add(filter, SCMP_ACT_ALLOW, name, 1, &is);
}

/* None of it is made executable. */
static int allow_memory(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp not_executable = bits_are(2, PROT_EXEC, 0);
	int error = allow_if(filter, "mmap", not_executable);
	return error != 0 ? error : allow_if(filter, "mprotect", not_executable);
}

/* Threads, but no processes. */
static int allow_memory_and_threads(scmp_filter_ctx filter)
{
	const uint64_t thread = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD;
	int error = allow_memory(filter);
	if (error == 0)
		error = allow_if(filter, "clone", bits_are(0, thread, thread));
	/* Its flags are behind a pointer, out of sight: the C library then takes the
	 * old one. */
	if (error == 0)
		error = calls_add(filter, SCMP_ACT_ERRNO(ENOSYS), "clone3", 0, NULL);
	/* How abort(3) ends a process: others of its user it does not. */
	if (error == 0)
		error = allow_if(filter, "tgkill", argument_is(0, (uint64_t)getpid()));
	/* Its own limits: asking, and lowering; raising takes a capability. */
	if (error == 0)
		error = allow_if(filter, "prlimit64", argument_is(0, 0));
	/* Names of threads and of memory. */
	if (error == 0)
		error = allow_if(filter, "prctl", argument_is(0, PR_SET_NAME));
	if (error == 0)
		error = allow_if(filter, "prctl", argument_is(0, PR_SET_VMA));
	return error;
}

int calls_allow_families(scmp_filter_ctx filter, const int *families, size_t count)
{
	int error = 0;
	for (size_t i = 0; i < count && error == 0; i++)
		error = allow_if(filter, "socket",
				 argument_is(0, (uint64_t)families[i]));
	return error;
}

/* Nothing that types into the terminal (TIOCSTI). */
static int allow_ioctls(scmp_filter_ctx filter)
{
	static const unsigned long asked[] = { TCGETS,       TIOCGWINSZ,   FIONREAD,
					       FIONBIO,      SIOCGIFNAME,  SIOCGIFINDEX,
					       SIOCGIFFLAGS, SIOCGIFHWADDR };
	int error = 0;
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]) && error == 0; i++)
		error = allow_if(filter, "ioctl", argument_is(1, asked[i]));
	return error;
}

/* As on a kernel without IP: getaddrinfo(3), which libpcap asks for the port of a name,
 * only sorts by it. */
static int refuse_network(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp v4 = argument_is(0, AF_INET);
	const struct scmp_arg_cmp v6 = argument_is(0, AF_INET6);
	const uint32_t action = SCMP_ACT_ERRNO(EAFNOSUPPORT);
	int error = calls_add(filter, action, "socket", 1, &v4);
	return error != 0 ? error : calls_add(filter, action, "socket", 1, &v6);
}

/* getifaddrs(3), rtnetlink(7), and what looks for nscd(8). */
int calls_fill_daemon_or_hub(scmp_filter_ctx filter)
{
	static const int families[] = { AF_UNIX, AF_NETLINK };
	int error = calls_allow(filter, of_daemon);
	if (error == 0)
		error = calls_allow_families(filter, families, 2);
	if (error == 0)
		error = allow_ioctls(filter);
	return error;
}

static int fill_daemon(scmp_filter_ctx filter)
{
	int error = calls_fill_daemon_or_hub(filter);
	return error != 0 ? error : refuse_network(filter);
}

/* It reads whatever it can, and writes nothing. */
static int allow_reading(scmp_filter_ctx filter)
{
	const uint64_t writing = O_ACCMODE | O_CREAT | O_TRUNC;
	int error = allow_if(filter, "open", bits_are(1, writing, 0));
	if (error == 0)
		error = allow_if(filter, "openat", bits_are(2, writing, 0));
	return error;
}

/* Of sockets, perf events and namespaces; again nothing of terminals. */
static int allow_kinds_of_ioctl(scmp_filter_ctx filter)
{
	static const uint64_t kinds[] = { 0x89, '$', 0xb7 }; /* _IOC_TYPE() */
	int error = allow_if(filter, "ioctl", argument_is(1, TCGETS));
	if (error == 0)
		error = allow_if(filter, "ioctl", argument_is(1, FIONREAD));
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && error == 0; i++)
		error = allow_if(filter, "ioctl", bits_are(1, 0xff00, kinds[i] << 8));
	return error;
}

static int fill_guard(scmp_filter_ctx filter)
{
	static const int families[] = { AF_UNIX, AF_NETLINK, AF_PACKET, AF_INET,
					AF_INET6 };
	int error = calls_allow(filter, of_guard);
	if (error == 0)
		error = calls_allow_families(filter, families, 5);
	if (error == 0)
		error = allow_kinds_of_ioctl(filter);
	if (error == 0)
		error = allow_reading(filter);
	return error;
}

/* Of sockets; and the question whether something is a terminal. */
int calls_allow_ioctls_of_sockets(scmp_filter_ctx filter)
{
	static const unsigned long asked[] = { TCGETS, FIONREAD, FIONBIO };
	int error = 0;
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]) && error == 0; i++)
		error = allow_if(filter, "ioctl", argument_is(1, asked[i]));
	return error;
}

/* libcurl wakes itself by one, which can't be connected elsewhere. */
int calls_allow_stream_pair(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp is[] = {
		argument_is(0, AF_UNIX),
		bits_are(1, ~(uint64_t)(SOCK_NONBLOCK | SOCK_CLOEXEC), SOCK_STREAM)
	};
	return calls_add(filter, SCMP_ACT_ALLOW, "socketpair", 2, is);
}

/*
 * No Unix socket: Landlock does not see who is connected to by its path, and our own
 * daemon's, and other services', listen there.  What looks for nscd(8) does without.
 */
int calls_limit_unix_sockets(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp is_unix = argument_is(0, AF_UNIX);
	int error =
		calls_add(filter, SCMP_ACT_ERRNO(EAFNOSUPPORT), "socket", 1, &is_unix);
	return error != 0 ? error : calls_allow_stream_pair(filter);
}

int calls_allow_type(scmp_filter_ctx filter, int family, int type, int protocol)
{
	const struct scmp_arg_cmp is[] = {
		argument_is(0, (uint64_t)family),
		bits_are(1, ~(uint64_t)(SOCK_NONBLOCK | SOCK_CLOEXEC), (uint64_t)type),
		argument_is(2, (uint64_t)protocol)
	};
	return calls_add(filter, SCMP_ACT_ALLOW, "socket", type == SOCK_RAW ? 3 : 2,
			 is);
}

/* TCP and UDP; as CAP_NET_RAW would let it hear all that comes, raw ones of ICMP only.
 */
static int allow_sockets_of(scmp_filter_ctx filter, int family, int icmp)
{
	int error = calls_allow_type(filter, family, SOCK_STREAM, 0);
	if (error == 0)
		error = calls_allow_type(filter, family, SOCK_DGRAM, 0);
	return error != 0 ? error : calls_allow_type(filter, family, SOCK_RAW, icmp);
}

static int fill_prober(scmp_filter_ctx filter)
{
	static const int families[] = { AF_NETLINK };
	int error = calls_limit_unix_sockets(filter);
	if (error == 0)
		error = calls_allow_families(filter, families, 1);
	if (error == 0)
		error = allow_sockets_of(filter, AF_INET, IPPROTO_ICMP);
	if (error == 0)
		error = allow_sockets_of(filter, AF_INET6, IPPROTO_ICMPV6);
	if (error == 0)
		error = calls_allow_ioctls_of_sockets(filter);
	if (error == 0)
		error = allow_reading(filter);
	return error;
}

/* TCP and UDP; and datagrams to the journal: no service listens for these that would
 * do something. */
static int fill_sender(scmp_filter_ctx filter)
{
	static const int families[] = { AF_NETLINK };
	int error = calls_allow(filter, of_sender);
	if (error == 0)
		error = calls_allow_families(filter, families, 1);
	if (error == 0)
		error = calls_allow_type(filter, AF_UNIX, SOCK_DGRAM, 0);
	if (error == 0)
		error = calls_allow_stream_pair(filter);
	if (error == 0)
		error = calls_allow_type(filter, AF_INET, SOCK_STREAM, 0);
	if (error == 0)
		error = calls_allow_type(filter, AF_INET, SOCK_DGRAM, 0);
	if (error == 0)
		error = calls_allow_type(filter, AF_INET6, SOCK_STREAM, 0);
	if (error == 0)
		error = calls_allow_type(filter, AF_INET6, SOCK_DGRAM, 0);
	return error != 0 ? error : calls_allow_ioctls_of_sockets(filter);
}

/* Into a network namespace, and into none of another kind. */
static int fill_maker(scmp_filter_ctx filter)
{
	static const char *const calls[] = { "close",        "exit_group", "recvmsg",
					     "rt_sigreturn", "sendmsg",    NULL };
	static const int families[] = { AF_INET, AF_INET6 };
	int error = calls_allow(filter, calls);
	if (error == 0)
		error = allow_if(filter, "setns", argument_is(1, CLONE_NEWNET));
	if (error == 0)
		error = calls_allow_families(filter, families, 2);
	if (error == 0)
		error = allow_reading(filter);
	return error;
}

/*
 * It serves sockets that are open, and takes what connects to them: none that it makes,
 * binds or connects itself, no memory, no file.
 */
static int fill_decoy(scmp_filter_ctx filter)
{
	static const char *const calls[] = {
		"accept4",
		"clock_gettime",
		"close",
		"epoll_create1",
		"epoll_ctl",
		"epoll_pwait",
		"epoll_wait",
		"exit_group",
		"geteuid",
		"getpid",
		"getrandom",
		"listen",
		"poll",
		"ppoll",
		"recvfrom",
		"recvmsg",
		"restart_syscall",
		"rt_sigreturn",
		"sendmsg",
		"sendto",
		"setsockopt",
		"shutdown",
		NULL,
	};
	return calls_allow(filter, calls);
}

static const char *const of_wall[] = {
	/* memory; mmap and mprotect are below */
	"brk",
	"madvise",
	"mremap",
	"munmap",
	/* the kernel's and the daemon's messages */
	"bind",
	"connect",
	"getsockname",
	"getsockopt",
	"poll",
	"ppoll",
	"epoll_create1",
	"epoll_ctl",
	"epoll_pwait",
	"epoll_wait",
	"recvfrom",
	"recvmsg",
	"sendmsg",
	"sendto",
	"setsockopt",
	/* what the machine says of itself */
	"access",
	"close",
	"faccessat2",
	"fcntl",
	"fstat",
	"getdents64",
	"inotify_add_watch",
	"inotify_init1",
	"inotify_rm_watch",
	"lseek",
	"lstat",
	"newfstatat",
	"pread64",
	"read",
	"readlink",
	"readlinkat",
	"stat",
	"statx",
	"write",
	"writev",
	/* itself */
	"clock_gettime",
	"clock_nanosleep",
	"exit_group",
	"futex",
	"geteuid",
	"getpid",
	"getrandom",
	"gettid",
	"nanosleep",
	"restart_syscall",
	"rt_sigprocmask",
	"rt_sigreturn",
	"sched_getaffinity",
	"uname",
	NULL,
};

static int allow_calls_of_wall(scmp_filter_ctx filter)
{
	return calls_allow(filter, of_wall);
}

/* No memory is made executable, no thread, no process, no socket but netlink's. */
static int fill_wall(scmp_filter_ctx filter)
{
	static const int families[] = { AF_NETLINK };
	int error = allow_calls_of_wall(filter);
	if (error == 0)
		error = allow_memory(filter);
	if (error == 0)
		error = calls_allow_families(filter, families, 1);
	if (error == 0)
		error = calls_allow_ioctls_of_sockets(filter);
	if (error == 0)
		error = allow_reading(filter);
	return error;
}

static int fill_wall_programs(scmp_filter_ctx filter)
{
	static const char *const calls[] = { "bpf", NULL };
	return calls_allow(filter, calls);
}

static int allow_calls_of_self_test(scmp_filter_ctx filter)
{
	static const char *const calls[] = {
		/* memory; mmap and mprotect are below */
		"brk",
		"madvise",
		"mremap",
		"munmap",
		/* what is sent, and what arrives */
		"accept4",
		"bind",
		"close",
		"connect",
		"getsockname",
		"listen",
		"poll",
		"ppoll",
		"recvfrom",
		"recvmsg",
		"sendmsg",
		"sendto",
		"setsockopt",
		/* itself */
		"clock_gettime",
		"clock_nanosleep",
		"exit_group",
		"fcntl",
		"futex",
		"geteuid",
		"getpid",
		"getrandom",
		"restart_syscall",
		"rt_sigreturn",
		NULL,
	};
	return calls_allow(filter, calls);
}

/* Into a network namespace of its own, and back. */
static int allow_networks(scmp_filter_ctx filter)
{
	int error = allow_if(filter, "unshare", argument_is(0, CLONE_NEWNET));
	return error != 0 ? error
			  : allow_if(filter, "setns", argument_is(1, CLONE_NEWNET));
}

static int fill_self_test(scmp_filter_ctx filter)
{
	static const int families[] = { AF_NETLINK, AF_INET, AF_INET6 };
	int error = allow_calls_of_self_test(filter);
	if (error == 0)
		error = allow_memory(filter);
	if (error == 0)
		error = allow_networks(filter);
	return error != 0 ? error : calls_allow_families(filter, families, 3);
}

int calls_fill_common(scmp_filter_ctx filter)
{
	int error = calls_allow(filter, common);
	return error != 0 ? error : allow_memory_and_threads(filter);
}

int calls_load(scmp_filter_ctx filter, int (*fill)(scmp_filter_ctx),
	       int (*fill_more)(scmp_filter_ctx))
{
	if (filter == NULL)
		return -ENOMEM;
	/* A tree instead of a list; older libraries have no such thing. */
	seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	int error = fill(filter);
	if (error == 0 && fill_more != NULL)
		error = fill_more(filter);
	if (error == 0)
		error = seccomp_load(filter);
	seccomp_release(filter);
	return error;
}

int calls_limit(int (*usual)(scmp_filter_ctx), int (*own)(scmp_filter_ctx))
{
	const char *mode = secure_getenv("BREAKWATER_SECCOMP");
	bool kills = mode != NULL && strcmp(mode, "kill") == 0;
	return calls_load(
		seccomp_init(kills ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_ERRNO(EPERM)),
		usual, own);
}

int calls_limit_daemon(void)
{
	return calls_limit(calls_fill_common, fill_daemon);
}

int calls_limit_guard(void)
{
	return calls_limit(calls_fill_common, fill_guard);
}

int calls_limit_prober(void)
{
	return calls_limit(calls_fill_common, fill_prober);
}

int calls_limit_sender(void)
{
	return calls_limit(calls_fill_common, fill_sender);
}

int calls_limit_decoy(void)
{
	return calls_limit(fill_decoy, NULL);
}

int calls_limit_wall(bool needs_bpf)
{
	return calls_limit(fill_wall, needs_bpf ? fill_wall_programs : NULL);
}

int calls_limit_self_test(void)
{
	return calls_limit(fill_self_test, NULL);
}

int calls_limit_maker(void)
{
	return calls_limit(fill_maker, NULL);
}
