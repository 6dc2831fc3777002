/*
 * way.h: what a way of asking offers to the sweep, and the sweep to it.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "scan/sweep.h"

struct probe {
	uint64_t index;
	uint32_t host;
	uint16_t port;
	struct addr addr;
};

struct way {
	const struct way_ops *ops;
	struct sweep *sweep; /* set by sweep_new() */
};

struct way_ops {
	/*
	 * How many of them were sent, in their order: fewer if there is no room just
	 * now.  One that can't be sent (no route, a local rule) counts as sent, as it
	 * will have no answer.  -errno: nothing can be sent any more.
	 */
	int (*send)(struct way *way, const struct probe *probes, int count,
		    unsigned pass);
	/* Takes what has come, waiting for it at most so long. 0 or -errno. */
	int (*listen)(struct way *way, int64_t wait_us);
	/* Answers that were lost in the kernel; NULL: none can be. */
	uint64_t (*unread)(struct way *way);
	void (*close)(struct way *way);
	/* True if no answer is awaited any more; NULL: that can't be known. */
	bool (*is_idle)(const struct way *way);
	/* Between two probes of one host in further passes; 0: as the rate allows. */
	int64_t again_us;
	/* What silence means. */
	enum scan_state silence;
};

/* What a way heard; addresses and ports that were not asked are not taken. */
struct heard {
	struct addr addr;
	uint16_t port;
	unsigned pass;
	enum scan_state state;
	const char *reason;
	int ttl;
	int64_t rtt_us;    /* -1: by when it was sent, if that is still known */
	int64_t at_us;     /* Unix time */
	struct bytes said; /* the datagram that answered; else empty */
};
void sweep_hear(struct sweep *sweep, const struct heard *heard);

/* One was counted as sent that could not be: why, as an errno. */
void sweep_could_not_send(struct sweep *sweep, int error);

const struct sweep_plan *sweep_plan_of(const struct sweep *sweep);

/* NULL with a sentence in error; *status is an errno (EPERM: may not send packets). */
struct way *way_syn(const struct sweep_plan *plan, char error[static SWEEP_ERROR_MAX],
		    int *status);
struct way *way_connect(const struct sweep_plan *plan,
			char error[static SWEEP_ERROR_MAX], int *status);
struct way *way_udp(const struct sweep_plan *plan, char error[static SWEEP_ERROR_MAX],
		    int *status);
