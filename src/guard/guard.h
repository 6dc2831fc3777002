/*
 * guard.h: the one process that keeps privileges, and how the others give them up.
 *
 * guard_fork() makes it before any thread: the child keeps the few capabilities its
 * tasks need, does only what fixed-size messages ask, and ends when the daemon does.
 * The daemon then calls sandbox_enter() and runs as an ordinary user.  The model is
 * privilege separation as in OpenSSH (Provos, Friedl, Honeyman: "Preventing Privilege
 * Escalation", USENIX Security 2003), OpenBSD's relayd and ntpd, and lldpd.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "guard/kind.h"

enum { GUARD_EVENT_MAX = 2048, GUARD_TEXT_MAX = 160 };

/*
 * What the guard does; everything here runs in its process, in one thread, with its
 * capabilities and under its seccomp filter (calls.c).  A function may be NULL.
 */
struct guard_task {
	enum guard_kind kind;
	const char *user; /* but of the guard: whom it becomes, as in sandbox_enter() */
	/*
	 * Files that it may read as well, as far as its user may: their folders, with
	 * all below, as who changes a file may put a new one in its place.  Of a name
	 * with wildcards, the folder before the first; what ends with "/" is one.
	 */
	const char *const *readable;
	size_t readable_count;
	/* Of the sender, the reporter and the courier: folders it may write in, with
	 * all below, ended by NULL. */
	const char *const *writable;
	/* Of a prober: it will call guard_netns_socket(). */
	bool needs_netns;
	/* Of the wall: programs in the kernel, bpf(2). */
	bool needs_bpf;
	/* Of the runner: root, with all that root has, as a person wants it so. */
	bool stays_root;
	void *self;
	/* Once, unconfined, as whoever the daemon is; what it opens stays open. */
	void (*prepare)(void *self);
	/* The same, each time that it begins. */
	void (*begin_life)(void *self);
	/* Once. False: it can't; fd, timeout_ms and run are never called then. */
	bool (*open)(void *self);
	/*
	 * A packet socket in fds[0], and in fds[1] the program that steers a fanout
	 * group (-1: none).  0 or -errno.  Also called while run() sends
	 * its events.
	 */
	int (*open_capture)(void *self, int fds[2]);
	/* Something to wait for and to do when it is readable or the time has come. */
	int (*fd)(void *self);
	int (*timeout_ms)(void *self);
	void (*run)(void *self);
	void (*close)(void *self);
	/* A message of guard_tell(); NULL: there are none. */
	void (*take)(void *self, const void *message, size_t len);
	const char *socket_path; /* see guard_note_socket(); or NULL */
};

struct guard;

/*
 * Forks, and waits until the child has confined itself.  In the parent, the guard; NULL
 * and errno if it can't be.  Never returns in the child.
 *
 * An ordinary user gets a guard as well, which can't do more than that user: it looks
 * where the daemon's sandbox does not let it look any more, and tidies up.
 */
struct guard *guard_fork(const struct guard_task *task);

/*
 * In the child, from task->open() or run(): sends an event of at most GUARD_EVENT_MAX
 * bytes.  Waits for a daemon that does not read, so no event is lost here: what comes
 * meanwhile waits in the kernel, whose own counters tell when that was not enough.
 */
void guard_emit(const void *event, size_t len);

/* The same, but waits no longer than that: false, and the event is lost. */
bool guard_try_emit(const void *event, size_t len, int patience_ms);

/* In the child: when the one before it ended, by CLOCK_MONOTONIC; 0: there was none. */
int64_t guard_predecessor_ended_us(void);

/*
 * In a prober: a socket in another network namespace, by its name in /run/netns, made
 * by a process of its own (maker.h).  -1 and errno; EPERM: not task->needs_netns, or it
 * has no right to.
 */
int guard_netns_socket(const char *netns, int family, int type, int protocol);

/* In the parent.  0 or -errno; the descriptors are the caller's. */
int guard_open_capture(struct guard *guard, int fds[2]);

/*
 * task->socket_path is there: the guard removes it at the end, if it is still the same
 * socket and not that of a later daemon.  0 or -errno.
 */
int guard_note_socket(struct guard *guard);

/* To task->take(), at most GUARD_EVENT_MAX bytes.  0; -EAGAIN: too many wait; -EPIPE:
 * nobody is there, perhaps only now. */
int guard_tell(struct guard *guard, const void *message, size_t len);

/* Readable when events wait, or the guard is gone. */
int guard_fd(const struct guard *guard);
/*
 * The next event; its length, 0 if none is known to wait, -EPIPE if the guard is gone;
 * -ECHILD, once, if it has ended and will be started again: what comes next is of
 * another; -EPROTO: a message that no guard of ours sends, which is passed over.
 */
int guard_next(struct guard *guard, void *event, size_t size);
/* Also while one that ended is about to be started again. */
bool guard_is_alive(struct guard *guard);
/* How often it ended, and was to be started again. */
uint32_t guard_ends(const struct guard *guard);
pid_t guard_pid(const struct guard *guard);
/* True if that is it, or who starts it again. */
bool guard_is_pid(const struct guard *guard, pid_t pid);
/* False unless it is alive and confined; text: "pid 123", or what is wrong. */
bool guard_describe(struct guard *guard, char text[static GUARD_TEXT_MAX]);
/* Ends the guard, and waits for that, but not for long. */
void guard_close(struct guard *guard);

/* ---- the rest ---- */

enum sandbox_part {
	SANDBOX_USER,         /* an ordinary user */
	SANDBOX_CAPABILITIES, /* none left */
	SANDBOX_NO_NEW_PRIVS, /* prctl(2) */
	SANDBOX_LANDLOCK,     /* landlock(7): the state folder only */
	SANDBOX_SECCOMP,      /* seccomp(2): the system calls it needs */
	SANDBOX_PARTS
};

struct sandbox_report {
	bool holds[SANDBOX_PARTS];
	char detail[SANDBOX_PARTS][GUARD_TEXT_MAX]; /* "breakwater", or why not */
};

/* "user", "capabilities", "no_new_privs", "landlock", "seccomp". */
const char *sandbox_part_name(enum sandbox_part part);

/*
 * Makes the folder, but not its parents, and makes it and what is in it the user's
 * (user: its name; if there is none, "nobody").  A folder that holds anything but plain
 * files of root or of that user is somebody else's, and is left as it is: -ENOTEMPTY.
 * So is one of root's that has files, but neither a store nor a register.
 * 0 or -errno.  Without root it only makes the folder.
 */
int sandbox_own_folder(const char *folder, const char *user);
/* And one of that name in it, which is no link: the user may have put one there. */
int sandbox_own_inside(const char *folder, const char *name, const char *user);

/*
 * Gives up everything but read and write in state_folder, for good, for this thread
 * and those it will start.  readable: files and folders that stay readable as well, as
 * far as the user may read them; ended by NULL.  groups: the only ones that the user is
 * also a member of, besides its own, those that exist; ended by NULL.  What can't be
 * done is in *out, and no failure.  Descriptors that are open stay.
 *
 * A system call that is not foreseen fails with EPERM; with BREAKWATER_SECCOMP=kill in
 * the environment it ends the process, so that tests find it.
 */
void sandbox_enter(const char *user, const char *state_folder,
		   const char *const *readable, const char *const *groups,
		   struct sandbox_report *out);
/* The same of a hub, which has connections of its own to servers and databases. */
void sandbox_enter_hub(const char *user, const char *state_folder,
		       const char *const *readable, struct sandbox_report *out);
