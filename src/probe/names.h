/*
 * names.h: what names stand for, kept as long as their TTL allows; private to this
 * room, see asked.h.
 *
 * Who asks for a name that somebody asks for already waits for the same answer.  If the
 * resolver does not answer, what the name stood for before is still known (RFC 8767).
 */
#pragma once

#include "base/addr.h"
#include "base/hash.h"
#include "protocol/dns_message.h"

struct asked;
struct prober;
struct resolver;
struct target;

enum name_kind { NAME_ADDRESSES, NAME_SERVICES /* SRV, RFC 2782 */ };

enum {
	NAME_MOST = 64, /* kept of what one name stands for */
	NAME_TTL_MIN_S = 1,
	NAME_TTL_MAX_S = 3600,
	NAME_TRIED_S = 5, /* a resolver that did not answer is let alone for so long */
};

/* One of those that it stands for. */
struct name_one {
	struct addr addr; /* of NAME_ADDRESSES */
	/* Of NAME_SERVICES; of the one that is not offered the host is "". */
	uint16_t priority, weight, port;
	char *host; /* owned */
};

struct name {
	struct name *next; /* with the same hash */
	struct resolver *resolver;
	enum name_kind kind;
	uint8_t family; /* 4, 6; 0: both */
	char *host;
	int status; /* of c-ares, of the last answer */
	bool is_asking;
	int64_t until_us; /* it is not asked again before; monotonic */
	int64_t used_us;
	struct name_one *at; /* as the resolver, or priority and weight, order */
	size_t count;
	struct asked *waiting;
};

enum { NAME_HEADS = 1 << 12 };
struct names {
	struct hash_key key;
	struct name *heads[NAME_HEADS];
	size_t count, look_at; /* when there are so many, some may be idle */
	/* Of resolv.conf. */
	uint64_t stamp;
	int64_t look_us; /* when it is looked at again; monotonic */
};

/* What that target's name, or that of another host (NULL: none), stands for; NULL
 * without memory. */
struct name *name_of(struct prober *p, const struct target *target, const char *other);
/* False: it must be asked again. */
bool name_is_fresh(const struct name *name, int64_t now_us);
/* Asks, unless that is being done; resolve_answered() follows, perhaps at once. */
void name_ask(struct prober *p, struct name *name);
/* Of all: what is known is old, who waits is served by the resolvers of now. */
void names_begin_again(struct prober *p);
void names_free(struct prober *p);

/* What it stands for, and no more. */
void name_forget(struct name *name);

/* What a message says of services.  *ttl_s: the least.  False: none; no memory. */
bool name_services_read(struct name *name, struct bytes message, uint32_t *ttl_s);
