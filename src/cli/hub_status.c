/*
 * hub_status.c: how a hub is: /api/v1/status, and its own record of each second; see
 * hub.h.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/hub.h"
#include "cli/status_json.h"
#include "record/object.h"

#define SECOND_US INT64_C(1000000)
/* A stream that no hub empties is no news for so long; then somebody should know. */
#define LAG_US (60 * SECOND_US)

/* What the lanes say together. */
struct lanes {
	struct take_status all;
	bool has_depot, has_stream;
	uint64_t lag_us; /* greatest, from stored to kept, of the last batches */
};

static void add_lane(struct lanes *lanes, const struct take_status *lane)
{
	struct take_status *all = &lanes->all;
	all->batches += lane->batches;
	all->bytes += lane->bytes;
	all->again += lane->again;
	all->refused += lane->refused;
	all->lost += lane->lost;
	all->waiting += lane->waiting > 0 ? lane->waiting : 0;
	lanes->has_depot &= lane->has_depot;
	lanes->has_stream &= lane->has_stream;
	if (all->trouble[0] == '\0')
		memcpy(all->trouble, lane->trouble, sizeof(all->trouble));
	int64_t lag_us =
		lane->kept_us != UNKNOWN_TIME ? lane->kept_us - lane->stored_us : 0;
	if (lag_us > 0 && (uint64_t)lag_us > lanes->lag_us)
		lanes->lag_us = (uint64_t)lag_us;
}

static struct lanes look_at_lanes(struct hub *hub)
{
	struct lanes lanes = { .has_depot = true, .has_stream = true };
	for (int i = 0; i < FLEET_LANES; i++) {
		struct take_status lane = { .waiting = -1 };
		if (hub->takes[i] != NULL)
			take_status(hub->takes[i], &lane);
		add_lane(&lanes, &lane);
	}
	return lanes;
}

/* ---- each second ---- */

static void say_trouble(struct hub *hub, const char *text)
{
	if (strcmp(hub->trouble, text) == 0)
		return;
	record_text(hub->trouble, sizeof(hub->trouble), text);
	if (text[0] != '\0')
		fprintf(stderr, "breakwater: %s\n", text);
	else
		fprintf(stderr, "breakwater: the NATS servers and the depot are there "
				"again\n");
}

/* Said once, and when it is over. */
void hub_say_trouble(struct hub *hub)
{
	char link[LINK_ERROR_MAX], text[sizeof(field_text256)];
	const struct lanes lanes = look_at_lanes(hub);
	link_trouble(hub->link, link);
	text[0] = '\0';
	if (link[0] != '\0')
		snprintf(text, sizeof(text), "NATS: %.200s", link);
	else if (lanes.all.trouble[0] != '\0')
		snprintf(text, sizeof(text), "%s: %.200s; what sensors tell waits",
			 lanes.has_depot ? "streams" : "depot", lanes.all.trouble);
	/* At the start nothing is up yet. */
	if (clock_us(CLOCK_REALTIME) - hub->state.started_us > 3 * SECOND_US)
		say_trouble(hub, text);
}

static void forget_packets(struct self_record *self)
{
	self->packets = self->dropped = self->undecoded = UNKNOWN_U64;
	self->flows = self->flows_evicted = UNKNOWN_U64;
}

void hub_second(struct hub *hub)
{
	const struct pipeline_totals none = { .newest_us = INT64_MIN };
	struct hub_follow_counts heard;
	const struct lanes lanes = look_at_lanes(hub);
	run_second(&hub->state, &none, clock_us(CLOCK_REALTIME));
	struct self_record *self = &hub->state.self;
	forget_packets(self);
	hub_follow_count(hub->follow, &heard);
	self->records_dropped = heard.unshown;
	self->lag_us = lanes.lag_us;
	self->store_state = lanes.has_depot ? "ok" : "failed";
	hub->second_us = self->at;
	if (hub->web != NULL)
		web_live(hub->web, RECORD_self, self);
}

