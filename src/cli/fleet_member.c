/*
 * fleet_member.c: see fleet_member.h.
 */
#include "cli/fleet_member.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cli/cli.h"

enum {
	BYTES_PER_S = 2000000, /* of what waited; 16 Mbit/s leave room for the rest */
	LAST_WORDS_MS = 2000,
	LOOK_MS = 20,
};
#define SPOOL_FOLDER "spool"

/* ---- before there are threads ---- */

static char *join_servers(const struct config_texts *servers)
{
	struct buf text = { 0 };
	for (size_t i = 0; i < servers->count; i++)
		buf_printf(&text, "%s%s", i > 0 ? "," : "", servers->at[i]);
	if (buf_cstr(&text) == NULL)
		buf_free(&text);
	return text.at;
}

static bool name_files(struct fleet_member *member, const char *state)
{
	int len = snprintf(member->spool, sizeof(member->spool),
			   "%s/" FLEET_FOLDER "/" SPOOL_FOLDER, state);
	member->servers = join_servers(&member->config->fleet_servers);
	return keyring_path(state, NULL, member->folder) &&
	       keyring_path(state, FLEET_FILE_SENSOR, member->credentials) &&
	       keyring_path(state, FLEET_FILE_CA, member->ca) &&
	       (size_t)len < sizeof(member->spool) && member->servers != NULL;
}

static bool has_joined_once(const struct fleet_member *member)
{
	return access(member->credentials, F_OK) == 0;
}

/* A file that was lost or spoilt later is no reason to watch nothing. */
static int read_identity(struct fleet_member *member)
{
	char error[FLEET_IDENTITY_ERROR_MAX] = "";
	int failed =
		fleet_identity_read(member->config->state, &member->identity, error);
	member->is_member = failed == 0;
	if (failed == 0)
		return STATUS_OK;
	if (failed == -ENOENT && !has_joined_once(member)) {
		fprintf(stderr,
			"breakwater: fleet.servers is set, but this machine has not "
			"joined a fleet: a hub's \"breakwater fleet token\" makes a "
			"token for \"breakwater fleet join TOKEN\" here; without "
			"fleet.servers it stands alone\n");
		return STATUS_USAGE;
	}
	snprintf(member->trouble, sizeof(member->trouble),
		 "%.150s; \"breakwater fleet join\" writes it, with a token that was "
		 "made with --name",
		 error);
	fprintf(stderr,
		"breakwater: nothing is told to the fleet, and this machine watches "
		"alone: %s\n",
		member->trouble);
	return STATUS_OK;
}

static int own_folders(const struct fleet_member *member)
{
	const struct config *config = member->config;
	int error = sandbox_own_inside(config->state, FLEET_FOLDER, config->user);
	if (error == 0)
		error = sandbox_own_inside(member->folder, SPOOL_FOLDER, config->user);
	if (error != 0)
		fprintf(stderr, "breakwater: %s: %s\n", member->spool,
			strerror(-error));
	return error;
}

/* ---- until somebody steers, and when it ends ---- */

static void ignore_connected(void *self)
{
	(void)self;
}

static void ignore_answer(void *self, uint64_t id, const void *bytes, size_t len)
{
	(void)self;
	(void)id;
	(void)bytes;
	(void)len;
}

static void ignore_news(void *self, const void *bytes, size_t len)
{
	(void)self;
	(void)bytes;
	(void)len;
}

static void ignore_servers(void *self, const struct server_addresses *servers)
{
	(void)self;
	(void)servers;
}

static void ignore_all(struct fleet_member *member)
{
	member->output = (struct courier_output){ .connected = ignore_connected,
						  .answer = ignore_answer,
						  .news = ignore_news,
						  .servers = ignore_servers };
}

