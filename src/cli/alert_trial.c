/*
 * alert_trial.c: see alert_trial.h.
 *
 * What rules would have found is what they find in the records that are kept: of ports
 * those of minutes, and of hours and days where these are not kept any more.  So all
 * that they could not be tried on is said.
 */
#include "cli/alert_trial.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "base/when.h"
#include "cli/alert_compare.h"
#include "cli/alert_replay.h"
#include "cli/alert_rules.h"
#include "cli/alert_trial_said.h"
#include "cli/cli.h"
#include "cli/port_hour.h"
#include "cli/recall.h"
#include "cli/settings.h"
#include "cli/view.h"

#define SECOND_US INT64_C(1000000)
static const char usual_since[] = "90d";
enum {
	LENGTHS_MAX = 8, /* of intervals of ports: there are four levels */
	HOURS_KNOWN = 1 << 14,
};

/* How much of a kind there was. */
struct seen {
	uint64_t records;
	struct {
		uint32_t interval_s;
		uint64_t records;
	} lengths[LENGTHS_MAX];
};

struct known_hour {
	uint64_t name; /* hash of service, field and hour; 0: none */
	double value;
};

struct trial {
	const struct alert_trial_options *options;
	struct config config; /* in force; then with the files that are tried */
	struct home home;
	struct alert_rules in_force, tried;
	struct alert_replay *old, *new; /* old NULL: what it found was recorded */
	struct store_reader *reader;    /* of what was a week before; NULL: not known */
	struct recall *recall;
	struct alert_record *recorded; /* owned */
	size_t recorded_count, recorded_room;
	int64_t since_us, until_us, first_us; /* first_us: of all records */
	enum record_kind kind;                /* that is read */
	struct seen seen[RECORD_KINDS];
	struct known_hour hours[HOURS_KNOWN];
	bool is_short; /* of memory */
};

static int complain(int status, const char *why)
{
	fprintf(stderr, "breakwater alerts: %s\n", why);
	return status;
}

/* ---- the rules ---- */

static int take_rules(struct trial *t, struct alert_rules *rules)
{
	struct buf errors = { 0 };
	bool is_right = alert_rules_load(rules, &t->config, &t->home, &errors);
	if (!is_right)
		fwrite(errors.at, 1, errors.len, stderr);
	buf_free(&errors);
	return is_right ? STATUS_OK : STATUS_USAGE;
}

static bool name_files(struct config_paths *paths,
		       const struct alert_trial_options *options)
{
	paths->count = 0;
	for (size_t i = 0; i < options->file_count; i++) {
		size_t len = strlen(options->files[i]);
		if (i == CONFIG_PATHS_MAX || len >= sizeof(paths->at[i]))
			return false;
		memcpy(paths->at[paths->count++], options->files[i], len + 1);
	}
	return true;
}

/* Who is told of alerts is nothing to a trial. */
static int read_rules(struct trial *t)
{
	const struct option_list none = { 0 };
	int status = settings_load(&t->config, t->options->config, &none, &t->home);
	if (status != STATUS_OK)
		return status;
	t->config.notify_to.count = t->config.notify_files.count = 0;
	status = take_rules(t, &t->in_force);
	if (status != STATUS_OK)
		return status;
	if (!name_files(&t->config.limits_files, t->options))
		return complain(STATUS_USAGE, "too many files of rules, or a name that "
					      "is too long");
	return take_rules(t, &t->tried);
}

/* ---- the past ---- */

static uint64_t name_of(const struct port_record *port, const struct field *field,
			int64_t begin_us)
{
	uint64_t words[6] = { port->port, field->offset, (uint64_t)begin_us };
	words[3] = port->transport != NULL ? (unsigned char)port->transport[0] : 0;
	memcpy(&words[4], &port->server_ip, sizeof(port->server_ip));
	return hash_sum(words, sizeof(words));
}

