/*
 * calls_runner.c: the system calls of who runs a person's programs; see calls.h.
 */
#include <errno.h>
#include <sched.h>
#include <stddef.h>
#include <sys/ioctl.h>

#include "guard/calls.h"
#include "guard/calls_inside.h"

/*
 * It starts programs that nobody here knows: what they may do is all but what takes
 * root, looks into other processes, or opens parts of the kernel that none of them
 * needs, such as namespaces, in which an ordinary user has all rights.
 */
static const char *const not_of_runner[] = {
	/* other processes */
	"kcmp", "pidfd_getfd", "process_madvise", "process_vm_readv",
	"process_vm_writev", "ptrace",
	/* the kernel itself */
	"bpf", "delete_module", "finit_module", "init_module", "io_uring_enter",
	"io_uring_register", "io_uring_setup", "ioperm", "iopl", "kexec_file_load",
	"kexec_load", "perf_event_open", "syslog", "userfaultfd",
	/* namespaces and mounts */
	"fsconfig", "fsmount", "fsopen", "fspick", "mount", "mount_setattr",
	"move_mount", "open_by_handle_at", "open_tree", "pivot_root", "setns",
	"umount2", "unshare",
	/* keys, clocks and the machine */
	"acct", "add_key", "clock_adjtime", "clock_settime", "fanotify_init", "keyctl",
	"quotactl", "quotactl_fd", "reboot", "request_key", "setdomainname",
	"sethostname", "settimeofday", "swapoff", "swapon", "vhangup", NULL
};

static int refuse_namespaces(scmp_filter_ctx filter)
{
	static const uint64_t kinds[] = { CLONE_NEWUSER,  CLONE_NEWNS,  CLONE_NEWNET,
					  CLONE_NEWPID,   CLONE_NEWUTS, CLONE_NEWIPC,
					  CLONE_NEWCGROUP };
	int error = calls_add(filter, SCMP_ACT_ERRNO(ENOSYS), "clone3", 0, NULL);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && error == 0; i++) {
		const struct scmp_arg_cmp is_asked = bits_are(0, kinds[i], kinds[i]);
		error = calls_add(filter, SCMP_ACT_ERRNO(EPERM), "clone", 1, &is_asked);
	}
	return error;
}

static int fill_runner(scmp_filter_ctx filter)
{
	const struct scmp_arg_cmp types = argument_is(1, TIOCSTI);
	int error = refuse_namespaces(filter);
	for (const char *const *name = not_of_runner; *name != NULL && error == 0;
	     name++)
		error = calls_add(filter, SCMP_ACT_ERRNO(EPERM), *name, 0, NULL);
	return error != 0
		       ? error
		       : calls_add(filter, SCMP_ACT_ERRNO(EPERM), "ioctl", 1, &types);
}

int calls_limit_runner(void)
{
	return calls_load(seccomp_init(SCMP_ACT_ALLOW), fill_runner, NULL);
}
