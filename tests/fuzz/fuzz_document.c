/*
 * fuzz_document.c: any bytes as a document, a question for documents, a plan, or shared
 * sources: no crash, no leak; what is taken reads back the same when it is written
 * again, and what is not signed is never taken.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fleet/shared.h"
#include "fleet/steered.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct nkey *fleet_key(void)
{
	static struct nkey key;
	static bool is_made;
	if (!is_made && !nkey_make(NKEY_USER, &key))
		abort();
	is_made = true;
	return &key;
}

static void try_document(const uint8_t *data, size_t size)
{
	struct document read;
	struct buf bytes = { 0 };
	char why[DOCUMENT_WHY_MAX];
	if (document_open(data, size, fleet_key(), &read, why) != 0 || why[0] == '\0')
		abort(); /* nobody has that key */
	struct document made = { .kind = (enum document_kind)(size % DOCUMENT_KINDS),
				 .version = size + 1,
				 .by = "fuzz",
				 .text = (const char *)data,
				 .len = size };
	if (document_sign(&made, fleet_key(), &bytes) != (size <= DOCUMENT_TEXT_MAX))
		abort();
	if (size <= DOCUMENT_TEXT_MAX &&
	    (document_open(bytes.at, bytes.len, fleet_key(), &read, why) != bytes.len ||
	     read.len != size || memcmp(read.text, data, size) != 0))
		abort();
	buf_free(&bytes);
}

static void try_question(const uint8_t *data, size_t size)
{
	struct news_have have[NEWS_HAVE_MAX], again[NEWS_HAVE_MAX];
	struct buf text = { 0 };
	int count = news_ask_read(data, size, have);
	if (count < 0)
		return;
	news_ask_write(have, (size_t)count, &text);
	if (news_ask_read(text.at, text.len, again) != count)
		abort();
	buf_free(&text);
}

static void try_plan(const uint8_t *data, size_t size)
{
	static struct plan plan, again;
	char why[DOCUMENT_WHY_MAX];
	struct buf one = { 0 }, other = { 0 };
	if (!plan_read(data, size, &plan, why))
		return;
	plan_write(&plan, &one);
	if (!plan_read(one.at, one.len, &again, why))
		abort();
	plan_write(&again, &other);
	if (one.len != other.len || memcmp(one.at, other.at, one.len) != 0)
		abort();
	if (plan.rollout.state == PLAN_ROLLING)
		plan_halt(&plan, "fuzz", "it is over", 1);
	buf_free(&one);
	buf_free(&other);
}

static void try_shared(const uint8_t *data, size_t size)
{
	static struct shared_list list, again;
	struct buf text = { 0 };
	shared_read((const char *)data, size, &list);
	shared_write(&list, &text);
	if (shared_read(text.at, text.len, &again) != 0 || again.count != list.count)
		abort();
	buf_free(&text);
}

static bool take(void *self, const struct document *document, struct buf *why)
{
	(void)self;
	(void)document;
	(void)why;
	abort(); /* none is signed */
}

static void try_answer(const uint8_t *data, size_t size)
{
	static const struct document_reader me = { "web-3", "berlin", "web" };
	char error[STEERED_ERROR_MAX];
	struct buf errors = { 0 };
	struct steered *kept = steered_open("/nowhere", fleet_key(), &me, &errors);
	if (kept != NULL)
		steered_answer(kept, data, size, take, NULL, error);
	steered_close(kept);
	buf_free(&errors);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try_document(data, size);
	try_question(data, size);
	try_plan(data, size);
	try_shared(data, size);
	try_answer(data, size);
	return 0;
}
