/*
 * notice_json.h: a notice as one JSON object (docs/alerts.md), which is what a webhook
 * is sent, what waits in the spool, and how it comes to the sender.
 */
#pragma once

#include "alert/notifier.h"

void notice_json(const struct notice *notice, struct buf *out);

/* A notice, and the memory of its texts. */
struct notice_read {
	struct notice notice;
	struct incident_record incidents[NOTICE_INCIDENTS_MAX];
	struct notice_report report;
	const char *files[NOTICE_FILES_MAX];
	void *object; /* owned */
};

/* NULL if these bytes are none of ours. */
struct notice_read *notice_from_json(const char *text, size_t len);
void notice_read_free(struct notice_read *read);
