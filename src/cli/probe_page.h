/*
 * probe_page.h: GET /probe: the daemon asks the process that asks, and puts its answer
 * together.
 */
#pragma once

#include "base/buf.h"
#include "guard/guard.h"
#include "probe/blackbox.h"
#include "probe/event.h"
#include "web/web.h"

/* ---- in the process that asks ---- */

struct page_asker {
	struct blackbox *modules;
	struct prober *prober;
	const struct prefix *allow;
	size_t allow_count;
};

/* A message of probe_pages_ask(); what is none is passed over. */
void page_take(const struct page_asker *asker, const void *message, size_t len);

/* The answer to a message of probe_pages_push(). */
void page_answer_push(uint64_t id, bool is_taken);

/* ---- in the daemon ---- */

/* As many as may wait in web/probe.h. */
enum { PAGES_MAX = 96, PAGE_BYTES_MAX = 1 << 20 };

struct probe_pages {
	uint64_t last_id;
	struct page {
		uint64_t id; /* 0: free */
		struct buf text;
		web_probe_answer answer;
		void *to;
	} pages[PAGES_MAX];
};

/*
 * Asks; answer is called later, once.  False, with why (static), if it can't be asked
 * now.
 */
bool probe_pages_ask(struct probe_pages *pages, struct guard *process,
		     const struct web_probe *probe, web_probe_answer answer, void *to,
		     const char **why);
/* The same with what somebody says of a heartbeat; the answer is 200, or 404. */
bool probe_pages_push(struct probe_pages *pages, struct guard *process,
		      const struct web_push *push, web_probe_answer answer, void *to,
		      const char **why);
/* A piece of an answer came; false if these bytes are none. */
bool probe_pages_take(struct probe_pages *pages, const void *message, size_t len);
/* Nobody will answer any more: all are told so. */
void probe_pages_end(struct probe_pages *pages);
