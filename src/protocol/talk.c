/*
 * talk.c: what readers tell, completed and handed on; see protocol.h.
 */
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/room.h"

void facts_text(char *field, size_t size, struct bytes text)
{
	size_t len = text.len < size - 1 ? text.len : size - 1;
	for (size_t i = 0; i < len; i++) {
		uint8_t c = text.at[i];
		field[i] = c >= 0x20 && c < 0x7f ? (char)c : '.';
	}
	field[len] = '\0';
}

const char *transport_name(uint8_t transport)
{
	switch (transport) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_ICMP:
		return "icmp";
	case IPPROTO_ICMPV6:
		return "icmp6";
	case IPPROTO_SCTP:
		return "sctp";
	default:
		return "ip";
	}
}

void talk_record(struct talk *talk, enum record_kind kind, void *record, int64_t at_us)
{
	struct spoken *spoken = record;
	if (!talk_wants(talk, kind))
		return;
	spoken->at = at_us;
	spoken->flow_start = talk->start_us;
	spoken->transport = transport_name(talk->transport);
	spoken->client_ip = talk->addr[CLIENT];
	spoken->client_port = talk->port[CLIENT];
	spoken->server_ip = talk->addr[SERVER];
	spoken->server_port = talk->port[SERVER];
	talk->sink->record(talk->sink->self, talk, kind, spoken);
}

void talk_login(struct talk *talk, const struct login_seen *login, int64_t at_us)
{
	static const char *const outcomes[] = { "unknown", "success", "failure" };
	struct login_record record;
	record_init(RECORD_login, &record);
	record_text(record.protocol, sizeof(record.protocol), talk->protocol->name);
	facts_text(record.user, sizeof(record.user), login->user);
	record.outcome = outcomes[login->outcome];
	record.method = login->method;
	record.seen_by = login->seen_by;
	if (login->user.len > 0)
		facts_text(talk->facts.user, sizeof(talk->facts.user), login->user);
	talk_record(talk, RECORD_login, &record, at_us);
}

void talk_notice(struct talk *talk, const struct talk_notice *notice, int64_t at_us,
		 const char *format, ...)
{
	char detail[192];
	va_list arguments;
	unsigned i = 0;
	while (i < TALK_NOTICES && talk->told[i] != NULL && talk->told[i] != notice)
		i++;
	if (i == TALK_NOTICES || talk->told[i] == notice)
		return;
	talk->told[i] = notice;
	va_start(arguments, format);
	vsnprintf(detail, sizeof(detail), format, arguments);
	va_end(arguments);
	if (talk->sink != NULL)
		talk->sink->notice(talk->sink->self, talk, notice, detail, at_us);
}

void talk_answered(struct talk *talk, bool is_error, uint64_t took_us)
{
	if (talk->sink != NULL)
		talk->sink->answer(talk->sink->self, talk, is_error, took_us);
}

static void start(struct talk *talk, const struct protocol *protocol)
{
	talk->protocol = protocol;
	talk->done = protocol != NULL && protocol->read == NULL;
	if (protocol != NULL)
		memset(talk->state, 0, protocol->state_size);
}

void talk_begin(struct talk *talk, const struct protocol *protocol)
{
	start(talk, protocol);
}

void talk_become(struct talk *talk, const struct protocol *protocol)
{
	start(talk, protocol);
}

bool talk_read(struct talk *talk, struct said *said)
{
	const struct protocol *before = NULL;
	/* A reader that became another leaves the rest to that one's. */
	while (!talk->done && talk->protocol != NULL && talk->protocol != before &&
	       said->data.len + said->beyond > 0) {
		before = talk->protocol;
		before->read(talk, said);
		said->begins = said->begins && talk->protocol == before;
	}
	return !talk->done;
}

void talk_end(struct talk *talk, int64_t at_us)
{
	if (talk->protocol != NULL && talk->protocol->end != NULL)
		talk->protocol->end(talk, at_us);
}

static void *make_shared(struct talk_room *room, const struct protocol *protocol)
{
	struct shared *shared = &room->shared[room->count];
	*shared = (struct shared){ protocol, protocol->shared_new(&room->key) };
	room->count += shared->at != NULL;
	return shared->at;
}

void *talk_shared(struct talk *talk, const struct protocol *protocol)
{
	struct talk_room *room = talk->room;
	if (room == NULL)
		return NULL;
	for (unsigned i = 0; i < room->count; i++)
		if (room->shared[i].of == protocol)
			return room->shared[i].at;
	return make_shared(room, protocol);
}

struct talk_room *talk_room_new(const struct hash_key *key)
{
	struct talk_room *room = calloc(1, sizeof(*room));
	if (room != NULL)
		room->key = *key;
	return room;
}

void talk_room_free(struct talk_room *room)
{
	if (room == NULL)
		return;
	for (unsigned i = 0; i < room->count; i++)
		room->shared[i].of->shared_free(room->shared[i].at);
	stranger_free(room->ndpi);
	free(room);
}
