/*
 * hub_ask.h: what people say at a hub that does not lead, passed on to the one that
 * does: a question over NATS, put to the leader's loop and answered from it.
 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"
#include "fleet/link.h"
#include "record/record.h"

#define HUB_CHANGE "bw.h.change" /* only hubs may publish there */

/* "incident", "silence", "unsilence", "deployed", "report_run": what is to be done with
 * the form. */
struct hub_asked {
	field_text32 what;
	field_text64 actor;
	const char *form;
};
typedef int (*hub_answer)(void *self, const struct hub_asked *asked,
			  struct buf *message);

/* The result of it, and message, as the leader gave them; -EAGAIN: nobody answered. */
int hub_pass_on(struct link *link, const struct hub_asked *asked, struct buf *message);

/* The leader's: who listens for them. NULL without memory, or if it can't now. */
struct hub_ask;
struct hub_ask *hub_ask_open(struct link *link);
/* Readable when something is asked. */
int hub_ask_fd(const struct hub_ask *ask);
void hub_ask_take(struct hub_ask *ask, hub_answer answer, void *self);
/* It answers no more, and nobody is waited for ... */
void hub_ask_stop(struct hub_ask *ask);
/* ... so that after this hub_ask_close() does not, either. */
bool hub_ask_has_ended(const struct hub_ask *ask);
void hub_ask_close(struct hub_ask *ask);
