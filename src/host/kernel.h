/*
 * kernel.h: our programs in the kernel (bpf/host.bpf.c): loaded, attached, listened to.
 *
 * Each part works without the others; what can't be had has a reason.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "host/kernel_event.h"

struct kernel_sink {
	void *self;
	void (*change)(void *self, const struct kernel_change *change);
	void (*connection)(void *self, const struct kernel_connection *connection);
};

enum { KERNEL_PROGRAMS = 6 };

struct kernel {
	struct bpf_object *object;
	struct bpf_link *link[KERNEL_PROGRAMS];
	struct ring_buffer *rings;
	struct kernel_sink sink;
	int lost;         /* map */
	bool tells_tcp;   /* changes of TCP and SCTP, and connections */
	bool tells_udp;   /* changes of UDP */
	int files, tasks; /* iterators: links in `link`; -1: none */
	char reason[120]; /* why not all of it; "" if all */
};

/* Takes what it can get; says in `reason` what not. */
void kernel_open(struct kernel *kernel, const struct kernel_sink *sink);
/* None of it, as if the kernel had refused. */
void kernel_without(struct kernel *kernel, const char *reason);
void kernel_close(struct kernel *kernel);

/* An epoll descriptor that is readable when events wait; -1: there are none. */
int kernel_fd(const struct kernel *kernel);
void kernel_drain(struct kernel *kernel);
/* Events that had no room since the start, by KERNEL_LOST_. */
uint64_t kernel_lost(const struct kernel *kernel, uint32_t kind);

/* Every open socket of every process.  0 or -errno. */
int kernel_files(const struct kernel *kernel,
		 void (*see)(void *to, const struct kernel_file *file), void *to);
/* Every process and its network namespace. */
int kernel_tasks(const struct kernel *kernel,
		 void (*see)(void *to, const struct kernel_task *task), void *to);

/* The compiled programs (kernel_object.c). */
extern const uint8_t kernel_object[], kernel_object_end[];

/* Where the hierarchy of control groups version 2 is, in the text of mountinfo. */
bool kernel_cgroup_root(const char *mountinfo, char *out, size_t size);
