/*
 * monitor_proving.c: where the self-test's results and orders go; see proving.h.
 */
#include <stdio.h>
#include <string.h>

#include "cli/monitor.h"

static void take_self_test(void *self, const struct self_test_record *test,
			   const char *actor)
{
	struct monitor *m = self;
	struct buf text = { 0 };
	buf_printf(&text, "%s: ", test->result);
	proven_words(test, &text);
	const char *words = buf_cstr(&text) != NULL ? buf_cstr(&text) : "";
	monitor_keep(m, RECORD_self_test, test);
	monitor_audit(m, "self_test", actor, test->versions, "", words);
	if (strcmp(test->result, "failed") == 0) {
		run_clear_progress();
		fprintf(stderr, "breakwater: self-test %s\n", words);
	}
	buf_free(&text);
}

static void order_block(void *self, enum wall_message_kind kind,
			const struct wall_order *order)
{
	struct monitor *m = self;
	blocking_prove(&m->blocking, kind, order);
}

void monitor_open_proving(struct monitor *m)
{
	const struct proving_sink sink = { .self = m,
					   .order = order_block,
					   .record = take_self_test };
	proving_open(&m->proving, &sink, &m->own);
	proving_recall(&m->proving, m->config.state);
}
