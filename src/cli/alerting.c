/*
 * alerting.c: see alerting.h.  Its life, and what happens; alerting_recall.c is what is
 * known after a restart, alerting_tell.c who is told, alerting_by_hand.c what people
 * say.
 */
#include "cli/alerting_inside.h"

#include <stdio.h>
#include <string.h>

#include "record/reason.h"

#include "base/clock.h"

/* So long without a second nobody watched. */
#define UNWATCHED_US INT64_C(60000000)

/* ---- where its records go ---- */

void alerting_keep(struct alerting *a, enum record_kind kind, const void *record)
{
	a->setup.keep(a->setup.self, kind, record);
}

static void take_incident(void *self, const struct incident_record *incident)
{
	struct alerting *a = self;
	alerting_keep(a, RECORD_incident, incident);
	teller_incident(a->teller, incident);
}

static void take_line(void *self, const struct timeline_record *line)
{
	alerting_keep(self, RECORD_timeline, line);
}

static void take_audit(void *self, const struct audit_record *audit)
{
	alerting_keep(self, RECORD_audit, audit);
}

static bool is_own(void *self, const struct addr *addr)
{
	const struct alerting *a = self;
	return home_holds(a->setup.own, addr);
}

void alerting_alert(struct alerting *a, const struct alert_record *alert)
{
	struct alert_record known = *alert;
	incident_book_alert(a->book, &known);
	alert_board_take(&a->board, &known);
	alerting_keep(a, RECORD_alert, &known);
}

static void take_alert(void *self, const struct alert_record *alert)
{
	alerting_alert(self, alert);
}

static void take_level(void *self, const struct level_record *level)
{
	alerting_keep(self, RECORD_level, level);
}

/* ---- its life ---- */

bool alerting_prepare(struct alerting *a, const struct alerting_setup *setup,
		      struct buf *errors)
{
	*a = (struct alerting){ .setup = *setup };
	if (!alert_rules_load(&a->rules, setup->config, setup->home, errors))
		return false;
	a->stamp_seen = a->rules.stamp;
	a->read = alert_rules_kinds(&a->rules) | RECORDS_ALWAYS_READ;
	return true;
}

bool alerting_take_up(struct alerting *a, struct alerting_kept *kept)
{
	const struct incidents_sink told = { .self = a,
					     .incident = take_incident,
					     .timeline = take_line,
					     .is_own = is_own,
					     .audit = take_audit };
	const struct limits_sink crossed = { .self = a,
					     .alert = take_alert,
					     .level = take_level };
	const struct limits_history past = { .self = a,
					     .may_ask = alerting_may_ask,
					     .hour = alerting_hour };
	a->limits = limits_new(&crossed, &past);
	a->anomalies = alerting_new_anomalies(a);
	a->forecasts = alerting_new_forecasts(a);
	foretelling_open(&a->foretelling, a->setup.config->state,
			 alerting_foretold(kept), clock_us(CLOCK_REALTIME));
	a->teller = alerting_new_teller(a);
	a->book = incident_book_new(&told);
	if (a->limits != NULL && a->anomalies != NULL && a->forecasts != NULL &&
	    a->teller != NULL && a->book != NULL) {
		alerting_restore(a, kept);
		return true;
	}
	incident_book_free(a->book);
	a->book = NULL;
	return false;
}

bool alerting_open(struct alerting *a)
{
	struct alerting_kept *kept = alerting_read(a->setup.config->state, NULL);
	bool is_open = kept != NULL && alerting_take_up(a, kept);
	alerting_kept_free(kept);
	return is_open;
}

/* Which of those on the board the limits know; of these they fire, or not at all. */
struct going_on {
	struct alerting *alerting;
	bool is_known[ALERT_BOARD_MAX];
};

/* What the store lost in a crash, or had no room for, was told to nobody. */
static void go_on(void *to, const struct alert_record *alert)
{
	struct going_on *those = to;
	const struct alert_board *board = &those->alerting->board;
	if (alert_board_find(board, alert->id) == NULL)
		alerting_alert(those->alerting, alert);
	const struct alert_record *known = alert_board_find(board, alert->id);
	if (known != NULL)
		those->is_known[known - board->at] = true;
}

