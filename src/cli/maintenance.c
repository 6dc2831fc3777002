/*
 * maintenance.c: breakwater maintenance: has targets in maintenance for a time, and
 * lists which are.
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "cli/change.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/json.h"
#include "cli/options.h"
#include "cli/view.h"

static const char path[] = "/api/v1/maintenance";
static const char examples[] =
	"  breakwater maintenance                          which targets are in it\n"
	"  breakwater maintenance ssh://192.0.2.1 --for 2h --why 'new disks'\n"
	"  breakwater maintenance all --for 30m\n"
	"  breakwater maintenance ssh://192.0.2.1 --end\n";

struct asked {
	struct common_options common;
	const char *duration, *why;
	bool ends;
};

static int complain(const char *error, int status)
{
	fprintf(stderr, "breakwater maintenance: %s\n", error);
	return status;
}

/* ---- which are ---- */

static void print_member(const json_t *object, const char *name, const char *before)
{
	char clean[256];
	const char *text = member_text(object, name);
	text_clean(clean, sizeof(clean), text != NULL ? text : "");
	if (clean[0] != '\0')
		printf("%s%s", before, clean);
}

static void print_line(const char *line, size_t len)
{
	json_t *object = json_loadb(line, len, 0, NULL);
	print_member(object, "target", "");
	print_member(object, "until", "  until ");
	print_member(object, "actor", "  by ");
	print_member(object, "why", ": ");
	puts("");
	json_decref(object);
}

static void print_all(const struct buf *body)
{
	for (size_t at = 0; at < body->len;) {
		const char *line = body->at + at;
		const char *end = memchr(line, '\n', body->len - at);
		size_t len = end != NULL ? (size_t)(end - line) : body->len - at;
		print_line(line, len);
		at += len + 1;
	}
	if (body->len == 0)
		puts("Nothing is in maintenance by command. Windows of files and the "
		     "configuration are shown by `breakwater probes`.");
}

static int list(const struct asked *a, struct client *client)
{
	char error[CLIENT_ERROR_MAX];
	struct buf body = { 0 };
	int status = client_get(client, path, &body, NULL, NULL, error);
	if (status != STATUS_OK)
		complain(error, status);
	else if (a->common.json)
		fwrite(body.at, 1, body.len, stdout);
	else
		print_all(&body);
	buf_free(&body);
	return status;
}

/* ---- a change ---- */

static int change(const struct asked *a, struct client *client, const char *target)
{
	char message[CLIENT_ERROR_MAX];
	struct buf form = { 0 };
	client_parameter(&form, "target", target);
	client_parameter(&form, a->ends ? "end" : "for", a->ends ? "1" : a->duration);
	client_parameter(&form, "why", a->why);
	int status = change_post(client, "maintenance", path, &form, message);
	if (status == STATUS_OK)
		puts(message);
	return status;
}

static int run(const struct asked *a, const char *target)
{
	struct client *client = client_open(&a->common);
	if (client == NULL)
		return complain("out of memory", STATUS_INCOMPLETE);
	int status = target == NULL ? list(a, client) : change(a, client, target);
	client_close(client);
	return status;
}

int command_maintenance(int argc, char **argv)
{
	struct asked a = { 0 };
	int first, status;
	const struct option_spec specs[] = {
		{ 0, OPTION_TEXT, "for", "T",
		  "so long from now: 30m, 2h, 7d; at most 31d", &a.duration, 0, 0 },
		{ 0, OPTION_TEXT, "why", "TEXT", "the reason, for the audit chain",
		  &a.why, 0, 0 },
		{ 0, OPTION_FLAG, "end", NULL, "end it now", &a.ends, 0, 0 },
	};
	const struct command_help help = {
		.name = "maintenance",
		.operands = "[TARGET|all]",
		.doc = "In maintenance a target is asked and recorded, and does not "
		       "become down.",
		.examples = examples,
		.specs = specs,
		.spec_count = sizeof(specs) / sizeof(specs[0]),
	};
	if (!options_parse(&help, argc, argv, &a.common, &first, &status))
		return status;
	bool changes = argc - first == 1;
	if (argc - first > 1 || changes != (a.ends || a.duration != NULL) ||
	    (a.ends && a.duration != NULL))
		return complain("TARGET (or all) and one of --for and --end belong "
				"together; without them it lists",
				STATUS_USAGE);
	return run(&a, changes ? argv[first] : NULL);
}