void hub_self(void *self, struct self_record *out)
{
	*out = ((struct hub *)self)->state.self;
}

/* ---- status ---- */

static void put_sensors(struct hub *hub, struct buf *json)
{
	struct board_counts counts;
	board_count(hub->board, &counts);
	object_open(json, "sensors");
	object_u64(json, "up", counts.up);
	object_u64(json, "late", counts.late);
	object_u64(json, "gone", counts.gone);
	object_u64(json, "revoked", counts.revoked);
	object_u64(json, "lag_us", counts.lag_us);
	object_u64(json, "clock_offset_worst_ms", counts.offset_worst_ms);
	object_close(json);
	buf_char(json, ',');
	object_open(json, "board");
	object_u64(json, "ports", counts.open[RECORD_port]);
	object_u64(json, "listeners", counts.open[RECORD_listener]);
	object_u64(json, "findings", counts.open[RECORD_finding]);
	object_u64(json, "alerts", counts.open[RECORD_alert]);
	object_u64(json, "evicted", counts.evicted);
	object_close(json);
	buf_char(json, ',');
}

static void put_lane(struct hub *hub, enum fleet_lane lane, struct buf *json)
{
	struct take_status status = { .waiting = -1 };
	if (hub->takes[lane] != NULL)
		take_status(hub->takes[lane], &status);
	object_open(json, fleet_lane_name(lane));
	object_u64(json, "batches", status.batches);
	object_u64(json, "bytes", status.bytes);
	object_u64(json, "again", status.again);
	object_u64(json, "refused", status.refused);
	object_u64(json, "lost_records", status.lost);
	if (status.waiting >= 0)
		object_u64(json, "waiting", (uint64_t)status.waiting);
	if (status.kept_us != UNKNOWN_TIME)
		object_u64(json, "lag_us",
			   status.kept_us > status.stored_us
				   ? (uint64_t)(status.kept_us - status.stored_us)
				   : 0);
	object_close(json);
	buf_char(json, ',');
}

static void put_lanes(struct hub *hub, struct buf *json)
{
	object_open(json, "lanes");
	for (int i = 0; i < FLEET_LANES; i++)
		put_lane(hub, (enum fleet_lane)i, json);
	object_close(json);
	buf_char(json, ',');
}

/* "postgresql": a password may be in the rest. */
static void put_depot(struct hub *hub, const struct lanes *lanes, struct buf *json)
{
	struct hub_tidy_counts tidy;
	char kind[32];
	hub_tidy_count(hub->tidy, &tidy);
	snprintf(kind, sizeof(kind), "%.*s", (int)strcspn(hub->depot, ":"), hub->depot);
	object_open(json, "depot");
	object_text(json, "kind", kind);
	object_bool(json, "up", lanes->has_depot);
	object_text(json, "trouble", lanes->has_depot ? "" : lanes->all.trouble);
	object_u64(json, "gaps", tidy.gaps);
	object_u64(json, "gaps_untold", tidy.untold);
	if (tidy.pruned_us != UNKNOWN_TIME)
		object_time(json, "pruned", tidy.pruned_us, "Z");
	object_close(json);
	buf_char(json, ',');
}

static void put_servers(struct hub *hub, struct buf *json)
{
	char link[LINK_ERROR_MAX], join[JOINING_ERROR_MAX];
	struct hub_tidy_counts tidy;
	hub_tidy_count(hub->tidy, &tidy);
	link_trouble(hub->link, link);
	hub_join_trouble(hub->join, join);
	object_open(json, "servers");
	object_bool(json, "up", link_is_up(hub->link));
	object_bool(json, "has_streams", tidy.has_streams);
	object_text(json, "trouble",
		    link[0] != '\0'   ? link
		    : join[0] != '\0' ? join
				      : tidy.trouble);
	object_close(json);
	buf_char(json, ',');
}

