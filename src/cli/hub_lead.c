/*
 * hub_lead.c: what the hub that leads does: the book of incidents of all sensors, and
 * who is told; see hub.h and fleet/lease.h.
 *
 * Who follows hears all that the leader says (hub_keep()), keeps it in its own store,
 * and knows from its board what is open: so who takes over goes on with the same
 * incidents, and what came between is not missing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alert/incidents.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/hash.h"
#include "cli/hub.h"
#include "cli/hub_reporting.h"
#include "cli/hub_time.h"
#include "fleet/chain_proof.h"
#include "fleet/whole.h"

enum {
	TOLD_MOST = 900 * 1024, /* in the bucket: a message has 1 MiB */
	TOLD_FILE_MOST = 16 << 20,
};
static const char late_rule[] = "sensor_late", chain_rule[] = "audit_chain";
/* What attacks are judged by is looked at again from before another hub ended. */
#define EVIDENCE_US INT64_C(60000000)
/* Until the board has the last minutes of the streams, this hub judges nothing. */
#define SETTLE_US INT64_C(2000000)
/* Nor before what was left out is read, if the depot answers. */
#define RECALL_US INT64_C(10000000)
/* Nor before it knows what is asked from several places, if that can be known. */
#define PLACES_US INT64_C(10000000)

/* ---- what it is given ---- */

static void keep(void *self, enum record_kind kind, const void *record)
{
	hub_keep(self, kind, record);
}

static bool is_late(struct hub *hub, const char *name, struct sensor_record *out)
{
	return board_sensor(hub->board, name, out) && strcmp(out->state, "late") == 0;
}

/* Until a chain was looked at here, what was said of it before counts. */
static bool is_broken(struct hub *hub, const char *name)
{
	struct sensor_record sensor;
	return board_sensor(hub->board, name, &sensor) &&
	       strcmp(sensor.state, "revoked") != 0 &&
	       (sensor.audit_chain == NULL || chain_is_bad(sensor.audit_chain));
}

/* An alert of the last leader's: of a sensor that is late still, or whose chain does
 * not hold, or of places. */
static bool goes_on(void *self, const struct alert_record *alert)
{
	struct sensor_record sensor;
	if (strcmp(alert->rule, chain_rule) == 0)
		return is_broken(self, alert->target);
	return hub_place_goes_on(alert) || (strcmp(alert->rule, late_rule) == 0 &&
					    is_late(self, alert->target, &sensor));
}

/* Kept, it is the hub's; in the book it is of whom it is about, as it began. */
static void recalled(void *self, struct alert_record *alert)
{
	bool is_of_sensor = strcmp(alert->rule, late_rule) == 0 ||
			    strcmp(alert->rule, chain_rule) == 0;
	(void)self;
	record_text(alert->sensor, sizeof(alert->sensor),
		    is_of_sensor ? alert->target : "");
}

bool hub_prepare_alerting(struct hub *hub, struct buf *errors)
{
	const struct alerting_setup setup = { .self = hub,
					      .keep = keep,
					      .goes_on = goes_on,
					      .recalled = recalled,
					      .config = &hub->config,
					      .config_path = hub->config_path,
					      .own = &hub->own,
					      .home = &hub->home,
					      .programs = &hub->programs };
	return alerting_prepare(&hub->alerting, &setup, errors);
}

static void say(struct buf *said)
{
	if (said->len > 0)
		fwrite(said->at, 1, said->len, stderr);
	buf_free(said);
}

void hub_take_sent(struct hub *hub)
{
	struct buf said = { 0 };
	alerting_take_sent(&hub->alerting, &said);
	say(&said);
}

/* ---- who was told what ---- */

static void told_path(const struct hub *hub, char path[static HUB_PATH_MAX])
{
	snprintf(path, HUB_PATH_MAX, "%.*s/told.bin", CONFIG_TEXT_MAX - 1,
		 hub->config.state);
}

/* What the last leader kept, in place of what this hub knew. */
static void take_told(struct hub *hub)
{
	char path[HUB_PATH_MAX];
	struct buf told = { 0 };
	if (!hub_lease_kept(hub->lease, &told))
		return;
	told_path(hub, path);
	int error = file_replace_private(path, told.at, told.len);
	if (error != 0)
		fprintf(stderr,
			"breakwater: %s: %s; people may be told again of what they "
			"know\n",
			path, strerror(-error));
	buf_free(&told);
}

/* Once, until all of it has room again. */
static void say_left_out(struct hub *hub, int left_out)
{
	if (left_out > 0 && !hub->told_is_cut)
		fprintf(stderr,
			"breakwater: of who was told what the bucket has room for %d "
			"KiB: "
			"the next leader does not know of the %d messages sent longest "
			"ago, and may send them again\n",
			TOLD_MOST / 1024, left_out);
	hub->told_is_cut = left_out > 0;
}

