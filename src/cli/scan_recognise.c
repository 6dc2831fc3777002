/*
 * scan_recognise.c: see scan_recognise.h.
 *
 * Many ports at once, of one host only some: each of its services sees one connection
 * at a time, but they share a processor.
 */
#include "cli/scan_recognise.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "catalog/catalog.h"
#include "cli/scan_asker.h"

enum {
	AT_ONCE = 256,
	OF_ONE_HOST = 32,
	TURN_MS = 100,
	SAID_KEPT = 4096,
	/* The longest that one port may take; then nobody works there. */
	STALLED_US = 120000000,
};

/* The open ports of one host: those from next on are not asked yet. */
struct open_host {
	uint32_t next, end, waiting;
};

struct open_port {
	struct open_host *host;
	struct scan_record *record;
	const struct scan_said *said; /* NULL: it is connected to */
	bool is_waiting;
};

struct recognising {
	struct scan_recogniser *recogniser;
	struct guard *asker;
	struct open_host *hosts;
	struct open_port *ports; /* by host */
	uint32_t host_count, port_count;
	uint32_t first; /* host with something to be asked */
	uint32_t waiting, known, lost;
	int64_t answered_us; /* when one last did; CLOCK_MONOTONIC */
};

/* ---- what can be asked ---- */

void scan_recogniser_hear(struct scan_recogniser *r, const struct addr *addr,
			  uint16_t port, struct bytes said)
{
	if (r->count == r->room) {
		size_t room = r->room * 2 + 16;
		void *grown = room > SAID_KEPT
				      ? NULL
				      : realloc(r->said, room * sizeof(*r->said));
		if (grown == NULL)
			return;
		r->said = grown;
		r->room = room;
	}
	struct scan_said *kept = &r->said[r->count++];
	kept->addr = *addr;
	kept->port = port;
	kept->len = (uint16_t)(said.len < SCAN_SAID_MAX ? said.len : SCAN_SAID_MAX);
	memcpy(kept->bytes, said.at, kept->len);
}

void scan_recogniser_free(struct scan_recogniser *r)
{
	free(r->said);
	r->said = NULL;
	r->count = r->room = 0;
}

static int by_place(const void *left, const void *right)
{
	const struct scan_said *a = left, *b = right;
	int order = memcmp(a->addr.ip6, b->addr.ip6, sizeof(a->addr.ip6));
	return order != 0 ? order : (a->port > b->port) - (a->port < b->port);
}

static const struct scan_said *said_by(const struct scan_recogniser *r,
				       const struct scan_record *record)
{
	struct scan_said key = { .addr = record->ip, .port = (uint16_t)record->port };
	return r->count == 0 ? NULL
			     : bsearch(&key, r->said, r->count, sizeof(key), by_place);
}

static bool is_tcp(const struct scan_record *record)
{
	return strcmp(record->transport, "tcp") == 0;
}

/* Printers put on paper what is said to them there. */
static bool is_printer(const struct scan_recogniser *r,
		       const struct scan_record *record)
{
	return record->port >= 9100 && record->port <= 9107 &&
	       !home_holds(&r->own, &record->ip);
}

static bool can_be_asked(const struct scan_recogniser *r,
			 const struct scan_record *record)
{
	if (strcmp(record->state, scan_state_names[SCAN_OPEN]) != 0)
		return false;
	return is_tcp(record) ? !is_printer(r, record) : said_by(r, record) != NULL;
}

size_t scan_recognise_count(const struct scan_recogniser *r,
			    const struct scan_report *report)
{
	size_t count = 0;
	if (r->count > 1)
		qsort(r->said, r->count, sizeof(*r->said), by_place);
	for (size_t i = 0; i < report->count; i++)
		count += can_be_asked(r, &report->records[i]);
	return count;
}

static void add(struct recognising *all, struct scan_record *record)
{
	struct open_host *host = &all->hosts[all->host_count];
	if (all->port_count == 0 ||
	    !addr_equal(&record->ip, &all->ports[all->port_count - 1].record->ip)) {
		*host = (struct open_host){ .next = all->port_count,
					    .end = all->port_count };
		all->host_count++;
	} else {
		host--;
	}
	host->end++;
	all->ports[all->port_count++] = (struct open_port){
		.host = host,
		.record = record,
		.said = is_tcp(record) ? NULL : said_by(all->recogniser, record)
	};
}

/* ---- asking ---- */

static void has_answered(struct recognising *all, struct open_port *port)
{
	port->is_waiting = false;
	port->host->waiting--;
	all->waiting--;
	all->known++;
	all->answered_us = clock_us(CLOCK_MONOTONIC);
}

