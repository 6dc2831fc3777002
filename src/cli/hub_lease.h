/*
 * hub_lease.h: who leads (fleet/lease.h), by a thread that asks the bucket; and what
 * the leader keeps there for who follows it: who was told what.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "fleet/lease.h"
#include "fleet/link.h"
#include "record/record.h"

struct hub_lease;
/* name: this hub's; NULL without memory or thread. */
struct hub_lease *hub_lease_start(struct link *link, const char *name);
/* Now: never later than another one may begin. */
bool hub_lease_leads(struct hub_lease *lease);
/* Who leads, as the bucket says; "": nobody, or not known. */
void hub_lease_leader(struct hub_lease *lease, field_text64 out);

/* What is to be kept for the next leader: copied. */
void hub_lease_keep(struct hub_lease *lease, const void *bytes, size_t len);
/* What the last leader has kept, since this one took over; false: nothing is known. */
bool hub_lease_kept(struct hub_lease *lease, struct buf *out);
/* The key is removed if it is ours: others need not wait.  It never leads again. */
void hub_lease_give_up(struct hub_lease *lease);
void hub_lease_stop(struct hub_lease *lease);
