/*
 * probe_module.c: see probe_module.h.
 */
#include "cli/probe_module.h"

#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "cli/cli.h"
#include "cli/patience.h"
#include "probe/blackbox.h"

enum { FILE_MAX = 4 << 20, TURN_MS = 100 };

static struct blackbox *read_modules(const char *file)
{
	struct buf text = { 0 }, errors = { 0 };
	int error = file_read(file, FILE_MAX, &text);
	struct blackbox *modules = NULL;
	if (error != 0)
		fprintf(stderr, "breakwater probe: %s: %s\n", file, strerror(-error));
	else
		modules = blackbox_parse(text.at, text.len, file, &errors);
	if (errors.len > 0)
		fputs(buf_cstr(&errors), stderr);
	buf_free(&text);
	buf_free(&errors);
	return modules;
}

struct waiting {
	bool is_answered;
	int status;
};

static void print(void *self, struct blackbox_answer *answer)
{
	struct waiting *waiting = self;
	bool is_metrics = answer->status == 200;
	waiting->is_answered = true;
	waiting->status = !is_metrics       ? STATUS_USAGE
			  : answer->success ? STATUS_OK
					    : STATUS_BAD_NEWS;
	fprintf(is_metrics ? stdout : stderr, "%s%s",
		is_metrics ? "" : "breakwater probe: ", buf_cstr(&answer->text));
}

static int ask(struct blackbox *modules, const struct blackbox_request *request)
{
	struct waiting waiting = { .status = STATUS_INCOMPLETE };
	struct prober *prober = prober_new();
	if (prober == NULL) {
		perror("breakwater probe: no prober");
		return STATUS_INCOMPLETE;
	}
	patience_begin();
	blackbox_answer(modules, prober, request, NULL, 0, print, &waiting);
	while (!waiting.is_answered && !patience_has_ended())
		prober_turn(prober, TURN_MS);
	patience_end();
	prober_free(prober);
	return waiting.status;
}

int probe_by_module(const char *file, const struct blackbox_request *request)
{
	struct blackbox *modules = read_modules(file);
	if (modules == NULL)
		return STATUS_USAGE;
	int status = ask(modules, request);
	blackbox_free(modules);
	return status;
}
