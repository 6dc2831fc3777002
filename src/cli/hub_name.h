/*
 * hub_name.h: whether another hub of the fleet has the same name, so that nobody could
 * say which of them leads: each asks now and then, and those that run answer.
 */
#pragma once

#include <stdbool.h>

#include "fleet/link.h"
#include "record/record.h"

#define HUB_NAME "bw.h.name" /* only hubs may publish there */

struct hub_name;
/* name: this hub's, host: its machine's; NULL without memory or thread. */
struct hub_name *hub_name_start(struct link *link, const char *name, const char *host);
/* True if there is one: the machine it is on. */
bool hub_name_is_taken(struct hub_name *own, field_text64 host);
/* It asks no more ... */
void hub_name_cancel(struct hub_name *own);
/* ... and who is asked is waited for. */
void hub_name_stop(struct hub_name *own);