static void give_told(struct hub *hub)
{
	char path[HUB_PATH_MAX];
	struct buf told = { 0 }, within = { 0 };
	told_path(hub, path);
	uint64_t stamp = file_stamp(path);
	if (stamp == hub->told_stamp)
		return;
	hub->told_stamp = stamp;
	if (file_read(path, TOLD_FILE_MOST, &told) == 0) {
		int left_out =
			teller_kept_within(told.at, told.len, TOLD_MOST, &within);
		if (left_out >= 0 && buf_ok(&within))
			hub_lease_keep(hub->lease, within.at, within.len);
		say_left_out(hub, left_out);
	}
	buf_free(&within);
	buf_free(&told);
}

/* ---- what a record means ---- */

bool hub_judge_finding(struct hub *hub, struct finding_record *finding)
{
	field_text32 before;
	if (!hub->leads)
		return false;
	memcpy(before, finding->incident, sizeof(before));
	if (strcmp(finding->sensor, FLEET_HUB) != 0)
		attackers_name(finding,
			       incident_book_is_of_others(hub->alerting.book, finding));
	attackers_join(hub->attackers, finding);
	alerting_finding(&hub->alerting, finding);
	attackers_note(hub->attackers, finding, clock_us(CLOCK_REALTIME));
	return strcmp(before, finding->incident) != 0;
}

/* Of another machine's alert only the book hears: its sensor keeps it itself. */
static void judge_alert(struct hub *hub, const struct alert_record *alert)
{
	struct alert_record known = *alert;
	struct sensor_record sensor;
	if (board_sensor(hub->board, alert->sensor, &sensor) &&
	    hub_place_alert(hub, sensor.site, &known))
		incident_book_of_all(hub->alerting.book, known.sensor, known.target);
	incident_book_alert(hub->alerting.book, &known);
}

static void judge_finding(struct hub *hub, const struct finding_record *finding)
{
	struct finding_record known = *finding;
	if (hub->steer != NULL)
		hub_steer_finding(hub->steer, finding);
	hub_judge_finding(hub, &known);
}

void hub_judge(struct hub *hub, enum record_kind kind, const void *record)
{
	_Alignas(16) char known[HUB_RECORD_MOST];
	size_t size = schemas[kind].size;
	if (!hub->leads || !whole_record(kind, record) || size > sizeof(known))
		return;
	memcpy(known, record, size);
	hub_not_later(kind, known, clock_us(CLOCK_REALTIME));
	if (kind == RECORD_finding)
		judge_finding(hub, (const struct finding_record *)known);
	else if (kind == RECORD_alert)
		judge_alert(hub, (const struct alert_record *)known);
	else if (kind == RECORD_block)
		alerting_block(&hub->alerting, (const struct block_record *)known);
	hub_detect(hub, kind, known);
}

/* ---- sensors that are not heard, or whose history was changed ---- */

static const struct alert_record *alert_of(const struct hub *hub, const char *rule,
					   const char *name)
{
	const struct alert_board *board = &hub->alerting.board;
	for (size_t i = 0; i < board->count; i++)
		if (strcmp(board->at[i].rule, rule) == 0 &&
		    strcmp(board->at[i].target, name) == 0)
			return &board->at[i];
	return NULL;
}

static void begin_alert(const char *rule, const struct sensor_record *sensor,
			int64_t now_us, struct alert_record *alert)
{
	const uint64_t of[] = { hash_sum(sensor->sensor, strlen(sensor->sensor)),
				hash_sum(rule, strlen(rule)), (uint64_t)now_us };
	record_init(RECORD_alert, alert);
	snprintf(alert->id, sizeof(alert->id), "%016llx",
		 (unsigned long long)hash_sum(of, sizeof(of)));
	alert->at = alert->start = now_us;
	alert->state = "firing";
	record_text(alert->rule, sizeof(alert->rule), rule);
	record_text(alert->target, sizeof(alert->target), sensor->sensor);
	record_text(alert->sensor, sizeof(alert->sensor), sensor->sensor);
	record_text(alert->tags, sizeof(alert->tags), sensor->tags);
}

static void fire_late(struct hub *hub, const struct sensor_record *sensor,
		      int64_t now_us)
{
	struct alert_record alert;
	begin_alert(late_rule, sensor, now_us, &alert);
	alert.kind = "absence";
	alert.severity = "high";
	record_text(alert.metric, sizeof(alert.metric), "sensor.state");
	snprintf(alert.summary, sizeof(alert.summary),
		 "sensor %s%s%s is not heard any more: nothing is known of its ports",
		 sensor->sensor, sensor->site[0] != '\0' ? " at " : "", sensor->site);
	record_text(
		alert.advice, sizeof(alert.advice),
		"Is the machine up, does breakwater run there, and does it reach the "
		"NATS servers?  Its own status says what waits: breakwater status.");
	alerting_alert(&hub->alerting, &alert);
}

