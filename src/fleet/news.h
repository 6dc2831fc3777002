/*
 * news.h: what a sensor asks hubs for (FLEET_ASK) and what they answer: it says which
 * documents it has, they send those that are newer.
 *
 * A document is taken away by a newer one without text, never by an answer that lacks
 * it: who can hold answers back can only delay.
 */
#pragma once

#include "fleet/document.h"

enum {
	NEWS_HAVE_MAX = 160,
	NEWS_ASK_MAX = 32 * 1024,
	NEWS_ANSWER_MAX =
		700 * 1024, /* nats-server takes 1 MiB; the rest comes next time */
};

/* One document that it has, or has refused. */
struct news_have {
	struct document_scope scope;
	enum document_kind kind;
	uint64_t version;
};

#define NEWS_ASK    "breakwater have 1\n"
#define NEWS_ANSWER "breakwater documents 1\n"
/* What a hub tells: there is something to ask for. */
#define NEWS_TOLD "breakwater news 1\n"

void news_ask_write(const struct news_have *have, size_t count, struct buf *out);
/* Whether that is a question for documents at all. */
bool news_is_ask(const void *bytes, size_t len);
/* How many it has; -1: that is no such question. */
int news_ask_read(const void *bytes, size_t len,
		  struct news_have out[static NEWS_HAVE_MAX]);
/* The version of it that it has; 0: none. */
uint64_t news_has(const struct news_have *have, size_t count,
		  const struct document_scope *scope, enum document_kind kind);