static bool goes_on(struct alerting *a, const struct alert_record *alert, bool is_known,
		    int64_t now_us)
{
	if (strcmp(alert->kind, "anomaly") == 0)
		return anomalies_recall(a->anomalies, alert, now_us);
	if (strcmp(alert->kind, "forecast") == 0)
		return forecast_alerts_recall(a->forecasts, alert);
	if (!is_known && a->setup.goes_on != NULL)
		return a->setup.goes_on(a->setup.self, alert);
	return is_known;
}

/* What the limits lost in a crash would fire for ever. */
static void settle_alerts(struct alerting *a, int64_t now_us)
{
	struct going_on those = { .alerting = a };
	limits_each(a->limits, go_on, &those);
	for (size_t i = a->board.count; i > 0; i--) {
		struct alert_record alert = a->board.at[i - 1];
		if (goes_on(a, &alert, those.is_known[i - 1], now_us))
			continue;
		alert.state = "resolved";
		alert.at = alert.end = now_us;
		alerting_alert(a, &alert);
	}
}

static void say_line(struct buf *said, const struct buf *why)
{
	if (why->len > 0)
		buf_printf(said, "breakwater: %.*s\n", (int)why->len, why->at);
}

void alerting_begin(struct alerting *a, const char *page, int64_t now_us,
		    struct buf *said)
{
	struct buf why = { 0 };
	limits_set_rules(a->limits, a->rules.limits, now_us);
	if (!limits_keep(a->limits, a->setup.config->state, now_us, &why))
		say_line(said, &why);
	buf_clear(&why);
	if (!anomalies_keep(a->anomalies, a->setup.config->state, now_us, &why))
		say_line(said, &why);
	buf_free(&why);
	alerting_begin_telling(a, page, now_us, said);
	settle_alerts(a, now_us);
}

void alerting_stand_down(struct alerting *a)
{
	foretelling_close(&a->foretelling);
	limits_free(a->limits);
	anomalies_free(a->anomalies);
	forecast_alerts_free(a->forecasts);
	teller_free(a->teller);
	incident_book_free(a->book);
	alert_board_free(&a->board);
	a->book = NULL;
	a->limits = NULL;
	a->anomalies = NULL;
	a->forecasts = NULL;
	a->teller = NULL;
	a->second_us = 0;
}

void alerting_close(struct alerting *a)
{
	if (a->book != NULL)
		incident_book_flush(a->book, clock_us(CLOCK_REALTIME));
	alerting_stand_down(a);
	sending_close(a->sending);
	alert_rules_free(&a->rules);
	a->sending = NULL;
}

/* ---- what happens ---- */

bool alerting_finding(struct alerting *a, struct finding_record *finding)
{
	return a->book != NULL && incident_book_finding(a->book, finding);
}

void alerting_listener(struct alerting *a, const struct listener_record *listener)
{
	if (a->book != NULL)
		incident_book_listener(a->book, listener);
}

void alerting_block(struct alerting *a, const struct block_record *block)
{
	if (a->book != NULL)
		incident_book_block(a->book, block);
}

void alerting_target(struct alerting *a, const struct probe_record *probe)
{
	if (a->book == NULL)
		return;
	incident_book_parent(a->book, probe->target, probe->parent);
	if (reason_named(probe->reason) == REASON_removed)
		limits_gone(a->limits, probe->target, probe->at);
}

void alerting_gone(struct alerting *a, const char *target, int64_t now_us)
{
	if (a->book != NULL)
		limits_gone(a->limits, target, now_us);
}

/* What limits say is no news to them. */
void alerting_see(struct alerting *a, enum record_kind kind, const void *record,
		  int64_t now_us)
{
	if (a->book == NULL || a->is_taking)
		return;
	a->is_taking = true;
	limits_see(a->limits, kind, record, now_us);
	if (kind == RECORD_probe)
		anomalies_probe(a->anomalies, record, now_us);
	a->is_taking = false;
}

void alerting_count(struct alerting *a, const struct port_record *port)
{
	if (a->book != NULL)
		limits_count(a->limits, port);
}