static void fire_chain(struct hub *hub, const struct sensor_record *sensor,
		       int64_t now_us)
{
	struct alert_record alert;
	bool is_missing = strstr(sensor->audit_chain, "missing") != NULL;
	begin_alert(chain_rule, sensor, now_us, &alert);
	alert.kind = "value";
	alert.severity = is_missing ? "high" : "critical";
	record_text(alert.metric, sizeof(alert.metric), "sensor.audit_chain");
	snprintf(alert.summary, sizeof(alert.summary),
		 "the audit chain of sensor %s does not hold: %.145s", sensor->sensor,
		 sensor->audit_fault);
	record_text(alert.advice, sizeof(alert.advice),
		    "Who owns that machine may have changed its history: breakwater "
		    "audit verify --sensor NAME at the hub says where, and it has what "
		    "was told before.");
	alerting_alert(&hub->alerting, &alert);
}

static void judge_by(struct hub *hub, const char *rule,
		     const struct sensor_record *sensor, bool is,
		     void (*fire)(struct hub *hub, const struct sensor_record *sensor,
				  int64_t now_us))
{
	int64_t now_us = clock_us(CLOCK_REALTIME);
	const struct alert_record *known = alert_of(hub, rule, sensor->sensor);
	if (is && known == NULL) {
		fire(hub, sensor, now_us);
	} else if (!is && known != NULL) {
		struct alert_record over = *known;
		over.state = "resolved";
		over.at = over.end = now_us;
		alerting_alert(&hub->alerting, &over);
	}
}

/* What was only missing may have been changed since: that is told, too. */
static void judge_chain(struct hub *hub, const struct sensor_record *sensor)
{
	const struct alert_record *known = alert_of(hub, chain_rule, sensor->sensor);
	bool is_bad = chain_is_bad(sensor->audit_chain) &&
		      strcmp(sensor->state, "revoked") != 0;
	if (is_bad && known != NULL && strcmp(known->severity, "high") == 0 &&
	    strstr(sensor->audit_chain, "missing") == NULL)
		judge_by(hub, chain_rule, sensor, false, fire_chain);
	judge_by(hub, chain_rule, sensor, is_bad, fire_chain);
}

void hub_judge_sensor(struct hub *hub, const struct sensor_record *sensor)
{
	if (!hub->leads)
		return;
	judge_by(hub, late_rule, sensor, strcmp(sensor->state, "late") == 0, fire_late);
	/* Until it was looked at here, what was said of it before counts. */
	if (sensor->audit_chain != NULL)
		judge_chain(hub, sensor);
}

/* ---- to lead, and to follow ---- */

/* Copies: what is judged is told, and so changes the board. */
struct rows {
	enum record_kind kind;
	char *at; /* owned */
	size_t count, room;
};

static void collect(void *to, const void *record)
{
	struct rows *rows = to;
	size_t size = schemas[rows->kind].size;
	if (rows->count == rows->room) {
		size_t room = rows->room > 0 ? 2 * rows->room : 64;
		char *larger = reallocarray(rows->at, room, size);
		if (larger == NULL)
			return;
		rows->at = larger;
		rows->room = room;
	}
	memcpy(rows->at + rows->count++ * size, record, size);
}

/* What hubs found themselves, they found before. */
static void judge_own(struct hub *hub, const struct finding_record *finding)
{
	struct finding_record known = *finding;
	hub_detect_restore(hub, finding);
	hub_judge_finding(hub, &known);
}

static void judge_row(struct hub *hub, enum record_kind kind, const void *record)
{
	const char *sensor =
		(const char *)record + record_field(kind, "sensor")->offset;
	if (kind == RECORD_sensor)
		hub_judge_sensor(hub, record);
	if (strcmp(sensor, FLEET_HUB) != 0)
		hub_judge(hub, kind, record);
	else if (kind == RECORD_finding)
		judge_own(hub, record);
}

/* What came while nobody led, and what was open before; the oldest first. */
static void catch_up(struct hub *hub, enum record_kind kind)
{
	struct rows rows = { .kind = kind };
	size_t size = schemas[kind].size;
	board_each(hub->board, kind, collect, &rows);
	for (size_t i = rows.count; i > 0; i--)
		judge_row(hub, kind, rows.at + (i - 1) * size);
	free(rows.at);
}

