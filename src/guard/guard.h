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

enum { GUARD_EVENT_MAX = 2048, GUARD_TEXT_MAX = 160 };

/* What the guard does; everything here runs in its process, in one thread. */
struct guard_task {
	void *self;
	/* Once, in the child, with its privileges.  False: it can't. */
	bool (*open)(void *self);
	/*
	 * A packet socket in fds[0], and in fds[1] the program that steers a fanout
	 * group
	 * (-1: none).  0 or -errno.
	 */
	int (*open_capture)(void *self, int fds[2]);
	/* Something to wait for and to do when it is readable or the time has come. */
	int (*fd)(void *self);
	int (*timeout_ms)(void *self);
	void (*run)(void *self);
	void (*close)(void *self);
	const char *socket_path; /* removed at the end, when nobody else may; or NULL */
};

struct guard;
/*
 * Forks.  In the parent, the guard; NULL and errno if it can't be.  Never returns in
 * the child.
 */
struct guard *guard_fork(const struct guard_task *task);

/* In the child, from task->run(): sends an event of at most GUARD_EVENT_MAX bytes. */
void guard_emit(const void *event, size_t len);

/* In the parent.  0 or -errno; the descriptors are the caller's. */
int guard_open_capture(struct guard *guard, int fds[2]);

/* Readable when events wait. */
int guard_fd(const struct guard *guard);
/* The next event; its length, 0 if none waits, -EPIPE if the guard is gone. */
int guard_next(struct guard *guard, void *event, size_t size);
bool guard_is_alive(struct guard *guard);
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

const char *sandbox_part_name(enum sandbox_part part);

/*
 * Makes the folder, if missing, and it and what is in it the user's.  user: its name;
 * if there is none, "nobody".  0 or -errno.  Needs root; without, it only makes it.
 */
int sandbox_own_folder(const char *folder, const char *user);

/*
 * Gives up everything but read and write in state_folder, for good, for this thread
 * and those it will start.  What can't be done is in the report, and no failure.
 * Descriptors that are open stay.
 */
void sandbox_enter(const char *user, const char *state_folder,
		   struct sandbox_report *report);
