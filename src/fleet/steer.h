/*
 * steer.h: a hub's part in steering: it answers sensors that ask for their documents
 * (FLEET_ASK), and, while it leads, drives the rollout and tells sensors that there is
 * news (FLEET_TOLD).
 *
 * All that it knows is in the bucket: any hub answers, and another one goes on leading.
 */
#pragma once

#include "fleet/bucket.h"
#include "fleet/news.h"

struct steer_options {
	struct link *link;
	const struct nkey *key; /* the fleet's; a leader's has its seed */
	/*
	 * Who a sensor is, as it was joined: 0; -ENOENT: nobody, or revoked; -EAGAIN:
	 * not known now.  On threads of the link.
	 */
	int (*find)(void *self, const char *sensor, struct document_reader *out);
	/* What a leader did, for the audit trail. */
	void (*audit)(void *self, const char *action, const char *actor,
		      const char *subject, const char *before, const char *after);
	void *self;
};

struct steer;
struct steer *steer_open(const struct steer_options *options);
void steer_close(struct steer *steer);

/*
 * A question on "bw.q.NAME"; as link_hear.  False: it is none for documents, which is
 * for another to answer.  On threads of the link.
 */
bool steer_hear(struct steer *steer, const char *subject, const void *bytes, size_t len,
		struct buf *answer);

/* Once a second; sensors: what was last heard of each. */
void steer_second(struct steer *steer, bool leads, const struct plan_sensor *sensors,
		  size_t count, int64_t now_us);

/* The state of it as JSON: {"rollout":{...},"documents":[...]}. */
void steer_json(struct steer *steer, struct buf *out);
