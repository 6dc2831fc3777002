/*
 * answers_settings.h: what the page's settings ask of a running daemon: dashboards,
 * rules, who is told, the configuration.
 */
#pragma once

#include "cli/monitor.h"

/* A form is words, and what is posted has no end of its own. */
typedef int answers_form(struct monitor *m, const char *form, const char *actor,
			 struct buf *message);
int answers_take_form(struct monitor *m, const char *text, size_t len,
		      const char *actor, struct buf *message, answers_form *take);

/* Which line of which file each key is from, as the configuration is now. */
void answers_note_config(struct monitor *m);

/* web_source.public_targets. */
void answers_public(void *self, web_public_take take, void *to);

/* Fills these parts of it. */
void answers_settings(struct web_source *source);