int fleet_member_fork(struct fleet_member *member, const struct config *config)
{
	member->config = config;
	member->steered = (struct fleet_steered){ .config_version = UNKNOWN_U64,
						  .cut_off = UNKNOWN_FLAG };
	member->told = member->steered;
	ignore_all(member);
	if (config->fleet_servers.count == 0)
		return STATUS_OK;
	if (!name_files(member, config->state)) {
		fprintf(stderr, "breakwater: %s/" FLEET_FOLDER ": %s\n", config->state,
			strerror(ENAMETOOLONG));
		return STATUS_USAGE;
	}
	int status = read_identity(member);
	if (status != STATUS_OK || !member->is_member)
		return status;
	own_folders(member);
	fleet_spool_boot(member->boot);
	member->setup =
		(struct fleet_courier_setup){ .user = config->user,
					      .spool = member->spool,
					      .servers = member->servers,
					      .sensor = member->identity.name,
					      .credentials = member->credentials,
					      .ca = member->ca,
					      .bytes_per_s = BYTES_PER_S };
	member->courier = fleet_courier_fork(&member->setup);
	return STATUS_OK;
}

/* ---- records ---- */

void fleet_member_open(struct fleet_member *member)
{
	const struct feed_options options = { .folder = member->spool,
					      .sensor = member->identity.name,
					      .bytes_max = member->config->fleet_spool,
					      .boot = member->boot };
	if (!member->is_member)
		return;
	member->feed = feed_open(&options, member->trouble);
	if (member->feed == NULL)
		fprintf(stderr, "breakwater: nothing is told to the fleet: %s\n",
			member->trouble);
}

/* The chain is told by who writes it, with its numbers and hashes. */
static bool tell_chain(void *self, enum record_kind kind, const void *record)
{
	return feed_tell(self, kind, record);
}

void fleet_member_tell_chain(struct fleet_member *member, struct store *store)
{
	const struct store_telling to = { member->feed, tell_chain };
	struct chain_told told;
	if (member->feed == NULL)
		return;
	feed_told(member->feed, &told);
	store_tell(store, &to, &told);
}

bool fleet_member_wants(const struct fleet_member *member, enum record_kind kind)
{
	int lane = fleet_lane_of(kind);
	bool is_chain = kind == RECORD_audit || kind == RECORD_checkpoint;
	return member->feed != NULL && lane != LANE_NONE && !is_chain &&
	       (lane != LANE_FLOW || member->config->fleet_flows);
}

void fleet_member_put(struct fleet_member *member, enum record_kind kind,
		      const void *record)
{
	if (fleet_member_wants(member, kind))
		feed_put(member->feed, kind, record);
}

static bool has_events(const struct fleet_member *member)
{
	struct buf bytes = { 0 };
	struct batch_id id;
	int error = fleet_spool_oldest(member->spool, LANE_EVENT, &id, &bytes);
	buf_free(&bytes);
	return error == 0;
}

/* Of a machine that ends in order the hubs should not say that it is lost. */
static void let_it_tell(struct fleet_member *member)
{
	int64_t until_us = clock_us(CLOCK_MONOTONIC) + LAST_WORDS_MS * 1000LL;
	struct buf said = { 0 };
	while (fleet_courier_counts(member->courier).is_up && has_events(member) &&
	       clock_us(CLOCK_MONOTONIC) < until_us) {
		struct pollfd told = { .fd = fleet_member_fd(member),
				       .events = POLLIN };
		poll(&told, 1, LOOK_MS);
		fleet_member_take(member, &said);
	}
	buf_free(&said);
}

void fleet_member_close(struct fleet_member *member)
{
	bool had_feed = member->feed != NULL;
	ignore_all(member);
	feed_close(member->feed);
	member->feed = NULL;
	if (had_feed && member->courier != NULL)
		let_it_tell(member);
	fleet_courier_close(member->courier);
	member->courier = NULL;
	free(member->servers);
	member->servers = NULL;
}

/* ---- the process ---- */

int fleet_member_fd(const struct fleet_member *member)
{
	return member->courier != NULL ? fleet_courier_fd(member->courier) : -1;
}

void fleet_member_take(struct fleet_member *member, struct buf *said)
{
	if (member->courier != NULL)
		fleet_courier_take(member->courier, &member->output, said);
}

void fleet_member_second(struct fleet_member *member)
{
	if (member->courier != NULL)
		fleet_courier_tick(member->courier);
}

static bool is_same(const struct config_texts *a, const struct config_texts *b)
{
	bool same = a->count == b->count;
	for (size_t i = 0; same && i < a->count; i++)
		same = strcmp(a->at[i], b->at[i]) == 0;
	return same;
}