/* Rules ask for the same hour again, above all where nothing is known of it. */
static double hour(void *self, enum record_kind kind, const void *record,
		   const struct field *field, int64_t begin_us)
{
	struct trial *t = self;
	if (kind != RECORD_port)
		return NAN;
	uint64_t name = name_of(record, field, begin_us);
	struct known_hour *known = &t->hours[name % HOURS_KNOWN];
	if (known->name != name)
		*known = (struct known_hour){ name, port_hour(t->reader, record, field,
							      begin_us, 0) };
	return known->value;
}

static void take_recorded(void *to, const void *record)
{
	struct trial *t = to;
	const struct alert_record *alert = record;
	bool is_of_rule = alert->kind != NULL && strcmp(alert->kind, "forecast") != 0 &&
			  strcmp(alert->kind, "anomaly") != 0;
	if (!is_of_rule)
		return;
	if (t->recorded_count == t->recorded_room) {
		size_t room = t->recorded_room == 0 ? 64 : 2 * t->recorded_room;
		void *larger = reallocarray(t->recorded, room, sizeof(*t->recorded));
		t->is_short |= larger == NULL;
		if (larger == NULL)
			return;
		t->recorded = larger;
		t->recorded_room = room;
	}
	t->recorded[t->recorded_count++] = *alert;
}

static void count_length(struct seen *seen, uint32_t interval_s)
{
	for (size_t i = 0; i < LENGTHS_MAX; i++) {
		if (seen->lengths[i].records > 0 &&
		    seen->lengths[i].interval_s != interval_s)
			continue;
		seen->lengths[i].interval_s = interval_s;
		seen->lengths[i].records++;
		return;
	}
}

/* When it was known: of a port that is the end of its interval. */
static int64_t time_of(struct trial *t, const void *record)
{
	const struct port_record *port = record;
	int64_t at_us;
	if (t->kind == RECORD_port) {
		count_length(&t->seen[t->kind], port->interval_s);
		return port->start + port->interval_s * SECOND_US;
	}
	memcpy(&at_us, (const char *)record + recall_time(t->kind)->offset,
	       sizeof(at_us));
	return at_us;
}

static void take_record(void *to, const void *record)
{
	struct trial *t = to;
	int64_t at_us = time_of(t, record);
	if (t->seen[t->kind].records++ == 0 && at_us < t->first_us)
		t->first_us = at_us;
	alert_replay_take(t->new, t->kind, record, at_us);
	if (t->old != NULL)
		alert_replay_take(t->old, t->kind, record, at_us);
}

static bool begin(struct trial *t, enum record_kind kind)
{
	t->kind = kind;
	return alert_replay_begin(t->new, t->since_us) &&
	       (t->old == NULL || alert_replay_begin(t->old, t->since_us));
}

static int replay_kind(struct trial *t, enum record_kind kind)
{
	if (!begin(t, kind))
		return complain(STATUS_INCOMPLETE, "out of memory");
	int status =
		recall_past(t->recall, kind, t->since_us, t->until_us, take_record, t);
	alert_replay_end(t->new, t->until_us);
	if (t->old != NULL)
		alert_replay_end(t->old, t->until_us);
	return status;
}

static int replay(struct trial *t)
{
	record_bits kinds =
		alert_rules_kinds(&t->tried) | alert_rules_kinds(&t->in_force);
	bool is_incomplete = false;
	for (enum record_kind kind = 0; kind < RECORD_KINDS; kind++) {
		if (!(kinds & RECORD_BIT(kind)) || !store_keeps(kind))
			continue;
		int status = replay_kind(t, kind);
		if (status != STATUS_OK && status != STATUS_INCOMPLETE)
			return status;
		is_incomplete |= status != STATUS_OK;
	}
	return is_incomplete ? STATUS_INCOMPLETE : STATUS_OK;
}

