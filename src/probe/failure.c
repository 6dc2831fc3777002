/*
 * failure.c: see failure.h.
 */
#include "probe/failure.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "probe/asked.h"

void failure_free(struct failure *failure)
{
	free(failure);
}

void failure_line(struct failure *failure, int64_t at_us, const char *by,
		  const char *text)
{
	if (failure->line_count == FAILURE_LINES || text[0] == '\0')
		return;
	struct transcript_record *r = &failure->lines[failure->line_count++];
	record_init(RECORD_transcript, r);
	r->at = at_us;
	record_text(r->id, sizeof(r->id), failure->record.id);
	r->number = (uint32_t)failure->line_count;
	r->by = by;
	record_text(r->text, sizeof(r->text), text);
	failure->record.lines = r->number;
}

/* ---- what was said ---- */

struct line_text {
	char at[sizeof(field_text256)];
	size_t len;
};

static void add_octet(struct line_text *line, uint8_t octet)
{
	size_t room = sizeof(line->at) - line->len;
	int n;
	if (octet == '\r' && room > 2)
		n = snprintf(line->at + line->len, room, "\\r");
	else if (octet == '\t' && room > 2)
		n = snprintf(line->at + line->len, room, "\\t");
	else if (isprint(octet))
		n = snprintf(line->at + line->len, room, "%c", octet);
	else
		n = snprintf(line->at + line->len, room, "\\x%02x", octet);
	line->len += (size_t)n < room ? (size_t)n : room - 1;
}

/* The usual end of a line is not worth being shown. */
static size_t without_end(struct bytes text)
{
	size_t len = text.len;
	return len > 0 && text.at[len - 1] == '\r' ? len - 1 : len;
}

static void say_lines(struct failure *failure, int64_t at_us, const char *by,
		      struct bytes said)
{
	while (said.len > 0) {
		const uint8_t *end = memchr(said.at, '\n', said.len);
		struct bytes text = bytes_take(
			&said, end != NULL ? (size_t)(end - said.at) : said.len);
		struct line_text line = { .len = 0 };
		bytes_take(&said, end != NULL ? 1 : 0);
		for (size_t i = 0; i < without_end(text); i++)
			add_octet(&line, text.at[i]);
		failure_line(failure, at_us, by, line.at);
	}
}

/* The last line of text of the server, for the sentence. */
static void take_said(struct bytes said, char out[static 64])
{
	size_t len = 0;
	while (said.len > 0 &&
	       (said.at[said.len - 1] == '\n' || said.at[said.len - 1] == '\r'))
		said.len--;
	const uint8_t *last = memrchr(said.at, '\n', said.len);
	if (last != NULL)
		bytes_take(&said, (size_t)(last + 1 - said.at));
	while (len < said.len && len < 60 && isprint(said.at[len]))
		len++;
	/* What is no text is no quotation. */
	if (len < said.len && len < 60)
		return;
	memcpy(out, said.at, len);
	out[len] = '\0';
}

static void tell_said(const struct asked *a, struct failure *failure,
		      struct failure_facts *facts)
{
	const struct flight *flight = a->flight;
	const int64_t begin_us = a->begin_us + a->offset_us;
	struct bytes all = bytes_of(flight->said.at, flight->said.len);
	char rest[64];
	while (all.len >= sizeof(struct flight_said)) {
		struct flight_said head;
		memcpy(&head, bytes_take(&all, sizeof(head)).at, sizeof(head));
		struct bytes said = bytes_take(&all, head.len);
		say_lines(failure, begin_us + head.after_us, flight_by_word(head.by),
			  said);
		if (head.by == BY_SERVER)
			take_said(said, facts->said);
	}
	if (flight->unsaid == 0)
		return;
	snprintf(rest, sizeof(rest), "%u octets more were said", flight->unsaid);
	failure_line(failure, begin_us, "kernel", rest);
}

/* ---- the kernel ---- */

