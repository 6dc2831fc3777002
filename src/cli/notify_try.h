/*
 * notify_try.h: a message to see whether a sink can be reached.
 */
#pragma once

#include "base/buf.h"
#include "config/config.h"
#include "record/record.h"

/* The incident that such a message tells of: nothing. */
void notify_test_incident(struct incident_record *incident, int64_t now_us);

/*
 * Sends a message now that says that it is one to try that sink, whether or not anybody
 * else runs: the name of a sink, or a URL as notify.to has them.  0; -ENOENT, -EINVAL:
 * said tells why; -EAGAIN: it was not taken; with why.
 */
int notify_try(const struct config *config, const char *sink, struct buf *said);
