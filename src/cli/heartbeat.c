/*
 * heartbeat.c: breakwater heartbeat: says to the daemon of this machine that a job
 * lives.
 */
#include <stdio.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/options.h"

static const char examples[] =
	"  backup && breakwater heartbeat backup           at the end of a job\n"
	"  breakwater heartbeat backup --down -m 'disk full'\n"
	"  breakwater heartbeat backup --duration 12.5s    how long it took\n";

struct saying {
	struct common_options common;
	bool is_down;
	const char *message, *duration;
};

static int say(const struct saying *s, const char *name)
{
	char error[CLIENT_ERROR_MAX] = "out of memory";
	struct buf path = { 0 }, nothing = { 0 }, answer = { 0 };
	struct client *client = client_open(&s->common);
	buf_text(&path, "/api/v1/heartbeats/");
	buf_text(&path, name);
	client_parameter(&path, "status", s->is_down ? "down" : "up");
	client_parameter(&path, "msg", s->message);
	client_parameter(&path, "duration", s->duration);
	int status = STATUS_INCOMPLETE;
	if (client != NULL && buf_ok(&path))
		status = client_post(client, buf_cstr(&path), &nothing, &answer, error);
	if (status != STATUS_OK)
		fprintf(stderr, "breakwater heartbeat: %s\n", error);
	if (client != NULL)
		client_close(client);
	buf_free(&path);
	buf_free(&answer);
	return status;
}

/* The rest the daemon judges; a sign such as '?' would make it another path. */
static bool is_one_word(const char *name)
{
	for (; *name != '\0'; name++)
		if (*name <= ' ' || *name == '/' || *name == '?' || *name == '#' ||
		    *name == '%')
			return false;
	return true;
}

int command_heartbeat(int argc, char **argv)
{
	struct saying s = { 0 };
	int first, status;
	const struct option_spec specs[] = {
		{ 'd', OPTION_FLAG, "down", NULL, "it failed", &s.is_down, 0, 0 },
		{ 'm', OPTION_TEXT, "message", "TEXT", "what there is to say",
		  &s.message, 0, 0 },
		{ 0, OPTION_TEXT, "duration", "T", "how long it took, 200ms or 1.5s",
		  &s.duration, 0, 0 },
	};
	const struct command_help help = {
		.name = "heartbeat",
		.operands = "NAME",
		.doc = "Says that a job lives, whose target is heartbeat://NAME.",
		.examples = examples,
		.specs = specs,
		.spec_count = sizeof(specs) / sizeof(specs[0]),
	};
	if (!options_parse(&help, argc, argv, &s.common, &first, &status))
		return status;
	if (argc - first == 1 && argv[first][0] != '\0' && is_one_word(argv[first]))
		return say(&s, argv[first]);
	fputs("breakwater heartbeat: the name of one heartbeat is needed, such as "
	      "backup\n",
	      stderr);
	return STATUS_USAGE;
}
