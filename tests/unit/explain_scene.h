/*
 * explain_scene.h: a port with a listener, a good minute and a good week, for tests to
 * spoil.  Include after cmocka.h.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explain/explain.h"

#define SECOND_US 1000000LL
#define HOUR_US   (3600 * SECOND_US)
#define NOW_US    (1800000000LL * SECOND_US)

enum { HOURS = 7 * 24, PORT = 8080 };

struct scene {
	struct explain_facts facts;
	struct listener_record listener, change;
	struct port_record now, past[HOURS + 8];
	struct flow_record flow;
	struct home own;
};

static inline struct port_record good_row(int64_t start_us, uint32_t interval_s)
{
	struct port_record row;
	record_init(RECORD_port, &row);
	row.start = start_us;
	row.interval_s = interval_s;
	row.transport = "tcp";
	row.port = PORT;
	addr_parse("192.0.2.1", &row.server_ip);
	row.flows = row.ended = interval_s;
	row.rejected = row.unanswered = row.errors = 0;
	row.error_ratio = row.lost_ratio = row.retransmit_ratio = 0;
	row.handshake_p50_us = 400;
	row.handshake_p95_us = 900;
	row.response_p50_us = 2000;
	row.response_p95_us = 8000;
	return row;
}

static inline struct listener_record good_listener(const char *ip)
{
	struct listener_record l;
	record_init(RECORD_listener, &l);
	l.at = NOW_US - 24 * HOUR_US;
	l.transport = "tcp";
	addr_parse(ip, &l.ip);
	l.port = PORT;
	l.pid = 812;
	record_text(l.process, sizeof(l.process), "shopd");
	record_text(l.unit, sizeof(l.unit), "shop.service");
	l.backlog = 0;
	l.backlog_max = 128;
	l.overflows = 0;
	return l;
}

static inline struct scene *good_scene(void)
{
	struct scene *s = calloc(1, sizeof(*s));
	assert_non_null(s);
	s->listener = good_listener("0.0.0.0");
	s->now = good_row(NOW_US - 60 * SECOND_US, 60);
	for (int i = 0; i < HOURS; i++)
		s->past[i] = good_row(NOW_US - (HOURS - i) * HOUR_US, 3600);
	record_init(RECORD_flow, &s->flow);
	s->flow.transport = "tcp";
	addr_parse("192.0.2.1", &s->flow.server_ip);
	s->flow.start = NOW_US - 50 * SECOND_US;
	s->flow.end = NOW_US - 40 * SECOND_US;
	s->flow.end_reason = "closed";
	s->flow.client_payload_bytes = s->flow.server_payload_bytes = 100;
	struct prefix own;
	prefix_parse("192.0.2.1", &own);
	home_add(&s->own, &own);
	s->facts = (struct explain_facts){
		.now_us = NOW_US,
		.port = PORT,
		.limit_response_us = 100000,
		.limit_loss = 0.01,
		.limit_errors = 0.001,
		.packets_seen = true,
		.sockets_seen = true,
		.own = &s->own,
		.listeners = &s->listener,
		.listener_count = 1,
		.now = &s->now,
		.now_count = 1,
		.past = s->past,
		.past_count = HOURS,
		.flows = &s->flow,
		.flow_count = 1,
	};
	return s;
}

static inline void set_change(struct scene *s, const char *change, int64_t at_us)
{
	s->change = good_listener("0.0.0.0");
	s->change.change = change;
	s->change.at = at_us;
	s->facts.changes = &s->change;
	s->facts.change_count = 1;
}

/* The cause is that one, and the sentence has these words. */
static inline void expect(struct scene *s, enum explain_cause cause, const char *words)
{
	struct explain_answer answer;
	explain(&s->facts, &answer);
	const char *why = buf_cstr(&answer.why);
	if (answer.cause != cause || strstr(why, words) == NULL)
		print_error("cause: %s; %s\n", explain_cause_name(answer.cause), why);
	assert_int_equal(answer.cause, cause);
	assert_non_null(strstr(why, words));
	assert_true(answer.next.len > 0);
	explain_free(&answer);
	free(s);
}