static bool open_replays(struct trial *t)
{
	char error[STORE_ERROR_MAX];
	int status;
	const char *state =
		t->options->state != NULL ? t->options->state : t->config.state;
	const struct limits_history history = { .self = t, .hour = hour };
	t->reader = store_reader_open(state, error, &status);
	const struct limits_history *known = t->reader != NULL ? &history : NULL;
	t->new = alert_replay_new(t->tried.limits, known);
	if (t->recorded_count == 0)
		t->old = alert_replay_new(t->in_force.limits, known);
	return !t->is_short && t->new != NULL &&
	       (t->recorded_count > 0 || t->old != NULL);
}

static int go_through(struct trial *t)
{
	t->recall = recall_open(t->options->common, "alerts", t->options->state);
	if (t->recall == NULL)
		return complain(STATUS_INCOMPLETE, "out of memory");
	int status = recall_past(t->recall, RECORD_alert, t->since_us, t->until_us,
				 take_recorded, t);
	if (status != STATUS_OK)
		return status;
	return open_replays(t) ? replay(t)
			       : complain(STATUS_INCOMPLETE, "out of memory");
}

/* ---- what is said of it ---- */

/* How the store keeps what is not kept as it came. */
static const char *kept_as(enum record_kind kind)
{
	switch (kind) {
	case RECORD_self:
	case RECORD_socket:
		return " (the last of each minute)";
	case RECORD_listener:
		return " (as they changed)";
	case RECORD_finding:
	case RECORD_block:
	case RECORD_alert:
	case RECORD_incident:
		return " (as last written)";
	default:
		return "";
	}
}

static void say_ports(const struct seen *seen, struct buf *out)
{
	char count[CELL_MAX], length[CELL_MAX];
	const char *between = "";
	for (size_t i = 0; i < LENGTHS_MAX && seen->lengths[i].records > 0; i++) {
		text_count(count, sizeof(count), (double)seen->lengths[i].records);
		text_span(length, sizeof(length), seen->lengths[i].interval_s);
		buf_printf(out, "%s%s port record%s of %s", between, count,
			   seen->lengths[i].records == 1 ? "" : "s", length);
		between = ", ";
	}
}

static void say_history(const struct trial *t)
{
	char count[CELL_MAX], first[TIME_TEXT_MAX];
	struct buf text = { 0 };
	for (enum record_kind kind = 0; kind < RECORD_KINDS; kind++) {
		const struct seen *seen = &t->seen[kind];
		if (seen->records == 0)
			continue;
		if (text.len > 0)
			buf_text(&text, ", ");
		text_count(count, sizeof(count), (double)seen->records);
		if (kind == RECORD_port)
			say_ports(seen, &text);
		else
			buf_printf(&text, "%s %s record%s%s", count, schemas[kind].name,
				   seen->records == 1 ? "" : "s", kept_as(kind));
	}
	record_time_text(t->first_us, first);
	if (text.len > 0)
		fprintf(stderr, "Tried on records since %.16sZ: %s\n", first,
			buf_cstr(&text));
	else
		fputs("! Tried on nothing: the store has no such records of that "
		      "time\n",
		      stderr);
	buf_free(&text);
}

static void say_missing(const struct trial *t)
{
	const struct limit_rules *rules = t->tried.limits;
	for (size_t i = 0; i < limit_rules_count(rules); i++) {
		const struct limit_rule *rule = limit_rules_at(rules, i);
		const char *kind = schemas[rule->record].name;
		const struct field *field;
		if (rule->kind == RULE_CHANGE && !rule->is_off && t->reader == NULL)
			fprintf(stderr,
				"! not tried: %s (what was a week before is in the "
				"store, which can't be read here)\n",
				rule->name);
		else if (!alert_replay_misses(t->new, i, &field))
			continue;
		else if (field == NULL)
			fprintf(stderr,
				store_keeps(rule->record)
					? "! not tried: %s (there is no %s record of "
					  "that time)\n"
					: "! not tried: %s (%s records are not kept)\n",
				rule->name, kind);
		else
			fprintf(stderr, "! not tried: %s (no %s record has %s)\n",
				rule->name, kind, field->name);
	}
}