void fleet_member_reload(struct fleet_member *member, const struct config *fresh,
			 struct buf *late)
{
	if (!is_same(&member->config->fleet_servers, &fresh->fleet_servers))
		buf_text(late, "fleet.servers");
	if (member->feed != NULL)
		feed_limit(member->feed, fresh->fleet_spool);
}

/* ---- how it is ---- */

static uint64_t told_batches(const struct courier_counts *counts)
{
	uint64_t sum = 0;
	for (int lane = 0; lane < FLEET_LANES; lane++)
		sum += counts->batches[lane];
	return sum;
}

static struct courier_counts counts_of(const struct fleet_member *member)
{
	if (member->courier != NULL)
		return fleet_courier_counts(member->courier);
	return (struct courier_counts){ .last_us = UNKNOWN_TIME };
}

static uint64_t age_us(int64_t oldest_us, int64_t now_us)
{
	return oldest_us == UNKNOWN_TIME || oldest_us > now_us
		       ? 0
		       : (uint64_t)(now_us - oldest_us);
}

void fleet_member_describe(const struct fleet_member *member, int64_t now_us,
			   struct sensor_record *out)
{
	const struct courier_counts counts = counts_of(member);
	const struct fleet_steered *steered = &member->steered;
	struct feed_status status;
	record_text(out->site, sizeof(out->site), member->identity.site);
	record_text(out->tags, sizeof(out->tags), member->identity.tags);
	out->sent = told_batches(&counts);
	out->config_version = steered->config_version;
	record_text(out->config_refused, sizeof(out->config_refused),
		    steered->config_refused);
	out->cut_off = steered->cut_off;
	if (member->feed == NULL)
		return;
	feed_status(member->feed, &status);
	out->spool_bytes = status.spool.bytes;
	out->lag_us = age_us(status.spool.oldest_us, now_us);
	out->records_dropped = status.spool.dropped;
}

static void put_text(struct buf *out, const char *name, const char *text)
{
	buf_printf(out, ",\"%s\":\"", name);
	buf_json_text(out, text);
	buf_char(out, '"');
}

static void put_number(struct buf *out, const char *name, uint64_t value)
{
	buf_printf(out, ",\"%s\":", name);
	buf_u64(out, value);
}

/* What keeps records from being told, the cause first. */
static const char *trouble_of(struct fleet_member *member,
			      const struct feed_status *status,
			      const struct courier_counts *counts,
			      char text[static GUARD_TEXT_MAX])
{
	if (member->feed == NULL)
		return member->trouble;
	if (status->spool.trouble[0] != '\0')
		return status->spool.trouble;
	if (member->courier == NULL)
		return strerror(ENOMEM);
	if (!fleet_courier_describe(member->courier, text))
		return text;
	return counts->trouble;
}

void fleet_member_json(struct fleet_member *member, int64_t now_us, struct buf *out)
{
	const struct courier_counts counts = counts_of(member);
	struct feed_status status = { .spool.oldest_us = UNKNOWN_TIME };
	char text[GUARD_TEXT_MAX], last[TIME_TEXT_MAX];
	if (member->servers == NULL)
		return;
	if (member->feed != NULL)
		feed_status(member->feed, &status);
	buf_printf(out, "\"fleet\":{\"connected\":%s", counts.is_up ? "true" : "false");
	put_text(out, "name", member->identity.name);
	put_text(out, "site", member->identity.site);
	put_text(out, "tags", member->identity.tags);
	put_text(out, "servers", member->servers);
	put_number(out, "told_batches", told_batches(&counts));
	put_number(out, "waiting_batches", status.spool.batches);
	put_number(out, "waiting_bytes", status.spool.bytes);
	put_number(out, "room_bytes", member->config->fleet_spool);
	put_number(out, "lag_us", age_us(status.spool.oldest_us, now_us));
	put_number(out, "dropped_records", status.spool.dropped);
	if (counts.last_us != UNKNOWN_TIME) {
		record_time_text(counts.last_us, last);
		put_text(out, "told_at", last);
	}
	put_text(out, "trouble", trouble_of(member, &status, &counts, text));
	buf_text(out, "},");
}
