/*
 * hindsight.c: see hindsight.h.
 */
#include "cli/hindsight.h"

#include <stdlib.h>
#include <string.h>

#include "base/home.h"
#include "base/roster.h"
#include "cli/dry_run.h"
#include "cli/settings.h"
#include "detect/detect.h"
#include "respond/respond.h"

#define SECOND_US 1000000LL

/* The newest block of a source. */
struct held {
	struct roster_entry head;
	uint32_t block; /* from 1 */
	uint32_t blocks;
};

struct numbered {
	struct roster_entry head;
	uint32_t block; /* from 1 */
};

struct hindsight {
	struct hindsight_rules rules;
	struct config config;
	struct detect *detect;
	struct dry_run *dry_run;
	struct home friends;
	struct block_record *blocks; /* HINDSIGHT_BLOCKS */
	size_t count;
	struct roster sources, numbers; /* held by address, numbered by id */
	int64_t second_us, now_us;
	struct hindsight_sum sum;
};

/* ---- blocks ---- */

static struct roster_key key_of_id(const struct block_record *block)
{
	return (struct roster_key){ .rest = strtoull(block->id, NULL, 16) };
}

static struct roster_key key_of_source(const struct addr *addr)
{
	return (struct roster_key){ .first = addr_source(addr) };
}

static void add_up(struct hindsight *h, const struct block_record *block)
{
	const struct roster_key key = key_of_source(&block->address);
	bool limits = strcmp(block->action, "limit") == 0;
	struct held *held = roster_take(&h->sources, &key);
	h->sum.blocks += !limits;
	h->sum.limits += limits;
	h->sum.sources += held->blocks++ == 0;
	if (!limits && block->clients_cut != UNKNOWN_U64)
		h->sum.cut += block->clients_cut;
	held->block = (uint32_t)h->count;
}

static void begin_block(struct hindsight *h, const struct block_record *block)
{
	const struct roster_key key = key_of_id(block);
	if (h->count == HINDSIGHT_BLOCKS) {
		h->sum.left_out++;
		return;
	}
	h->blocks[h->count++] = *block;
	h->blocks[h->count - 1].served = 0;
	struct numbered *numbered = roster_take(&h->numbers, &key);
	numbered->block = (uint32_t)h->count;
	add_up(h, block);
}

static void take_block(void *self, const struct block_record *block)
{
	struct hindsight *h = self;
	const struct roster_key key = key_of_id(block);
	if (strcmp(block->state, "vetoed") == 0) {
		h->sum.vetoed++;
		return;
	}
	const struct numbered *numbered = roster_find(&h->numbers, &key);
	if (numbered == NULL) {
		if (strcmp(block->state, "observed") == 0)
			begin_block(h, block);
		return;
	}
	struct block_record *known = &h->blocks[numbered->block - 1];
	uint64_t served = known->served;
	*known = *block;
	known->served = served;
}

static void take_finding(void *self, const struct finding_record *finding)
{
	struct hindsight *h = self;
	if (!home_holds(&h->friends, &finding->client_ip))
		dry_run_take(h->dry_run, RECORD_finding, finding);
}

/* ---- clients ---- */

static bool would_be_cut(const struct block_record *block, uint32_t port, int64_t at_us)
{
	return strcmp(block->action, "drop") == 0 && at_us > block->start &&
	       at_us < block->until &&
	       (block->port == UNKNOWN_U32 || block->port == port);
}

static void note_served(struct hindsight *h, const struct addr *client, uint32_t port,
			int64_t at_us, uint64_t times)
{
	const struct roster_key key = key_of_source(client);
	const struct held *held = roster_peek(&h->sources, &key);
	if (held == NULL || held->block == 0)
		return;
	struct block_record *block = &h->blocks[held->block - 1];
	if (would_be_cut(block, port, at_us))
		block->served += times;
}

/* ---- evidence, in the order in which the monitor gives it ---- */

/* The live monitor is told the time each second. */
static void pass_time(struct hindsight *h, int64_t at_us)
{
	if (at_us == UNKNOWN_TIME || at_us <= h->now_us)
		return;
	h->now_us = at_us;
	if (at_us / SECOND_US == h->second_us / SECOND_US)
		return;
	h->second_us = at_us;
	detect_tick(h->detect, at_us);
	dry_run_tick(h->dry_run, at_us);
}

