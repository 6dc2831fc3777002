/*
 * dry_run.h: what would be blocked, of findings and evidence of the past; nothing is
 * done.
 *
 * Of what is never blocked only block.never is known by itself: what a machine says of
 * itself (gateways, who is logged in) is of now.
 */
#pragma once

#include "base/home.h"
#include "config/config.h"
#include "record/record.h"

struct dry_run;

/* NULL without memory. As if block.mode were that of config; both are copied. */
struct dry_run *
dry_run_new(const struct config *config, const struct home *ours, void *self,
	    void (*block)(void *self, const struct block_record *block));
void dry_run_free(struct dry_run *dry_run);

/* What else is never blocked, at whatever time; copied. */
struct never;
void dry_run_spare(struct dry_run *dry_run, const struct never *never);

/* Findings, contacts, flows and logins, in order of time; others are passed over. */
void dry_run_take(struct dry_run *dry_run, enum record_kind kind, const void *record);
/* Sources that were served in the last 30 days. */
uint64_t dry_run_served(const struct dry_run *dry_run);
/* Blocks that have ended by then are told. */
void dry_run_tick(struct dry_run *dry_run, int64_t now_us);