static void put_steering(const struct hub *hub, struct buf *json)
{
	if (hub->steer == NULL)
		return;
	buf_text(json, "\"steering\":");
	hub_steer_json(hub->steer, json);
	buf_char(json, ',');
	object_u64(json, "unshared", hub_steer_left_out(hub->steer));
}

static void put_names(struct hub *hub, struct buf *json)
{
	field_text64 leader, host;
	hub_lease_leader(hub->lease, leader);
	object_text(json, "name", hub->name);
	if (hub_name_is_taken(hub->namesakes, host))
		object_text(json, "namesake", host);
	object_bool(json, "leads", hub_has_lead(hub));
	object_text(json, "leader", leader);
}

static void put_hub(struct hub *hub, struct buf *json)
{
	struct hub_follow_counts heard;
	struct hub_say_counts said;
	const struct lanes lanes = look_at_lanes(hub);
	hub_follow_count(hub->follow, &heard);
	hub_say_count(hub->say, &said);
	object_open(json, "hub");
	put_names(hub, json);
	put_sensors(hub, json);
	put_lanes(hub, json);
	object_u64(json, "lag_us", lanes.lag_us);
	object_u64(json, "waiting", (uint64_t)lanes.all.waiting);
	object_u64(json, "refused", lanes.all.refused);
	put_depot(hub, &lanes, json);
	put_servers(hub, json);
	put_steering(hub, json);
	object_u64(json, "heard", heard.records);
	object_u64(json, "unshown", heard.unshown);
	object_u64(json, "holes", heard.holes);
	object_bool(json, "past_is_known", hub_recall_is_whole(hub->recall));
	object_u64(json, "said", said.told);
	object_u64(json, "unsaid", said.lost);
	object_close(json);
	buf_char(json, ',');
}

static void put_privileges(const struct hub *hub, struct buf *json)
{
	object_open(json, "privileges");
	for (unsigned i = 0; i < SANDBOX_PARTS; i++) {
		object_open(json, sandbox_part_name((enum sandbox_part)i));
		object_bool(json, "holds", hub->sandbox.holds[i]);
		object_text(json, "detail", hub->sandbox.detail[i]);
		object_close(json);
		buf_char(json, ',');
	}
	object_close(json);
	buf_char(json, ',');
}

/* What keeps it from keeping is what a store is to a machine. */
static void put_store(struct hub *hub, struct buf *json)
{
	struct store_status store;
	const struct lanes lanes = look_at_lanes(hub);
	store_status(hub->store, &store);
	bool is_late = lanes.lag_us > (uint64_t)LAG_US && lanes.all.waiting > 0;
	if (store.state == STORE_OK && (!lanes.has_depot || is_late)) {
		store.state = STORE_FAILED;
		snprintf(store.message, sizeof(store.message), "depot: %.200s",
			 lanes.has_depot
				 ? "what sensors tell waits for more than a minute"
				 : lanes.all.trouble);
	}
	status_json_store(json, &store);
	buf_char(json, ',');
}

void hub_status(void *self, struct buf *json)
{
	struct hub *hub = self;
	char started[TIME_TEXT_MAX];
	record_time_text(hub->state.started_us, started);
	buf_printf(json, "{\"version\":\"%s\",\"pid\":%d,\"started\":\"%s\",",
		   BREAKWATER_VERSION, (int)getpid(), started);
	object_u64(json, "uptime_s",
		   (uint64_t)(hub->second_us - hub->state.started_us) / SECOND_US);
	put_hub(hub, json);
	put_privileges(hub, json);
	object_text(json, "listen", web_address(hub->web));
	if (hub->state.self.rss_bytes != UNKNOWN_U64)
		object_u64(json, "rss_bytes", hub->state.self.rss_bytes);
	if (hub->state.self.cpu_ratio >= 0)
		object_decimal(json, "cpu_ratio", hub->state.self.cpu_ratio);
	put_store(hub, json);
	alerting_json(&hub->alerting, hub_each_incident, hub, json);
	buf_char(json, '}');
}