static void take_contact(struct hindsight *h, const struct contact_record *contact)
{
	pass_time(h, contact->at);
	dry_run_take(h->dry_run, RECORD_contact, contact);
	detect_contact(h->detect, contact);
}

static void take_login(struct hindsight *h, const struct login_record *login)
{
	pass_time(h, login->at);
	dry_run_take(h->dry_run, RECORD_login, login);
	detect_login(h->detect, login);
	if (login->outcome != NULL && strcmp(login->outcome, "success") == 0)
		note_served(h, &login->client_ip, login->server_port, login->at, 1);
}

/* One that stands for others is as many. */
static void take_flow(struct hindsight *h, const struct flow_record *flow)
{
	uint64_t times = flow->flows == UNKNOWN_U64 ? 1 : flow->flows;
	struct flow_record one = *flow;
	pass_time(h, flow->end);
	one.flows = UNKNOWN_U64;
	for (uint64_t i = 0; i < times; i++)
		detect_flow(h->detect, &one);
	dry_run_take(h->dry_run, RECORD_flow, &one);
	if (respond_is_served(&one))
		note_served(h, &one.client_ip, one.server_port, one.end, times);
}

static void take_second(struct hindsight *h, const struct port_record *port)
{
	pass_time(h, port->start);
	detect_port(h->detect, port, UNKNOWN_FLAG);
}

void hindsight_listener(struct hindsight *h, const struct listener_record *listener)
{
	struct listener_record copy = *listener;
	pass_time(h, listener->at);
	detect_listener(h->detect, &copy);
}

void hindsight_evidence(struct hindsight *h, enum record_kind kind, const void *record)
{
	switch (kind) {
	case RECORD_contact:
		take_contact(h, record);
		break;
	case RECORD_flow:
		take_flow(h, record);
		break;
	case RECORD_login:
		take_login(h, record);
		break;
	default:
		take_second(h, record);
		break;
	}
}

void hindsight_finish(struct hindsight *h)
{
	detect_flush(h->detect, h->now_us);
	dry_run_tick(h->dry_run, h->now_us);
}

const struct block_record *hindsight_blocks(const struct hindsight *h, size_t *count)
{
	*count = h->count;
	return h->blocks;
}

void hindsight_sum(const struct hindsight *h, struct hindsight_sum *sum)
{
	*sum = h->sum;
	sum->clients = dry_run_served(h->dry_run);
}

/* ---- begin and end ---- */

enum { SOURCES_MAX = HINDSIGHT_BLOCKS };

static bool open_tables(struct hindsight *h)
{
	const struct detect_sink found = { .self = h, .finding = take_finding };
	bool has_all = roster_open(&h->sources, sizeof(struct held), SOURCES_MAX);
	has_all &= roster_open(&h->numbers, sizeof(struct numbered), HINDSIGHT_BLOCKS);
	h->blocks = calloc(HINDSIGHT_BLOCKS, sizeof(*h->blocks));
	h->detect = detect_new(&found);
	return has_all && h->blocks != NULL && h->detect != NULL;
}

/* Whether it would be done changes nothing of what is decided. */
static bool set_rules(struct hindsight *h)
{
	record_text(h->config.block_mode, sizeof(h->config.block_mode), "observe");
	h->dry_run = dry_run_new(&h->config, h->rules.own, h, take_block);
	if (h->dry_run == NULL)
		return false;
	dry_run_spare(h->dry_run, h->rules.never);
	detect_set_own(h->detect, h->rules.own);
	detect_set_home(h->detect, h->rules.home);
	settings_friends(&h->config, &h->friends);
	settings_detect(&h->config, h->detect);
	blocklists_tell(h->rules.blocklists, h->detect);
	return true;
}

struct hindsight *hindsight_new(const struct hindsight_rules *rules)
{
	struct hindsight *h = calloc(1, sizeof(*h));
	if (h == NULL)
		return NULL;
	h->rules = *rules;
	h->config = *rules->config;
	h->now_us = h->second_us = INT64_MIN;
	if (open_tables(h) && set_rules(h))
		return h;
	hindsight_free(h);
	return NULL;
}

void hindsight_free(struct hindsight *h)
{
	if (h == NULL)
		return;
	detect_free(h->detect);
	dry_run_free(h->dry_run);
	roster_close(&h->sources);
	roster_close(&h->numbers);
	free(h->blocks);
	free(h);
}
