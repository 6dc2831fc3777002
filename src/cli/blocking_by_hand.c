/*
 * blocking_by_hand.c: what a person asks for, as a form; see blocking.h and
 * docs/answer.md.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"
#include "cli/blocking_inside.h"
#include "web/form.h"

/* Who says nothing wants it for an hour. */
#define DEFAULT_US (3600 * 1000000LL)

static int refuse(struct buf *message, const char *why)
{
	buf_text(message, why);
	return -EINVAL;
}

/* What was written; the numbers and words among it are respond's to judge. */
struct written {
	char address[FORM_VALUE_MAX], transport[FORM_VALUE_MAX], action[FORM_VALUE_MAX],
		why[FORM_VALUE_MAX];
};

static uint32_t number_of(const char *form, const char *name)
{
	char value[FORM_VALUE_MAX], *end;
	if (!form_value(form, name, value) || value[0] == '\0')
		return UNKNOWN_U32;
	unsigned long number = strtoul(value, &end, 10);
	bool is_number = value[0] >= '0' && value[0] <= '9' && *end == '\0';
	return is_number && number < UNKNOWN_U32 ? (uint32_t)number : 0;
}

static int read_form(const char *form, struct written *w, struct respond_asked *asked,
		     struct buf *message)
{
	char value[FORM_VALUE_MAX];
	form_value(form, "address", w->address);
	if (!prefix_parse(w->address, &asked->prefix))
		return refuse(message, "address: allowed is an address or a network, "
				       "such as 192.0.2.7 or 2001:db8::/64");
	asked->for_us = DEFAULT_US;
	if (form_value(form, "for", value) && !duration_parse(value, &asked->for_us))
		return refuse(message, "for: allowed is a duration from 1s to 31d");
	asked->port = number_of(form, "port");
	if (form_value(form, "transport", w->transport))
		asked->transport = w->transport;
	asked->action = form_value(form, "action", w->action) ? w->action : "drop";
	uint32_t rate = number_of(form, "rate");
	asked->rate = rate != UNKNOWN_U32 ? rate : 0;
	if (rate == 0)
		return refuse(message, "rate: allowed is 1 to 100000 packets a second");
	if (form_value(form, "why", w->why))
		asked->why = w->why;
	asked->over_network = form_is_set(form, "network");
	return 0;
}

static int block(struct blocking *b, const char *form, const char *actor,
		 int64_t now_us, struct buf *message)
{
	struct written written;
	struct respond_asked asked = { .actor = actor };
	int error = read_form(form, &written, &asked, message);
	if (error != 0)
		return error;
	return form_is_set(form, "try")
		       ? respond_try(b->respond, &asked, now_us, message)
		       : respond_block(b->respond, &asked, now_us, message);
}

static int unblock(struct blocking *b, const char *what, const char *actor,
		   int64_t now_us, struct buf *message)
{
	int error = respond_unblock(b->respond, what, actor, now_us, message);
	/* Without that process the kernel holds nothing, and nobody will say so. */
	if (b->process == NULL)
		respond_again(b->respond, now_us);
	if (error == 0)
		buf_printf(message, "%s: not blocked any more", what);
	return error;
}

static int confirm(struct blocking *b, const char *id, const char *actor,
		   int64_t now_us, struct buf *message)
{
	int error = respond_confirm(b->respond, id, actor, now_us, message);
	if (error == 0)
		buf_printf(message, "%s: confirmed", id);
	return error;
}

static int thaw(struct blocking *b, const char *actor, int64_t now_us,
		struct buf *message)
{
	bool was_frozen = respond_is_frozen(b->respond);
	respond_thaw(b->respond, actor, now_us);
	buf_text(message, was_frozen ? "automatic blocks go on"
				     : "automatic blocks had not stopped");
	return 0;
}

static int change(struct blocking *b, const char *form, const char *actor,
		  struct buf *message)
{
	char value[FORM_VALUE_MAX];
	int64_t now_us = blocking_now_us(b);
	if (form_value(form, "confirm", value))
		return confirm(b, value, actor, now_us, message);
	if (form_value(form, "unblock", value))
		return unblock(b, value, actor, now_us, message);
	if (form_is_set(form, "thaw"))
		return thaw(b, actor, now_us, message);
	return block(b, form, actor, now_us, message);
}

int blocking_change(struct blocking *b, const char *form, const char *actor,
		    struct buf *message)
{
	if (b->respond == NULL)
		return refuse(message, "it begins, or ends");
	int error = change(b, form, actor, message);
	blocking_flush(b);
	return error;
}
