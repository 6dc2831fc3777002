/*
 * tell_file.h: sinks, routes, escalations and maintenance, as people write them in YAML
 * (docs/alerts.md), and the URLs of notify.to.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "alert/tell_rules.h"

struct buf;

/* What a route has that does not say otherwise. */
struct tell_usual {
	int severity; /* SEVERITY_... */
	int64_t wait_us, interval_us, repeat_us;
};

struct tell_reader;

/*
 * Errors go to *errors as lines "name:line:column: what, and what is allowed".  NULL
 * without memory.
 */
struct tell_reader *tell_reader_new(const struct tell_usual *usual, struct buf *errors);
/* One of notify.to, whose number, from 1, is said in errors: it may hold a secret. */
void tell_reader_url(struct tell_reader *reader, const char *url, size_t number);
/* A file; what it names may be in others. */
void tell_reader_file(struct tell_reader *reader, const char *text, size_t len,
		      const char *name);
/*
 * Frees the reader.  Without any route everything goes to every sink.  NULL after any
 * error.
 */
struct tell_rules *tell_reader_end(struct tell_reader *reader);

void tell_rules_free(struct tell_rules *rules);