static void say_missing_levels(const struct trial *t)
{
	const struct limit_rules *rules = t->tried.limits;
	for (size_t i = 0; i < limit_rules_level_count(rules); i++) {
		const struct limit_level *level = limit_rules_level_at(rules, i);
		if (!level->is_off && t->seen[level->record].records == 0)
			fprintf(stderr,
				"! not tried: %s (there is no %s record of that "
				"time)\n",
				level->name, schemas[level->record].name);
	}
}

static void say_left_out(const struct trial *t)
{
	const struct alert_replay_sum sum = alert_replay_sum(t->new);
	if (sum.alerts_left_out > 0)
		fprintf(stderr, "! %llu alerts more than can be listed\n",
			(unsigned long long)sum.alerts_left_out);
	if (sum.series_left_out > 0)
		fprintf(stderr, "! %llu records were of series too many\n",
			(unsigned long long)sum.series_left_out);
}

static int say(struct trial *t)
{
	size_t tried_count, old_count = t->recorded_count;
	const struct alert_record *tried = alert_replay_alerts(t->new, &tried_count);
	const struct alert_record *old =
		t->old != NULL ? alert_replay_alerts(t->old, &old_count) : t->recorded;
	struct alert_record *both =
		calloc(tried_count + 2 * old_count + 1, sizeof(*both));
	if (both == NULL)
		return complain(STATUS_INCOMPLETE, "out of memory");
	/* What is in force lies behind the room of all. */
	struct alert_record *in_force = both + tried_count + old_count;
	if (tried_count > 0)
		memcpy(both, tried, tried_count * sizeof(*both));
	if (old_count > 0)
		memcpy(in_force, old, old_count * sizeof(*both));
	const struct alert_trial_said said = {
		.common = t->options->common,
		.tried = t->tried.limits,
		.in_force = t->in_force.limits,
		.alerts = both,
		.count = alert_compare(both, tried_count, in_force, old_count),
		.was_recorded = t->old == NULL,
	};
	alert_trial_print(&said);
	fflush(stdout);
	free(both);
	fputs(t->old == NULL ? "In force: alerts as they were recorded\n"
			     : "In force: tried as well, as no alert of that time is "
			       "recorded\n",
	      stderr);
	say_history(t);
	say_missing(t);
	say_missing_levels(t);
	say_left_out(t);
	return STATUS_OK;
}

/* ---- the command ---- */

static int64_t time_given(const char *given, int64_t otherwise_us)
{
	int64_t at_us = otherwise_us;
	if (given != NULL)
		when_parse(given, clock_us(CLOCK_REALTIME), &at_us);
	return at_us;
}

static void close_trial(struct trial *t)
{
	recall_close(t->recall);
	if (t->reader != NULL)
		store_reader_close(t->reader);
	alert_replay_free(t->old);
	alert_replay_free(t->new);
	alert_rules_free(&t->in_force);
	alert_rules_free(&t->tried);
	free(t->recorded);
	free(t);
}

int alert_trial(const struct alert_trial_options *options)
{
	struct trial *t = calloc(1, sizeof(*t));
	if (t == NULL)
		return complain(STATUS_INCOMPLETE, "out of memory");
	t->options = options;
	t->first_us = INT64_MAX;
	t->until_us = time_given(options->until, clock_us(CLOCK_REALTIME));
	t->since_us =
		time_given(options->since != NULL ? options->since : usual_since, 0);
	int status = read_rules(t);
	if (status == STATUS_OK)
		status = go_through(t);
	if (status == STATUS_OK || status == STATUS_INCOMPLETE) {
		int said = t->new != NULL ? say(t) : status;
		status = said != STATUS_OK ? said : status;
	}
	close_trial(t);
	return status;
}