static const char *tcp_state(uint8_t state)
{
	static const char *const words[] = {
		"",           "ESTABLISHED", "SYN_SENT",  "SYN_RECV",
		"FIN_WAIT1",  "FIN_WAIT2",   "TIME_WAIT", "CLOSE",
		"CLOSE_WAIT", "LAST_ACK",    "LISTEN",    "CLOSING",
	};
	return state < sizeof(words) / sizeof(words[0]) ? words[state] : "?";
}

/* Of one that never had an answer, most numbers are what they begin with. */
static void tell_tcp(struct failure *failure, const struct tcp_info *i)
{
	char line[256];
	int len = snprintf(line, sizeof(line), "TCP %s, %u sent again, rto %u ms",
			   tcp_state(i->tcpi_state), i->tcpi_total_retrans,
			   i->tcpi_rto / 1000);
	if (i->tcpi_rtt != 0)
		snprintf(line + len, sizeof(line) - (size_t)len,
			 ", rtt %u us (var %u), %u unacknowledged, cwnd %u, last data "
			 "received %u ms before",
			 i->tcpi_rtt, i->tcpi_rttvar, i->tcpi_unacked, i->tcpi_snd_cwnd,
			 i->tcpi_last_data_recv);
	failure_line(failure, failure->record.at, "kernel", line);
}

static void tell_icmp(struct failure *failure, const struct failure_icmp *icmp)
{
	char line[128], addr[ADDR_TEXT_MAX];
	addr_text(&icmp->offender, addr);
	snprintf(line, sizeof(line), "ICMP type %u, code %u from %s", icmp->type,
		 icmp->code, addr);
	failure_line(failure, failure->record.at, "kernel", line);
}

static void tell_kernel(const struct asked *a, struct failure *failure,
			const struct failure_facts *facts)
{
	if (a->flight->has_info)
		tell_tcp(failure, &a->flight->info);
	if (facts->icmp.is_known)
		tell_icmp(failure, &facts->icmp);
}

/* ---- together ---- */

static void begin(const struct asked *a, struct failure *failure)
{
	const struct probe_record *probe = &a->record;
	struct failure_record *r = &failure->record;
	failure->line_count = failure->packet_count = 0;
	record_init(RECORD_failure, r);
	r->at = probe->at;
	snprintf(r->id, sizeof(r->id), "%013llx%04x",
		 (unsigned long long)probe->at & 0xfffffffffffff,
		 (unsigned)(target_hash(probe->target) & 0xffff));
	record_text(r->target, sizeof(r->target), probe->target);
	record_text(r->protocol, sizeof(r->protocol), probe->protocol);
	r->ip = probe->ip;
	r->port = probe->port;
	r->state = probe->state;
	r->reason = probe->reason;
	r->packets = 0;
	r->lines = 0;
}

static void fill_facts(const struct asked *a, struct failure_facts *facts)
{
	*facts = (struct failure_facts){
		.record = &a->record,
		.reason = a->record.reason,
		.transport = a->transport,
		.timeout_ms = a->target->timeout_ms,
		.answer_us = -1,
		.silence_us = -1,
		.rst_us = -1,
		.has_alert = a->flight->has_alert,
		.alert_is_ours = a->flight->alert_is_ours,
		.alert = a->flight->alert,
	};
}

struct failure *prober_failure(struct prober *p)
{
	struct asked *a = p->flight.telling;
	struct failure_facts facts;
	if (a == NULL || a->flight == NULL)
		return NULL;
	if (p->flight.failure == NULL)
		p->flight.failure = malloc(sizeof(*p->flight.failure));
	if (p->flight.failure == NULL)
		return NULL;
	begin(a, p->flight.failure);
	fill_facts(a, &facts);
	tell_said(a, p->flight.failure, &facts);
	failure_take_packets(a, p->flight.failure, &facts);
	tell_kernel(a, p->flight.failure, &facts);
	failure_summarize(&facts, p->flight.failure->record.summary);
	return p->flight.failure;
}
