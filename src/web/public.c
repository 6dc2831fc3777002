/*
 * public.c: see public.h.
 */
#include "web/public.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { KEPT_MS = 15000 };

static void take(void *to, const struct web_public *target)
{
	struct public_view *view = to;
	if (view->count == PUBLIC_TARGETS_MAX)
		return;
	struct public_target *place = &view->targets[view->count++];
	snprintf(place->name, sizeof(place->name), "%s", target->name);
	place->known = *target;
	place->known.name = place->name;
}

struct public_view *public_view_look(struct public_view *view,
				     const struct web_source *source, int64_t now_ms,
				     int64_t now_us)
{
	if (source->public_targets == NULL)
		return NULL;
	if (view->targets == NULL)
		view->targets = calloc(PUBLIC_TARGETS_MAX, sizeof(*view->targets));
	if (view->targets == NULL)
		return NULL;
	if (view->until_ms != 0 && now_ms < view->until_ms)
		return view;
	view->until_ms = now_ms + KEPT_MS;
	view->at_us = now_us;
	view->count = 0;
	buf_clear(&view->html);
	buf_clear(&view->json);
	source->public_targets(source->self, take, view);
	return view;
}

void public_view_free(struct public_view *view)
{
	free(view->targets);
	buf_free(&view->html);
	buf_free(&view->json);
	*view = (struct public_view){ 0 };
}

static const char *escape_of(unsigned char c)
{
	switch (c) {
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '&':
		return "&amp;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return c < ' ' || c == 0x7f ? "\xef\xbf\xbd" : NULL;
	}
}

void public_text(struct buf *out, const char *text)
{
	for (const char *s = text; *s != '\0'; s++) {
		const char *escape = escape_of((unsigned char)*s);
		if (escape != NULL)
			buf_text(out, escape);
		else
			buf_char(out, *s);
	}
}

double public_uptime(const struct web_public *target, int days)
{
	double good = 0, bad = 0;
	for (int i = 0; i < days && i < WEB_PUBLIC_DAYS; i++) {
		good += target->days[i].good_s;
		bad += target->days[i].bad_s;
	}
	return good + bad > 0 ? good / (good + bad) : (double)NAN;
}

void public_say_share(struct buf *out, double share)
{
	static const double hundredths = 1e4;
	if (isnan(share))
		buf_text(out, "not known");
	else if (share >= 1)
		buf_text(out, "100 %");
	else
		buf_printf(out, "%.2f %%", floor(share * hundredths) / 100);
}
