/*
 * entry.h: one line of the register, and the register.  Private to the room.
 *
 * No two entries overlap, so that one entry at most decides about a listener: check.c
 * sees to it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/buf.h"
#include "policy/policy.h"

enum {
	ENTRIES_MAX = 4096,
	PREFIXES_MAX = 1024, /* in one list */
	ENTRY_FILE_MAX = 4 << 20,
	ENTRY_TEXT_MAX = 255,
};

#define EXPIRES_NEVER INT64_MAX

enum transport { TRANSPORT_TCP, TRANSPORT_UDP, TRANSPORT_SCTP, TRANSPORTS };

/* Whose network namespace: the one Breakwater runs in, or another's (a container). */
enum scope { SCOPE_OWN, SCOPE_OTHER, SCOPE_ANY };

enum entry_text {
	TEXT_EXE, /* these four say which program; "*" in them is any run without "/" */
	TEXT_UNIT,
	TEXT_PACKAGE,
	TEXT_USER,
	PROGRAM_TEXTS,
	TEXT_PROTOCOL = PROGRAM_TEXTS,
	TEXT_OWNER,
	TEXT_REASON,
	TEXT_APPROVER,
	ENTRY_TEXTS
};

struct prefixes {
	struct prefix *at; /* owned */
	size_t count;
	bool any;
};

struct entry {
	uint16_t first, last; /* ports */
	enum transport transport;
	enum scope scope;
	struct prefixes addresses, clients;
	char *texts[ENTRY_TEXTS]; /* owned; NULL: not said */
	int64_t expires_us;       /* not valid from then on */
	int64_t review_us; /* when the next review is due; UNKNOWN_TIME: not said */
	field_text32 id;   /* of what it allows, and to which program; see approval.c */
	size_t line, column;
};

struct policy {
	char *name;            /* of the file, for messages */
	struct entry *entries; /* sorted by transport and first port */
	uint16_t *reach;       /* highest last port of the transport's up to this one */
	size_t count, size;
	size_t begin[TRANSPORTS + 1]; /* entries of each transport */
};

extern const char *const transport_names[TRANSPORTS];
extern const char *const entry_text_names[ENTRY_TEXTS];

/* TRANSPORTS if the name is none of ours, or NULL. */
enum transport transport_of(const char *name);

/* "22/tcp", "8000-8010/udp". */
void entry_say_port(struct buf *out, const struct entry *entry);

/* False without memory, or beyond PREFIXES_MAX. One already there is not added. */
bool prefixes_add(struct prefixes *list, const struct prefix *prefix);
/* Of the same family only: ::/0 holds no IPv4. */
bool prefixes_hold(const struct prefixes *list, const struct addr *addr);
bool prefixes_overlap(const struct prefixes *a, const struct prefixes *b);

/* "10.0.0.0/8"; a whole address without its length. */
void prefix_say(struct buf *out, const struct prefix *prefix);
bool prefix_is_v4(const struct prefix *prefix);
bool prefix_is_loopback(const struct prefix *prefix);

/* False if a listener can't be of both: the same key says something else. */
bool entry_may_be_one_program(const struct entry *a, const struct entry *b);

/* Cuts what the kernel adds to a program whose file is gone, as after an upgrade. */
void entry_without_deleted(char *exe);

void entry_free(struct entry *entry);

/* Sets its id. False without memory. */
bool entry_identify(struct entry *entry);

/* Sorts, and says every overlap as an error line; true if there was none. */
bool policy_index(struct policy *policy, struct buf *errors);

/*
 * The entries that may hold the port, from *at on; NULL after the last.  Start with
 * policy_find().
 */
struct entry_walk {
	const struct policy *policy;
	size_t at, begin;
	uint16_t port;
};
struct entry_walk policy_find(const struct policy *policy, enum transport transport,
			      uint16_t port);
const struct entry *policy_next(struct entry_walk *walk);
