/*
 * ration.c: see ration.h.
 */
#include "store/ration.h"

#include <stdlib.h>
#include <string.h>

enum {
	PROVEN_S = 600, /* as long as a handshake proves an address to who blocks */
	SOURCE_SECOND = 256,
	SETTLES = 8, /* of so many new sources one, where a place is in use */
	IN_USE_S = 600,
	/* A full day takes less than half of the room: the days before stay. */
	DAY_PART = 16,
};

/* Records a second. */
static const uint32_t second_most[RATION_CLASSES] = {
	[RATION_SINGLE] = 256, [RATION_SEVERAL] = 1024, [RATION_PROVEN] = 4096
};
/* Sixteenths of the room a day. */
static const uint32_t day_parts[RATION_CLASSES] = {
	[RATION_SINGLE] = 1, [RATION_SEVERAL] = 2, [RATION_PROVEN] = 4
};

void ration_open(struct ration *ration, uint64_t room_bytes)
{
	*ration = (struct ration){ .key = hash_key_random() };
	ration->sources = calloc(RATION_SOURCES, sizeof(*ration->sources));
	ration_room(ration, room_bytes);
}

void ration_room(struct ration *ration, uint64_t room_bytes)
{
	ration->day_bytes = room_bytes / DAY_PART;
}

void ration_close(struct ration *ration)
{
	free(ration->sources);
}

/* ---- what a record says of its source ---- */

/* Who did what where. */
struct act {
	const struct addr *client, *server;
	uint32_t port;
	int64_t at_us;
	bool is_proof;
};

static bool is_word(const char *a, const char *b)
{
	return a != NULL && strcmp(a, b) == 0;
}

static struct act of_contact(const struct contact_record *c)
{
	bool is_handshake = is_word(c->outcome, "handshake") ||
			    is_word(c->outcome, "slow") ||
			    is_word(c->outcome, "stalled");
	return (struct act){ &c->client_ip, &c->server_ip, c->port, c->at,
			     is_handshake && is_word(c->transport, "tcp") };
}

static struct act act_of(enum record_kind kind, const void *record)
{
	const struct flow_record *f = record;
	const struct login_record *l = record;
	const struct port_record *p = record;
	switch (kind) {
	case RECORD_contact:
		return of_contact(record);
	case RECORD_flow:
		return (struct act){ &f->client_ip, &f->server_ip, f->server_port,
				     f->end, is_word(f->transport, "tcp") };
	case RECORD_login:
		return (struct act){ &l->client_ip, &l->server_ip, l->server_port,
				     l->at, !is_word(l->transport, "udp") };
	default:
		return (struct act){ &p->server_ip, &p->server_ip, p->port, p->start,
				     true };
	}
}

/* ---- sources ---- */

/* New ones settle seldom where one is in use: who comes again is there, who is forged
 * is not. */
static struct ration_source *source_of(struct ration *ration, const struct act *act,
				       uint32_t now)
{
	struct addr source = addr_source(act->client);
	uint64_t words[2];
	memcpy(words, source.ip6, sizeof(words));
	uint64_t hash = hash_words(&ration->key, words, 2);
	uint32_t tag = (uint32_t)(hash >> 32) | 1;
	struct ration_source *at = &ration->sources[hash % RATION_SOURCES];
	if (at->tag == tag)
		return at;
	bool is_in_use = at->tag != 0 && now - at->second < IN_USE_S &&
			 (at->is_several || at->proven != 0);
	/* Whose address may be forged takes no place of one that is proven. */
	bool is_proven = at->tag != 0 && at->proven != 0 &&
			 now - at->proven <= PROVEN_S && !act->is_proof;
	if (is_proven || (is_in_use && ration->turns++ % SETTLES != 0))
		return NULL;
	*at = (struct ration_source){ .tag = tag, .second = now };
	return at;
}

static uint32_t place_of(const struct ration *ration, const struct act *act)
{
	uint64_t words[3];
	memcpy(words, act->server->ip6, 2 * sizeof(words[0]));
	words[2] = act->port;
	return (uint32_t)hash_words(&ration->key, words, 3) | 1;
}

static void note(const struct ration *ration, struct ration_source *source,
		 const struct act *act, uint32_t now)
{
	uint32_t place = place_of(ration, act);
	source->is_several |= source->place != 0 && source->place != place;
	source->place = place;
	if (act->is_proof)
		source->proven = now;
	if (source->second != now)
		source->kept = 0;
	source->second = now;
}

static enum ration_class class_of(const struct ration_source *source,
				  const struct act *act, uint32_t now)
{
	if (act->is_proof ||
	    (source != NULL && source->proven != 0 && now - source->proven <= PROVEN_S))
		return RATION_PROVEN;
	return source != NULL && source->is_several ? RATION_SEVERAL : RATION_SINGLE;
}

static void begin_second(struct ration *ration, int64_t at_us)
{
	int64_t second = at_us / 1000000, day = second / 86400;
	if (second > ration->second) {
		ration->second = second;
		memset(ration->kept, 0, sizeof(ration->kept));
	}
	if (day > ration->day) {
		ration->day = day;
		memset(ration->bytes, 0, sizeof(ration->bytes));
	}
}

bool ration_take(struct ration *ration, enum record_kind kind, const void *record,
		 enum ration_class *class)
{
	struct act act = act_of(kind, record);
	begin_second(ration, act.at_us);
	uint32_t now = (uint32_t)ration->second;
	struct ration_source *source =
		ration->sources != NULL ? source_of(ration, &act, now) : NULL;
	if (source != NULL)
		note(ration, source, &act, now);
	*class = class_of(source, &act, now);
	if (ration->kept[*class] >= second_most[*class] ||
	    ration->bytes[*class] >= ration->day_bytes * day_parts[*class] ||
	    (source != NULL && source->kept >= SOURCE_SECOND))
		return false;
	ration->kept[*class]++;
	if (source != NULL)
		source->kept++;
	return true;
}

void ration_charge(struct ration *ration, enum ration_class class, size_t bytes)
{
	ration->bytes[class] += bytes;
}
