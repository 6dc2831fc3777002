/*
 * speech.c: what a port speaks, and how that is known.
 *
 * Clients of one port may speak several protocols: scanners try theirs on any.  The one
 * most connections speak is told first; what it says of itself, from the newest that
 * says it.
 */
#include <string.h>
#include <strings.h>

#include "explain/inside.h"

enum { SPOKEN_MAX = 4 };

struct speech {
	const char *protocol, *by;
	const char *version, *software;
	uint8_t cleartext;
	size_t flows;
};

struct speeches {
	struct speech at[SPOKEN_MAX];
	size_t count, flows;
};

static bool is_recognised(const struct flow_record *flow)
{
	return flow->protocol[0] != '\0' && flow->protocol_by != NULL &&
	       strcmp(flow->protocol_by, "port") != 0;
}

/* NULL: there are more than we tell. */
static struct speech *speech_of(struct speeches *all, const char *protocol)
{
	size_t i = 0;
	while (i < all->count && strcmp(all->at[i].protocol, protocol) != 0)
		i++;
	if (i == SPOKEN_MAX)
		return NULL;
	if (i == all->count)
		all->at[all->count++] = (struct speech){ .protocol = protocol,
							 .cleartext = UNKNOWN_FLAG };
	return &all->at[i];
}

/* The flows come newest first. */
static void take(struct speech *speech, const struct flow_record *flow)
{
	speech->flows++;
	if (speech->by == NULL)
		speech->by = flow->protocol_by;
	if (speech->version == NULL && flow->version[0] != '\0')
		speech->version = flow->version;
	if (speech->software == NULL && flow->software[0] != '\0')
		speech->software = flow->software;
	if (speech->cleartext == UNKNOWN_FLAG)
		speech->cleartext = flow->cleartext;
}

static void take_all(const struct explain_facts *facts, struct speeches *all)
{
	for (size_t i = 0; i < facts->flow_count; i++) {
		const struct flow_record *flow = &facts->flows[i];
		if (!is_recognised(flow))
			continue;
		all->flows++;
		struct speech *speech = speech_of(all, flow->protocol);
		if (speech != NULL)
			take(speech, flow);
	}
}

static const struct speech *most_spoken(const struct speeches *all)
{
	const struct speech *most = &all->at[0];
	for (size_t i = 1; i < all->count; i++)
		if (all->at[i].flows > most->flows)
			most = &all->at[i];
	return most;
}

/* "TLS 1.3" says which protocol it is a version of, "2.0" does not. */
static void put_protocol(struct buf *out, const struct speech *speech)
{
	const char *version = speech->version;
	/* "TLS 1.3" says what it is, "RESP2" does not. */
	bool is_named =
		version != NULL && strncasecmp(version, speech->protocol, 3) == 0;
	if (!is_named)
		buf_text(out, speech->protocol);
	if (version != NULL)
		buf_printf(out, "%s%s", is_named ? "" : " ", version);
}

static void put_others(struct buf *out, const struct speeches *all,
		       const struct speech *most)
{
	const char *before = "; also ";
	for (size_t i = 0; i < all->count; i++) {
		if (&all->at[i] == most)
			continue;
		buf_text(out, before);
		buf_text(out, all->at[i].protocol);
		buf_printf(out, " in %zu of %zu connections", all->at[i].flows,
			   all->flows);
		before = ", ";
	}
}

/* Nobody has said anything lately; the last minute's records may know. */
static void say_by_port(const struct explain_facts *facts, struct buf *out)
{
	for (size_t i = 0; i < facts->now_count; i++) {
		const struct port_record *row = &facts->now[i];
		if (row->protocol[0] == '\0')
			continue;
		bool is_seen = row->protocol_by != NULL &&
			       strcmp(row->protocol_by, "content") == 0;
		buf_printf(out, "%s, %s", row->protocol,
			   is_seen ? "by content"
				   : "by the port's number alone: nothing that was "
				     "said shows it");
		return;
	}
}

void explain_speech(const struct explain_facts *facts, struct buf *out)
{
	struct speeches all = { .count = 0 };
	take_all(facts, &all);
	if (all.count == 0) {
		say_by_port(facts, out);
		return;
	}
	const struct speech *most = most_spoken(&all);
	put_protocol(out, most);
	if (most->software != NULL)
		buf_printf(out, " (%s)", most->software);
	if (most->cleartext != UNKNOWN_FLAG)
		buf_text(out, most->cleartext == 1 ? ", in the clear" : ", encrypted");
	buf_text(out, strcmp(most->by, "ndpi") == 0 ? ", by content (nDPI)"
						    : ", by content");
	put_others(out, &all, most);
}
