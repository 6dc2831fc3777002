/*
 * hub_change.c: what people change at a hub: done here if it leads, else passed on to
 * the one that does; see hub.h and hub_ask.h.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/hub.h"
#include "cli/hub_reporting.h"

static const struct doing {
	const char *what;
	int (*take)(struct alerting *a, const char *form, const char *actor,
		    struct buf *message);
} doings[] = {
	{ "incident", alerting_change },
	{ "deployed", alerting_deployed },
	{ "silence", alerting_silence },
	{ "unsilence", alerting_unsilence },
};

static int do_it(struct hub *hub, const struct hub_asked *asked, struct buf *message)
{
	for (size_t i = 0; i < sizeof(doings) / sizeof(doings[0]); i++)
		if (strcmp(asked->what, doings[i].what) == 0)
			return doings[i].take(&hub->alerting, asked->form, asked->actor,
					      message);
	if (strcmp(asked->what, "report_run") == 0)
		return hub_run_report(hub, asked->form, asked->actor, message);
	buf_text(message, "this hub is of another version");
	return -EINVAL;
}

static int answer(void *self, const struct hub_asked *asked, struct buf *message)
{
	return do_it(self, asked, message);
}

/* Whoever asks waits until the book is there, for some seconds. */
void hub_take_asked(struct hub *hub)
{
	if (hub->ask != NULL && hub->leads)
		hub_ask_take(hub->ask, answer, hub);
}

static int wait_for_book(struct buf *message)
{
	buf_text(message, "this hub leads, and reads just now what was said before; "
			  "try again in some seconds");
	return -EAGAIN;
}

/* The leader notes in its audit chain what was done; this one who asked it here. */
static void note_passed(void *self, const struct hub_asked *asked, int result,
			struct buf *message)
{
	struct hub *hub = self;
	field_text64 leader;
	hub_lease_leader(hub->lease, leader);
	hub_audit(hub, "passed_on", asked->actor, asked->what, "", leader);
	if (result == -EAGAIN && message->len == 0) /* else the leader said why */
		buf_printf(message,
			   "no hub that leads answers%s%s%s; try again in some seconds",
			   leader[0] != '\0' ? " (" : "", leader,
			   leader[0] != '\0' ? ")" : "");
}

void hub_take_passed(struct hub *hub)
{
	hub_passing_take(hub->passing, note_passed, hub);
}

static int pass_on(struct hub *hub, const struct hub_asked *asked, struct buf *message)
{
	if (hub_passing_begin(hub->passing, asked))
		return -EINPROGRESS;
	buf_text(message, "too many changes wait for the hub that leads; try again in "
			  "some seconds");
	return -EAGAIN;
}

static void wait_for_passed(void *self, web_change_answer tell, void *to)
{
	const struct hub *hub = self;
	hub_passing_wait(hub->passing, tell, to);
}

static int change(struct hub *hub, const char *what, const char *text, size_t len,
		  const char *actor, struct buf *message)
{
	struct buf form = { 0 };
	struct hub_asked asked = { .form = "" };
	buf_add(&form, text, len);
	asked.form = buf_cstr(&form);
	record_text(asked.what, sizeof(asked.what), what);
	record_text(asked.actor, sizeof(asked.actor), actor);
	int result = -ENOMEM;
	if (asked.form != NULL)
		result = hub->leads          ? do_it(hub, &asked, message)
			 : hub_has_lead(hub) ? wait_for_book(message)
					     : pass_on(hub, &asked, message);
	buf_free(&form);
	return result;
}

#define TAKES(name)                                                                    \
	static int take_##name(void *self, const char *text, size_t len,               \
			       const char *actor, struct buf *message)                 \
	{                                                                              \
		return change(self, #name, text, len, actor, message);                 \
	}
TAKES(incident)
TAKES(deployed)
TAKES(silence)
TAKES(unsilence)
TAKES(report_run)

void hub_fill_changes(struct web_source *source)
{
	source->incident_change = take_incident;
	source->deployed = take_deployed;
	source->silence = take_silence;
	source->unsilence = take_unsilence;
	source->report_run = take_report_run;
	source->report_schedule = hub_give_schedule;
	source->change_wait = wait_for_passed;
}
