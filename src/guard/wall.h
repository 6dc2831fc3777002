/*
 * wall.h: what the process that alone touches the firewall is told, and what it tells.
 *
 * The wall is a process of its own (GUARD_WALL) with CAP_NET_ADMIN and CAP_NET_RAW, and
 * CAP_BPF where XDP is wanted; it reads nothing but messages of one size and what the
 * kernel and files of the machine say.  Whoever sends is judged as a stranger:
 * addresses that are never blocked, the bounds below and the end of each block are its
 * own doing.
 *
 * It holds a netlink socket that owns its nftables table (NFT_TABLE_F_OWNER, Linux
 * 5.12): nobody else changes that table, `nft flush ruleset` leaves it alone, and when
 * the process ends, however it does, the kernel removes all of it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "config/config.h"
#include "guard/guard.h"

enum {
	WALL_BLOCKS_MAX = 131072,
	WALL_ORDERS = 32, /* in a message */
	WALL_TOLD = 24,   /* in an event */
	WALL_SECONDS_MAX = 31 * 86400,
	WALL_WIDE_MAX = 16, /* networks of more than /16 of IPv4, /32 of IPv6 */
};

enum wall_action { WALL_DROP = 1, WALL_LIMIT, WALL_RESET };

/* How it ended, or that it began. */
enum wall_outcome {
	WALL_HELD = 1, /* the kernel holds it */
	WALL_ENDED,    /* its time has come */
	WALL_REMOVED,  /* as it was told to */
	WALL_VETOED,   /* reason: enum never_reason */
	WALL_TOO_MANY, /* beyond a bound: none new in this minute, or in all */
	WALL_FAILED,   /* error */
};

enum wall_flag {
	WALL_BY_HAND = 1,  /* a person asked: not one of the new ones a minute */
	WALL_RESTORED = 2, /* in force before a restart; only until WALL_READY */
};

struct wall_order {
	uint64_t id;         /* the caller's; not 0 */
	struct addr address; /* IPv4 mapped; bits behind the prefix are 0 */
	uint32_t left_s;     /* 1..WALL_SECONDS_MAX, from now on by CLOCK_BOOTTIME */
	uint32_t rate;       /* of WALL_LIMIT: packets a second; of WALL_SPARE: why */
	uint16_t port;       /* 0: all */
	uint8_t proto;       /* IPPROTO_TCP or UDP; 0: all */
	uint8_t prefix_len;  /* of the 128 */
	uint8_t action;      /* enum wall_action */
	uint8_t flags;
	uint8_t zero[10];
};

enum wall_message_kind {
	/*
	 * Each is answered by a wall_told.  An id that is held has this end and rate
	 * from now on; who asks for the same as another id has it, and the other is
	 * told WALL_REMOVED.
	 */
	WALL_ADD = 1,
	WALL_REMOVE, /* by id; the rest of the order is not looked at */
	WALL_READY,  /* all that was in force before has been told */
	WALL_SPARE,  /* address, prefix_len, left_s: adds to what is never blocked */
};

struct wall_message {
	uint32_t kind;
	uint32_t count; /* 1..WALL_ORDERS; of WALL_READY 0 */
	struct wall_order at[WALL_ORDERS];
};
_Static_assert(sizeof(struct wall_message) <= GUARD_EVENT_MAX, "one datagram");

/* ---- what it tells ---- */

struct wall_told {
	uint64_t id;
	uint64_t packets, bytes; /* stopped so far, of WALL_HELD when told again */
	uint32_t sessions;       /* ended */
	uint16_t outcome;        /* enum wall_outcome */
	uint16_t reason;         /* of a veto */
	int32_t error;           /* of a failure: -errno */
	uint32_t zero;
};

/* Packets that XDP dropped before any capture could see them, since last told. */
struct wall_dropped {
	struct addr server; /* unset, if proto is 0 */
	uint64_t packets, bytes;
	uint16_t port;
	uint8_t proto; /* 0: what has no port, or had no room; of any server */
	uint8_t zero[5];
};

/* Told when something changes, and every 10 s. */
struct wall_state {
	uint32_t held;      /* blocks in force */
	uint32_t in_kernel; /* elements that the kernel has, when last looked */
	uint32_t never;     /* addresses that are never blocked */
	uint32_t never_left_out;
	uint32_t repairs;   /* times that the kernel did not hold what it should */
	int32_t error;      /* 0, or why the firewall can't be had: -errno */
	uint32_t xdp;       /* interfaces where it is attached */
	int32_t xdp_error;  /* -EBUSY: another program is there; -ENODEV: no such one */
	uint64_t looked_us; /* CLOCK_BOOTTIME of the last comparison with the kernel */
	uint32_t is_owned;  /* the table is there, and nobody else can change it */
	uint32_t wanted;    /* of held: elements that the kernel should have */
	uint32_t xdp_generic; /* of xdp, those whose driver can't: slower */
	uint32_t untold;      /* events that the daemon did not take, modulo 2^32 */
};

/* One of those that are never blocked, for who decides; all of them when they change.
 */
struct wall_never {
	struct addr address;
	uint32_t left_s; /* UINT32_MAX: for good */
	uint16_t reason;
	uint8_t prefix_len;
	uint8_t is_first; /* what was told before is void */
};

enum wall_event_kind { WALL_TELLS = 1, WALL_DROPPED, WALL_STATE, WALL_NEVER };

struct wall_event {
	uint32_t kind;
	uint32_t count;
	union {
		struct wall_told told[WALL_TOLD];
		struct wall_dropped dropped[WALL_TOLD];
		struct wall_never never[WALL_TOLD];
		struct wall_state state;
	};
};
_Static_assert(sizeof(struct wall_event) <= GUARD_EVENT_MAX, "one datagram");

/* False if these bytes are no message that a daemon of ours sends. */
bool wall_message_parse(const void *bytes, size_t len, struct wall_message *out);
/* 0; -EINVAL: so many nobody may block; -EPERM: that many only a person may. */
int wall_order_width(const struct wall_order *order);
/* As large as a provider: a person needs few of these, and who poses as one gets no
 * more. */
bool wall_is_wide(const struct addr *address, uint8_t prefix_len);
/* The same of an event; numbers that index something are in range then. */
bool wall_event_parse(const void *bytes, size_t len, struct wall_event *out);

/* The task of that process; config is copied. */
struct guard_task wall_task(const struct config *config);