/* False if no more messages are taken just now. */
static bool ask_port(struct recognising *all, struct open_port *port)
{
	struct scan_question question = { .number = (uint32_t)(port - all->ports),
					  .addr = port->record->ip,
					  .port = (uint16_t)port->record->port };
	const char *usual = catalog_protocol(
		all->recogniser->catalog,
		is_tcp(port->record) ? IPPROTO_TCP : IPPROTO_UDP, question.port);
	if (usual != NULL)
		snprintf(question.usual, sizeof(question.usual), "%s", usual);
	if (port->said != NULL) {
		question.said_len = port->said->len;
		memcpy(question.said, port->said->bytes, port->said->len);
	}
	return guard_tell(all->asker, &question, sizeof(question)) == 0;
}

static bool ask_host(struct recognising *all, struct open_host *host)
{
	while (host->next < host->end && host->waiting < OF_ONE_HOST &&
	       all->waiting < AT_ONCE) {
		struct open_port *port = &all->ports[host->next];
		if (!ask_port(all, port))
			return false;
		port->is_waiting = true;
		host->next++;
		host->waiting++;
		all->waiting++;
	}
	return true;
}

static void ask_some(struct recognising *all)
{
	while (all->first < all->host_count &&
	       all->hosts[all->first].next == all->hosts[all->first].end)
		all->first++;
	for (uint32_t i = all->first; i < all->host_count && all->waiting < AT_ONCE;
	     i++)
		if (!ask_host(all, &all->hosts[i]))
			return;
}

/* ---- answers ---- */

/* What comes ends somewhere, whoever sent it. */
#define TAKE_TEXT(record, event, field)                                                \
	do {                                                                           \
		(event)->field[sizeof((event)->field) - 1] = '\0';                     \
		record_text((record)->field, sizeof((record)->field), (event)->field); \
	} while (0)

static void take_answer(struct recognising *all, struct scan_answer_event *event)
{
	if (event->number >= all->port_count || !all->ports[event->number].is_waiting)
		return;
	struct scan_record *record = all->ports[event->number].record;
	TAKE_TEXT(record, event, protocol);
	TAKE_TEXT(record, event, software);
	TAKE_TEXT(record, event, version);
	TAKE_TEXT(record, event, tls_version);
	TAKE_TEXT(record, event, cert_subject);
	record->cert_not_after = event->cert_not_after;
	has_answered(all, &all->ports[event->number]);
}

/* The process has ended, and another comes, which knows of none of them. */
static void lose_waiting(struct recognising *all)
{
	for (uint32_t i = 0; i < all->port_count; i++)
		if (all->ports[i].is_waiting) {
			has_answered(all, &all->ports[i]);
			all->lost++;
		}
}

/* False if nobody is there any more. */
static bool take_answers(struct recognising *all)
{
	struct pollfd waited = { .fd = guard_fd(all->asker), .events = POLLIN };
	_Alignas(8) uint8_t event[GUARD_EVENT_MAX];
	poll(&waited, 1, TURN_MS);
	while (true) {
		int len = guard_next(all->asker, event, sizeof(event));
		if (len == -ECHILD)
			lose_waiting(all);
		else if (len <= 0)
			return len == 0 && clock_us(CLOCK_MONOTONIC) <
						   all->answered_us + STALLED_US;
		else if ((size_t)len == sizeof(struct scan_answer_event))
			take_answer(all, (struct scan_answer_event *)(void *)event);
	}
}

static bool ask_all(struct recognising *all)
{
	const struct scan_recogniser *r = all->recogniser;
	while (all->known < all->port_count) {
		if (!r->goes_on(r->self, all->known, all->port_count))
			return false;
		ask_some(all);
		if (!take_answers(all)) {
			fputs("breakwater scan: the process that asks does not "
			      "answer\n",
			      stderr);
			return false;
		}
	}
	if (all->lost > 0)
		fprintf(stderr,
			"breakwater scan: the process that asks broke down; %u ports "
			"have not said what they are\n",
			all->lost);
	return all->lost == 0;
}

static bool open_asker(struct recognising *all)
{
	char text[GUARD_TEXT_MAX];
	all->asker = scan_asker_fork();
	if (all->asker == NULL)
		perror("breakwater scan: no process that asks");
	else if (!guard_describe(all->asker, text) && geteuid() == 0)
		fprintf(stderr, "breakwater scan: the process that asks: %s\n", text);
	return all->asker != NULL;
}

bool scan_recognise(struct scan_recogniser *recogniser, struct scan_report *report)
{
	struct recognising all = { .recogniser = recogniser,
				   .answered_us = clock_us(CLOCK_MONOTONIC) };
	all.hosts = calloc(report->count + 1, sizeof(*all.hosts));
	all.ports = calloc(report->count + 1, sizeof(*all.ports));
	bool is_whole = all.hosts != NULL && all.ports != NULL && open_asker(&all);
	for (size_t i = 0; is_whole && i < report->count; i++)
		if (can_be_asked(recogniser, &report->records[i]))
			add(&all, &report->records[i]);
	is_whole = is_whole && ask_all(&all);
	if (all.asker != NULL)
		guard_close(all.asker);
	free(all.hosts);
	free(all.ports);
	return is_whole;
}
