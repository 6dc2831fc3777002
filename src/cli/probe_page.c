/*
 * probe_page.c: see probe_page.h.
 */
#include "cli/probe_page.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char page_type[] = "text/plain; version=0.0.4; charset=utf-8";
static const char text_type[] = "text/plain; charset=utf-8";

/* ---- in the process that asks ---- */

static void send_pieces(uint64_t id, const struct blackbox_answer *answer)
{
	struct probe_page page = { .kind = PROBE_EVENT_PAGE,
				   .status = (uint16_t)answer->status,
				   .id = id };
	size_t sent = 0;
	do {
		size_t left = answer->text.len - sent;
		page.len =
			(uint16_t)(left < PROBE_PAGE_PIECE ? left : PROBE_PAGE_PIECE);
		if (page.len > 0)
			memcpy(page.bytes, answer->text.at + sent, page.len);
		sent += page.len;
		page.is_last = sent == answer->text.len;
		guard_emit(&page, sizeof(page));
	} while (!page.is_last);
}

static void answered(void *to, struct blackbox_answer *answer)
{
	struct probe_request *request = to;
	send_pieces(request->id, answer);
	buf_free(&answer->text);
	free(request);
}

void page_take(const struct page_asker *asker, const void *message, size_t len)
{
	/* Its texts are borrowed until the answer. */
	struct probe_request *request = calloc(1, sizeof(*request));
	if (request == NULL || !probe_request_read(message, len, request)) {
		free(request);
		return;
	}
	const struct blackbox_request asked = {
		.target = request->target,
		.module = request->has_module ? request->module : NULL,
		.hostname = request->has_hostname ? request->hostname : NULL,
		.timeout = request->has_timeout ? request->timeout : NULL,
		.debug = request->debug != 0,
	};
	blackbox_answer(asker->modules, asker->prober, &asked, asker->allow,
			asker->allow_count, answered, request);
}

void page_answer_push(uint64_t id, bool is_taken)
{
	const struct blackbox_answer answer = { .status = is_taken ? 200 : 404 };
	send_pieces(id, &answer);
}

/* ---- in the daemon ---- */

static struct page *page_of(struct probe_pages *pages, uint64_t id)
{
	for (size_t i = 0; i < PAGES_MAX; i++)
		if (pages->pages[i].id == id)
			return &pages->pages[i];
	return NULL;
}

/* False if it does not fit. */
static bool put(char *field, size_t size, uint8_t *has, const char *text)
{
	*has = text != NULL;
	return text == NULL || snprintf(field, size, "%s", text) < (int)size;
}

static bool make_request(const struct web_probe *probe, struct probe_request *out)
{
	uint8_t has_target;
	out->debug = probe->debug;
	return put(out->target, sizeof(out->target), &has_target, probe->target) &&
	       put(out->module, sizeof(out->module), &out->has_module, probe->module) &&
	       put(out->hostname, sizeof(out->hostname), &out->has_hostname,
		   probe->hostname) &&
	       put(out->timeout, sizeof(out->timeout), &out->has_timeout,
		   probe->timeout);
}

/* Tells the process; false, with why, if it can't. */
static bool ask(struct probe_pages *pages, struct guard *process, const void *message,
		size_t len, struct page asked, const char **why)
{
	struct page *page = page_of(pages, 0);
	if (page == NULL)
		*why = "busy: too many probes at a time; try again";
	else if (guard_tell(process, message, len) != 0)
		*why = "busy: the process that asks does not listen";
	else {
		*page = asked;
		pages->last_id = asked.id;
		return true;
	}
	return false;
}

bool probe_pages_ask(struct probe_pages *pages, struct guard *process,
		     const struct web_probe *probe, web_probe_answer answer, void *to,
		     const char **why)
{
	struct probe_request request = { .id = pages->last_id + 1 };
	const struct page page = { .id = request.id, .answer = answer, .to = to };
	if (make_request(probe, &request))
		return ask(pages, process, &request, sizeof(request), page, why);
	*why = "a parameter is too long";
	return false;
}

static void make_push(const struct web_push *push, struct heartbeat_push *out)
{
	out->is_trusted = push->is_trusted;
	out->is_down = push->is_down;
	out->took_us = push->took_us;
	uint8_t given;
	/* What is too long is nobody's name or token. */
	if (!put(out->name, sizeof(out->name), &given, push->name) ||
	    !put(out->token, sizeof(out->token), &given, push->token))
		snprintf(out->name, sizeof(out->name), "?");
	put(out->message, sizeof(out->message), &given, push->message);
}

bool probe_pages_push(struct probe_pages *pages, struct guard *process,
		      const struct web_push *push, web_probe_answer answer, void *to,
		      const char **why)
{
	struct probe_push told;
	memset(&told, 0, sizeof(told)); /* padding, too: it leaves the process */
	told.kind = PROBE_TOLD_PUSH;
	told.id = pages->last_id + 1;
	const struct page page = { .id = told.id, .answer = answer, .to = to };
	make_push(push, &told.push);
	return ask(pages, process, &told, sizeof(told), page, why);
}

static void end_page(struct page *page, unsigned status, const char *type,
		     struct buf *text)
{
	struct page ended = *page;
	*page = (struct page){ 0 };
	ended.answer(ended.to, status, type, text);
}

static void fail(struct page *page, const char *why)
{
	struct buf text = { 0 };
	buf_free(&page->text);
	buf_printf(&text, "%s\n", why);
	end_page(page, 503, text_type, &text);
}

bool probe_pages_take(struct probe_pages *pages, const void *message, size_t len)
{
	struct probe_page piece;
	if (!probe_page_read(message, len, &piece))
		return false;
	struct page *page = piece.id != 0 ? page_of(pages, piece.id) : NULL;
	if (page == NULL)
		return true;
	buf_add(&page->text, piece.bytes, piece.len);
	if (!buf_ok(&page->text) || page->text.len > PAGE_BYTES_MAX) {
		fail(page, "the answer is too long");
	} else if (piece.is_last) {
		struct buf text = page->text;
		end_page(page, piece.status,
			 piece.status == 200 ? page_type : text_type, &text);
	}
	return true;
}

void probe_pages_end(struct probe_pages *pages)
{
	for (size_t i = 0; i < PAGES_MAX; i++)
		if (pages->pages[i].id != 0)
			fail(&pages->pages[i], "the process that asks has ended");
}
