/*
 * hub_past.h: questions about the past of a fleet, asked of the depot: connections to
 * it are kept for the next question.
 */
#pragma once

#include "web/kept.h"

struct hub_past;
struct board;
/*
 * where: as depot_open(); the board knows as what each sensor was joined.  Both are
 * borrowed; NULL without memory.
 */
struct hub_past *hub_past_new(const char *where, struct board *board);
void hub_past_free(struct hub_past *past);
/* Its functions, for web_options; they may be called from any thread. */
struct web_past hub_web_past(const struct hub_past *past);

struct depot;
/*
 * As store_read(), of all sensors or of those of the filter; incidents and their
 * timelines are the fleet's, but for one that is asked for by its id.
 */
int hub_past_read(struct depot *depot, enum record_kind kind,
		  const struct store_filter *filter, store_emit emit, void *to,
		  char error[static STORE_ERROR_MAX]);
