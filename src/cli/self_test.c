/*
 * self_test.c: breakwater self-test: are attackers really stopped?  Has the daemon
 * attack itself from a network namespace, and tells what came of it.
 */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/json.h"
#include "cli/options.h"
#include "cli/view.h"

enum {
	LOOK_MS = 100,
	/* Two rounds of at most 13 s, and what was captured is waited for. */
	LOOKS_MAX = 350,
};

static const char path[] = "/api/v1/self_tests";

static int complain(const char *error, int status)
{
	fprintf(stderr, "breakwater self-test: %s\n", error);
	return status;
}

static int begin(struct client *client)
{
	char error[CLIENT_ERROR_MAX];
	struct buf nothing = { 0 }, answer = { 0 };
	int status = client_post(client, path, &nothing, &answer, error);
	buf_free(&answer);
	return status == STATUS_OK ? status : complain(error, status);
}

/* The daemon's member self_test; NULL: it can't be asked, and *status says why. */
static json_t *look_at(struct client *client, int *status)
{
	char error[CLIENT_ERROR_MAX];
	struct buf body = { 0 };
	*status = client_get(client, "/api/v1/status", &body, NULL, NULL, error);
	json_t *all = *status == STATUS_OK ? object_parse(&body) : NULL;
	json_t *test = json_incref(json_object_get(all, "self_test"));
	json_decref(all);
	buf_free(&body);
	if (*status != STATUS_OK)
		complain(error, *status);
	return test;
}

static int status_of(const json_t *test)
{
	const char *result = member_text(json_object_get(test, "last"), "result");
	if (result == NULL || strcmp(result, "unknown") == 0)
		return STATUS_INCOMPLETE;
	return strcmp(result, "passed") == 0 ? STATUS_OK : STATUS_BAD_NEWS;
}

/* "Passed: detected in 9 ms, blocked in 14 ms, 0 of 480 packets lost (IPv4, IPv6)". */
static void print_result(const json_t *test)
{
	char words[512], versions[64];
	const json_t *last = json_object_get(test, "last");
	const char *told = member_text(test, "words");
	const char *tested = member_text(last, "versions");
	int status = status_of(test);
	text_clean(words, sizeof(words), told != NULL ? told : "?");
	text_clean(versions, sizeof(versions), tested != NULL ? tested : "nothing");
	printf("%s: %s (tested: %s)\n",
	       status == STATUS_OK         ? "Passed"
	       : status == STATUS_BAD_NEWS ? "Failed"
					   : "Unknown",
	       words, versions);
}

static int tell(const struct common_options *common, const json_t *test)
{
	if (common->json) {
		json_dumpf(json_object_get(test, "last"), stdout, JSON_COMPACT);
		putchar('\n');
	} else {
		print_result(test);
	}
	return status_of(test);
}

static int await_end(const struct common_options *common, struct client *client)
{
	const struct timespec pause = { .tv_nsec = LOOK_MS * 1000000L };
	int status;
	for (int i = 0; i < LOOKS_MAX; i++) {
		json_t *test = look_at(client, &status);
		if (test == NULL)
			return status != STATUS_OK ? status : STATUS_INCOMPLETE;
		bool runs = json_is_true(json_object_get(test, "runs"));
		status = runs ? STATUS_OK : tell(common, test);
		json_decref(test);
		if (!runs)
			return status;
		nanosleep(&pause, NULL);
	}
	return complain("it does not end", STATUS_INCOMPLETE);
}

int command_self_test(int argc, char **argv)
{
	struct common_options common = { 0 };
	const struct command_help help = {
		.name = "self-test",
		.doc = "Scans and blocks this machine from a network namespace made "
		       "for it, and tells whether that was seen in time and packets "
		       "really stop. Exit status 0: passed, 1: failed, 5: it could "
		       "not be made.",
		.examples = "  breakwater self-test\n"
			    "  breakwater self-test --json | jq .block_us\n",
	};
	int first, status;
	if (!options_parse(&help, argc, argv, &common, &first, &status))
		return status;
	if (first != argc)
		return complain("it takes no operands", STATUS_USAGE);
	struct client *client = client_open(&common);
	if (client == NULL)
		return complain("out of memory", STATUS_INCOMPLETE);
	status = begin(client);
	if (status == STATUS_OK)
		status = await_end(&common, client);
	client_close(client);
	return status;
}
