/*
 * alerting.h: joins the book of incidents (alert/incidents.h) with the running monitor:
 * what it is given, where its records go, and what people say of incidents.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "alert/incidents.h"
#include "base/buf.h"
#include "base/home.h"
#include "record/record.h"

struct alerting_sink {
	void *self;
	/* Incidents, timelines, deployments and audit records: for the store, and
	 * whoever looks on. */
	void (*keep)(void *self, enum record_kind kind, const void *record);
};

struct alerting {
	struct incident_book *book; /* NULL: before alerting_open() */
	const struct home *own;     /* this machine's addresses; borrowed */
	struct alerting_sink sink;
};

/*
 * Takes up the incidents that fired when the daemon ended, from the store in that
 * folder; call it before the store is written.  False without memory.
 */
bool alerting_open(struct alerting *a, const char *folder, const struct home *own,
		   const struct alerting_sink *sink);
void alerting_close(struct alerting *a);

/* ---- what happens; nothing before alerting_open() ---- */

void alerting_finding(struct alerting *a, const struct finding_record *finding);
void alerting_listener(struct alerting *a, const struct listener_record *listener);
void alerting_block(struct alerting *a, const struct block_record *block);
void alerting_second(struct alerting *a, int64_t now_us);

/* ---- what people say ---- */

/*
 * Forms (docs/alerts.md): of an incident, and of a deployment.  0 and a sentence, or
 * -ENOENT, -EEXIST or -EINVAL and what is wrong, in message.
 */
int alerting_change(struct alerting *a, const char *form, const char *actor,
		    struct buf *message);
int alerting_deployed(struct alerting *a, const char *form, const char *actor,
		      struct buf *message);

/* ---- what is known ---- */

/* Newest first: those that fire, then those that were over lately. */
void alerting_each(const struct alerting *a,
		   void (*take)(void *to, const struct incident_record *incident),
		   void *to);
/* Appends "incidents":{...} of /api/v1/status, without a comma. */
void alerting_json(const struct alerting *a, struct buf *json);