static bool open_book(struct hub *hub, struct alerting_kept *kept)
{
	if (kept == NULL || !alerting_take_up(&hub->alerting, kept))
		return false;
	if (hub_detect_begin(hub))
		return true;
	alerting_stand_down(&hub->alerting);
	return false;
}

/* False without memory. */
static bool judge_from_now(struct hub *hub, struct alerting_kept *kept)
{
	struct buf said = { 0 };
	hub->leads = open_book(hub, kept);
	if (!hub->leads) {
		fprintf(stderr, "breakwater: not enough memory to lead\n");
		return false;
	}
	alerting_begin(&hub->alerting, hub->web != NULL ? web_address(hub->web) : "",
		       clock_us(CLOCK_REALTIME), &said);
	say(&said);
	catch_up(hub, RECORD_sensor);
	catch_up(hub, RECORD_listener);
	catch_up(hub, RECORD_finding);
	catch_up(hub, RECORD_alert);
	return true;
}

/* One that has not ended yet would answer, too. */
static void open_ask(struct hub *hub)
{
	if (hub->ask_ending != NULL && !hub_ask_has_ended(hub->ask_ending))
		return;
	hub_ask_close(hub->ask_ending);
	hub->ask_ending = NULL;
	if (hub->ask == NULL)
		hub->ask = hub_ask_open(hub->link);
}

static void close_ask(struct hub *hub)
{
	if (hub->ask == NULL)
		return;
	hub_ask_close(hub->ask_ending);
	hub_ask_stop(hub->ask);
	hub->ask_ending = hub->ask;
	hub->ask = NULL;
}

static void forget_book(struct hub *hub)
{
	hub_book_close(hub->book);
	hub->book = NULL;
}

static void end(struct hub *hub)
{
	hub->leads = false;
	reporting_stand_down(&hub->reporting);
	alerting_stand_down(&hub->alerting);
	forget_book(hub);
	hub_follow_evidence(hub->follow, false, 0);
	hub_detect_end(hub, false);
	close_ask(hub);
	fprintf(stderr, "breakwater: this hub does not lead any more\n");
}

/*
 * What comes until it is read waits where it is heard (hub_follow.h), so that the book
 * has all that came before, and is told all that comes after.
 */
static void read_book(struct hub *hub)
{
	hub->book = hub_book_read(hub->store, hub->config.state);
	if (hub->book == NULL && hub_has_lead(hub))
		end(hub);
}

static void take_book(struct hub *hub)
{
	bool is_first = !hub_has_lead(hub);
	struct alerting_kept *kept = hub_book_take(hub->book);
	forget_book(hub);
	if (is_first)
		take_told(hub);
	bool judges = judge_from_now(hub, kept);
	alerting_kept_free(kept);
	if (judges && is_first) {
		hub_follow_evidence(hub->follow, true,
				    clock_us(CLOCK_REALTIME) - EVIDENCE_US);
		open_ask(hub);
		fprintf(stderr, "breakwater: this hub leads\n");
	} else if (!judges && !is_first) {
		end(hub);
	}
}

bool hub_has_lead(const struct hub *hub)
{
	return hub->leads || hub->detect != NULL;
}

void hub_lead_anew(struct hub *hub)
{
	if (!hub->leads)
		return;
	hub->leads = false;
	alerting_stand_down(&hub->alerting);
	read_book(hub);
}

/* The lease is this hub's: whether it knows enough to lead. */
static bool is_early(struct hub *hub)
{
	int64_t now_us = clock_us(CLOCK_MONOTONIC);
	bool awaits = hub->steer != NULL && !hub->knows_places;
	if (hub->lease_us == 0) {
		hub->lease_us = now_us;
		hub_recall_hurry(hub->recall);
	}
	return hub->follow == NULL || now_us - hub->followed_us < SETTLE_US ||
	       (awaits && now_us - hub->began_us < PLACES_US) ||
	       (now_us - hub->lease_us < RECALL_US &&
		hub_recall_is_under_way(hub->recall));
}

void hub_look_at_lease(struct hub *hub)
{
	if (!hub_lease_leads(hub->lease)) {
		hub->lease_us = 0;
		if (hub_has_lead(hub))
			end(hub);
		forget_book(hub);
	} else if (hub->book != NULL) {
		if (hub_book_is_read(hub->book))
			take_book(hub);
	} else if (!hub->leads && !is_early(hub)) {
		read_book(hub);
	}
}

void hub_lead_second(struct hub *hub)
{
	struct buf said = { 0 };
	if (!hub->leads)
		return;
	open_ask(hub);
	hub_detect_second(hub);
	alerting_second(&hub->alerting, clock_us(CLOCK_REALTIME), &said);
	say(&said);
	give_told(hub);
	if (hub->knows_made)
		hub_watch_reporting(hub);
}