void alerting_each_level(const struct alerting *a,
			 void (*take)(void *to, const struct level_record *level),
			 void *to)
{
	if (a->book != NULL)
		limits_each_level(a->limits, take, to);
}

/* A file that was changed: what is wrong with it changes nothing. */
static void look_at_files(struct alerting *a, int64_t now_us, struct buf *said)
{
	const struct config *config = a->setup.config;
	uint64_t stamp = alert_rules_stamp(config);
	struct alert_rules fresh;
	struct buf errors = { 0 };
	/* While somebody writes it is another one each time. */
	bool is_new = stamp == a->stamp_seen && stamp != a->rules.stamp;
	a->stamp_seen = stamp;
	if (!is_new)
		return;
	if (alert_rules_load(&fresh, config, a->setup.home, &errors)) {
		alerting_take_rules(a, &fresh, now_us, said);
		buf_text(said, "breakwater: limits and notifications read again\n");
	} else {
		a->rules.stamp = stamp;
		a->files_are_refused = true;
		buf_add(said, errors.at, errors.len);
		buf_text(said, "breakwater: limits and notifications not changed\n");
	}
	buf_free(&errors);
}

/* The machine slept, or the clock was set. */
static void note_sleep(struct alerting *a, int64_t now_us)
{
	int64_t before_us = a->second_us;
	a->second_us = now_us;
	if (before_us != 0 && now_us - before_us > UNWATCHED_US)
		limits_unwatched(a->limits, before_us, now_us);
}

void alerting_second(struct alerting *a, int64_t now_us, struct buf *said)
{
	if (a->book == NULL)
		return;
	a->asked = a->untaken = 0;
	note_sleep(a, now_us);
	limits_tick(a->limits, now_us);
	anomalies_tick(a->anomalies, now_us);
	incident_book_tick(a->book, now_us);
	teller_tick(a->teller, now_us);
	sinks_told_tick(&a->told, now_us);
	if (a->sending != NULL)
		sending_tick(a->sending);
	look_at_files(a, now_us, said);
}

/* Workers read of what is said only what was watched at the start. */
static void say_late(const struct alerting *a, struct buf *said)
{
	record_bits late = RECORDS_SAID & alert_rules_kinds(&a->rules) & ~a->read;
	for (enum record_kind kind = 0; kind < RECORD_KINDS; kind++)
		if (late & RECORD_BIT(kind))
			buf_printf(
				said,
				"breakwater: limits of %s records see nothing before "
				"the next start, as none watched them at this one\n",
				schemas[kind].name);
}

void alerting_take_rules(struct alerting *a, struct alert_rules *rules, int64_t now_us,
			 struct buf *said)
{
	struct alert_rules old = a->rules;
	a->rules = *rules;
	a->stamp_seen = rules->stamp;
	a->files_are_refused = false;
	/* What nobody can be told would be noted as told. */
	if (a->sending == NULL && alerting_has_sinks(rules->tell)) {
		a->rules.tell = old.tell;
		old.tell = rules->tell;
		buf_text(said, "breakwater: who is to be told is told after the next "
			       "start, as there was nobody at this one; until then "
			       "notifications are as before\n");
	}
	say_late(a, said);
	if (a->book != NULL) { /* else they are set when it begins */
		limits_set_rules(a->limits, a->rules.limits, now_us);
		teller_set_rules(a->teller, a->rules.tell, now_us);
	}
	if (a->sending != NULL)
		sending_reload(a->sending);
	alert_rules_free(&old);
}

/* ---- what is known ---- */

void alerting_each(const struct alerting *a,
		   void (*take)(void *to, const struct incident_record *incident),
		   void *to)
{
	if (a->book != NULL)
		incident_book_each(a->book, take, to);
}

void alerting_each_alert(const struct alerting *a,
			 void (*take)(void *to, const struct alert_record *alert),
			 void *to)
{
	for (size_t i = a->board.count; i > 0; i--)
		take(to, &a->board.at[i - 1]);
}

void alerting_each_silence(const struct alerting *a,
			   void (*take)(void *to, const struct silence_record *silence),
			   void *to)
{
	if (a->teller != NULL)
		teller_each_silence(a->teller, take, to);
}
