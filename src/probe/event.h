/*
 * event.h: an answer as one message between processes.
 *
 * The process that asks reads strangers' bytes: what it sends is read as a stranger's,
 * too.
 */
#pragma once

#include <stddef.h>
#include <string.h>

#include "probe/rounds.h"
#include "record/reason.h"
#include "record/record.h"

enum probe_event_kind {
	PROBE_EVENT_ANSWER = 1,
	PROBE_EVENT_PAGE,
	PROBE_EVENT_ENDS,
	PROBE_EVENT_FAILURE, /* failure_event.h */
	PROBE_EVENT_RECORDER,
	PROBE_EVENT_ALIVE,
	/* To the process that asks. */
	PROBE_TOLD_OWN,
	PROBE_TOLD_PROOF,
	PROBE_TOLD_PUSH,
	PROBE_TOLD_SETTING, /* the configuration's, by who knows it */
	PROBE_TOLD_MAINTENANCE,
	PROBE_TOLD_ASK_ALIVE,
};

/* Of what a stranger sent. */
static inline bool event_text_ends(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

/* A record with numbers for its words. */
struct probe_event {
	uint32_t kind;              /* PROBE_EVENT_ANSWER */
	struct probe_record record; /* its words are NULL here */
	uint8_t state, hard_state, reason, by, transport;
};

/* Asked of who is silent (PROBE_TOLD_ASK_ALIVE), and answered (PROBE_EVENT_ALIVE). */
struct probe_alive {
	uint32_t kind;
};
bool probe_alive_read(const void *bytes, size_t len, enum probe_event_kind kind);

/* A socket connects, before its probe has an answer. */
struct probe_ends_event {
	uint32_t kind; /* PROBE_EVENT_ENDS */
	struct probe_ends ends;
};
bool probe_ends_read(const void *bytes, size_t len, struct probe_ends *out);

/* Once: whether packets are recorded. */
struct probe_recorder_event {
	uint32_t kind;     /* PROBE_EVENT_RECORDER */
	char why_not[128]; /* "": they are */
};
bool probe_recorder_read(const void *bytes, size_t len,
			 struct probe_recorder_event *out);

/* A service of this machine is to be asked, or not any more. */
struct probe_own {
	uint32_t kind; /* PROBE_TOLD_OWN */
	uint8_t is_gone;
	char text[TARGET_TEXT_MAX];  /* by which it is called */
	char asked[TARGET_TEXT_MAX]; /* the same with what it is asked in all */
};
bool probe_own_read(const void *bytes, size_t len, struct probe_own *out);

/* What clients' connections say of a target. */
struct probe_proof {
	uint32_t kind; /* PROBE_TOLD_PROOF */
	struct round_proof proof;
	char target[TARGET_TEXT_MAX];
};
bool probe_proof_read(const void *bytes, size_t len, struct probe_proof *out);

/* Who has what in maintenance is told as a whole: from one that is first to the last.
 */
struct probe_maintained {
	uint32_t kind;    /* PROBE_TOLD_MAINTENANCE */
	uint8_t is_first; /* what was told before does not hold once the last has come
			   */
	uint8_t is_last;
	uint8_t is_none; /* no target */
	int64_t until_us;
	char target[TARGET_TEXT_MAX]; /* "": all of them */
};
bool probe_maintained_read(const void *bytes, size_t len, struct probe_maintained *out);

/* Somebody says that a heartbeat lives, or not; answered by a page, 200 or 404. */
struct probe_push {
	uint32_t kind; /* PROBE_TOLD_PUSH */
	uint64_t id;
	struct heartbeat_push push;
};
bool probe_push_read(const void *bytes, size_t len, struct probe_push *out);

/* GET /probe: what the daemon asks for ... */
struct probe_request {
	uint64_t id;
	uint8_t has_module, has_hostname, has_timeout, debug;
	char target[512], module[128], hostname[256], timeout[32];
};
/* False if these bytes are none. */
bool probe_request_read(const void *bytes, size_t len, struct probe_request *out);

/* ... and a piece of the answer. */
enum { PROBE_PAGE_PIECE = 1900 };
struct probe_page {
	uint32_t kind;   /* PROBE_EVENT_PAGE */
	uint16_t status; /* of HTTP */
	uint16_t len;
	uint64_t id;
	uint8_t is_last;
	char bytes[PROBE_PAGE_PIECE];
};
bool probe_page_read(const void *bytes, size_t len, struct probe_page *out);

void probe_event_make(const struct probe_record *record, struct probe_event *out);
bool probe_event_read(const void *bytes, size_t len, struct probe_record *out);
