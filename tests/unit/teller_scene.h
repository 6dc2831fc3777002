/*
 * teller_scene.h: a teller whose messages are written down, and rules made by hand.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "alert/tell_rules.h"
#include "alert/teller.h"
#include "base/buf.h"

#define SECOND 1000000LL
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
/* A Sunday, 00:00 UTC. */
#define START (1699747200 * SECOND)

enum { SCENE_MESSAGES = 512, SCENE_SILENCES = 64 };

struct told {
	uint64_t id;
	int64_t at_us, due_us;
	char sink[32], key[32];
	enum tell_reason reason;
	size_t count;
	struct incident_record incidents[NOTICE_INCIDENTS_MAX];
};

static struct told told[SCENE_MESSAGES];
static size_t told_count;
static struct silence_record silences[SCENE_SILENCES];
static size_t silence_count, audit_count;
static char suppressed_by[64];
static struct teller *teller;
static int64_t now_us;
static struct sink sinks[] = { { .name = "ops" },
			       { .name = "boss" },
			       { .name = "night" } };
enum { OPS = 1, BOSS = 2, NIGHT = 4 };
static struct tell_route routes[4];
static struct tell_maintenance maintenances[1];
static struct tell_rules rules;

static bool nobody_takes; /* messages */

static bool take_message(void *self, const struct tell_message *message)
{
	(void)self;
	if (nobody_takes)
		return false;
	assert_true(told_count < SCENE_MESSAGES);
	assert_in_range(message->count, 1, NOTICE_INCIDENTS_MAX);
	struct told *to = &told[told_count++];
	*to = (struct told){ .id = message->id,
			     .at_us = now_us,
			     .due_us = message->due_us,
			     .reason = message->reason,
			     .count = message->count };
	record_text(to->sink, sizeof(to->sink), message->sink);
	record_text(to->key, sizeof(to->key), message->key);
	for (size_t i = 0; i < message->count; i++)
		to->incidents[i] = *message->incidents[i];
	return true;
}

static void take_silence(void *self, const struct silence_record *silence)
{
	(void)self;
	silences[silence_count++ % SCENE_SILENCES] = *silence;
}

static void take_audit(void *self, const struct audit_record *audit)
{
	(void)self;
	(void)audit;
	audit_count++;
}

static void take_suppressed(void *self, const char *incident, const char *by,
			    int64_t at_us)
{
	(void)self;
	(void)incident;
	(void)at_us;
	record_text(suppressed_by, sizeof(suppressed_by), by);
}

static void match_all(struct match *match, const char *text)
{
	struct buf why = { 0 };
	size_t column;
	if (!match_parse(text, match, &column, &why))
		fail_msg("%s: %zu: %s", text, column, buf_cstr(&why));
	buf_free(&why);
}

/* As they are without any configuration, but for the sinks. */
static struct tell_route *add_route(const char *match, uint64_t to)
{
	struct tell_route *route = &routes[rules.route_count++];
	*route = (struct tell_route){ .sinks = to,
				      .tells_end = true,
				      .wait_us = 30 * SECOND,
				      .interval_us = 5 * MINUTE,
				      .repeat_us = 4 * HOUR };
	match_all(&route->match, match);
	return route;
}

static struct teller *new_teller(void)
{
	struct teller *fresh = teller_new(&(struct teller_sink){
		.message = take_message,
		.silence = take_silence,
		.audit = take_audit,
		.suppressed = take_suppressed,
	});
	assert_non_null(fresh);
	return fresh;
}

/* Without any route yet. */
static int scene_begin(void **state)
{
	(void)state;
	told_count = silence_count = audit_count = 0;
	nobody_takes = false;
	suppressed_by[0] = '\0';
	now_us = START;
	rules = (struct tell_rules){ .routes = routes, .maintenances = maintenances };
	for (size_t i = 0; i < sizeof(sinks) / sizeof(sinks[0]); i++)
		rules.sinks[rules.sink_count++] = &sinks[i];
	teller = new_teller();
	return 0;
}

static int scene_end(void **state)
{
	(void)state;
	teller_free(teller);
	return 0;
}

static void set_rules(void)
{
	teller_set_rules(teller, &rules, now_us);
}

/* The seconds up to then, each with its tick. */
static inline void pass(int64_t us)
{
	for (int64_t end_us = now_us + us; now_us < end_us;) {
		now_us += SECOND;
		teller_tick(teller, now_us);
	}
}
