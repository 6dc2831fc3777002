/*
 * dry_run.c: see dry_run.h.
 */
#include "cli/dry_run.h"

#include <stdlib.h>

#include "policy/never.h"
#include "respond/respond.h"

struct dry_run {
	struct respond *respond;
	struct never never;
	struct home ours;
};

static void spare(struct dry_run *dry_run, const struct prefix *prefix,
		  enum never_reason reason)
{
	const struct never_entry entry = { .prefix = *prefix,
					   .reason = reason,
					   .until_us = INT64_MAX };
	never_add(&dry_run->never, &entry);
}

static void tell(struct dry_run *dry_run, const struct config *config)
{
	never_init(&dry_run->never);
	for (size_t i = 0; i < config->block_never.count; i++)
		spare(dry_run, &config->block_never.at[i], NEVER_never);
	respond_set_never(dry_run->respond, &dry_run->never);
	respond_set_rules(dry_run->respond, config, UNKNOWN_TIME);
}

void dry_run_spare(struct dry_run *dry_run, const struct never *never)
{
	for (size_t i = 0; i < never->count; i++)
		spare(dry_run, &never->at[i].prefix, never->at[i].reason);
}

struct dry_run *dry_run_new(const struct config *config, const struct home *ours,
			    void *self,
			    void (*block)(void *self, const struct block_record *block))
{
	const struct respond_sink sink = { .self = self, .block = block };
	struct dry_run *dry_run = calloc(1, sizeof(*dry_run));
	if (dry_run == NULL)
		return NULL;
	dry_run->ours = *ours;
	dry_run->respond = respond_new(&sink);
	if (dry_run->respond == NULL) {
		free(dry_run);
		return NULL;
	}
	tell(dry_run, config);
	return dry_run;
}

void dry_run_free(struct dry_run *dry_run)
{
	if (dry_run == NULL)
		return;
	respond_free(dry_run->respond);
	free(dry_run);
}

uint64_t dry_run_served(const struct dry_run *dry_run)
{
	return respond_state(dry_run->respond).served;
}

void dry_run_tick(struct dry_run *dry_run, int64_t now_us)
{
	respond_tick(dry_run->respond, now_us);
}

static void take_contact(struct dry_run *dry_run, const struct contact_record *contact)
{
	if (home_holds(&dry_run->ours, &contact->server_ip))
		respond_contact(dry_run->respond, contact);
}

static void take_flow(struct dry_run *dry_run, const struct flow_record *flow)
{
	if (home_holds(&dry_run->ours, &flow->server_ip))
		respond_flow(dry_run->respond, flow);
}

/* A log need not say which address of ours it was. */
static void take_login(struct dry_run *dry_run, const struct login_record *login)
{
	if (addr_is_unset(&login->server_ip) ||
	    home_holds(&dry_run->ours, &login->server_ip))
		respond_login(dry_run->respond, login);
}

void dry_run_take(struct dry_run *dry_run, enum record_kind kind, const void *record)
{
	if (kind == RECORD_contact)
		take_contact(dry_run, record);
	else if (kind == RECORD_flow)
		take_flow(dry_run, record);
	else if (kind == RECORD_login)
		take_login(dry_run, record);
	else if (kind == RECORD_finding)
		respond_finding(dry_run->respond, record);
	respond_tick(dry_run->respond, UNKNOWN_TIME); /* the record's */
}
