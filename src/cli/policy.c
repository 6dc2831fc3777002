/*
 * policy.c: breakwater policy: the register of authorised ports, from proposal to
 * force.
 */
#include "cli/policy.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/home.h"
#include "base/when.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/json.h"
#include "cli/verbs.h"
#include "config/config.h"

static const char examples[] =
	"  breakwater policy propose > policy.yaml      from what is seen; then "
	"review\n"
	"  breakwater policy test policy.yaml --since 7d what it would have raised\n"
	"  breakwater policy test stricter.yaml         the same of block, detect, "
	"traps, "
	"blocklists\n"
	"  breakwater policy apply policy.yaml          put it in force\n"
	"  breakwater policy show                       what is in force\n"
	"  breakwater policy history --port 443         what was, and who allowed "
	"it\n"
	"  breakwater policy review                     what is to be looked at "
	"again, by owner\n"
	"  breakwater policy reviewed 443/tcp --by 'A. Turner' --comment 'still "
	"needed'\n"
	"  breakwater policy nftables [FILE]            the least a firewall must "
	"allow\n"
	"  breakwater policy systemd [FILE]             the same as unit settings\n";

static const char default_since[] = "7d";

int64_t policy_since_us(const struct policy_options *options, const char *otherwise)
{
	const char *since = options->since != NULL ? options->since : otherwise;
	int64_t at_us = 0;
	when_parse(since, clock_us(CLOCK_REALTIME),
		   &at_us); /* checked with the options */
	return at_us;
}

int64_t policy_until_us(const struct policy_options *options)
{
	int64_t now_us = clock_us(CLOCK_REALTIME), at_us = now_us;
	if (options->until != NULL)
		when_parse(options->until, now_us, &at_us);
	return at_us;
}

static int complain(const char *error, int status)
{
	fprintf(stderr, "breakwater policy: %s\n", error);
	return status;
}

struct policy *policy_from_file(const char *path, int *status)
{
	struct buf errors = { 0 };
	bool denied = access(path, R_OK) != 0 && errno == EACCES;
	struct policy *policy = policy_read(path, &errors);
	*status = denied ? STATUS_NOT_PERMITTED : STATUS_USAGE;
	if (policy == NULL && errors.len > 0)
		fwrite(errors.at, 1, errors.len, stderr);
	else if (policy == NULL)
		complain("out of memory", *status);
	buf_free(&errors);
	return policy;
}

static int print(struct buf *text)
{
	int status = STATUS_OK;
	if (!buf_ok(text))
		status = complain("out of memory", STATUS_INCOMPLETE);
	else if (text->len > 0)
		fwrite(text->at, 1, text->len, stdout);
	buf_free(text);
	return status;
}

/* ---- propose ---- */

struct proposal {
	struct policy_seen *seen;
	uint64_t listeners, flows;
};

static void see_listener(void *to, const void *record)
{
	struct proposal *proposal = to;
	const struct listener_record *listener = record;
	if (listener->change != NULL && strcmp(listener->change, "closed") == 0)
		return;
	proposal->listeners++;
	policy_seen_listener(proposal->seen, listener);
}

static void see_flow(void *to, const void *record)
{
	struct proposal *proposal = to;
	proposal->flows++;
	policy_seen_flow(proposal->seen, record);
}

static int look_back(const struct policy_options *o, struct proposal *proposal)
{
	int64_t now_us = clock_us(CLOCK_REALTIME),
		since_us = policy_since_us(o, default_since);
	struct recall *recall = recall_open(&o->common, "policy", o->state);
	if (recall == NULL)
		return complain("out of memory", STATUS_INCOMPLETE);
	int status = policy_listeners(recall, since_us, now_us, see_listener, proposal);
	if (status == STATUS_OK)
		status = recall_past(recall, RECORD_flow, since_us, now_us, see_flow,
				     proposal);
	recall_close(recall);
	return status;
}

/* Part of the truth is proposed too, and said to be part. */
static int propose(const struct policy_options *o, const char *path)
{
	struct home own = { 0 };
	struct buf text = { 0 };
	(void)path;
	home_add_addresses(&own);
	struct proposal proposal = { .seen = policy_seen_new(&own) };
	if (proposal.seen == NULL)
		return complain("out of memory", STATUS_INCOMPLETE);
	int status = look_back(o, &proposal);
	if (status == STATUS_OK || status == STATUS_INCOMPLETE) {
		policy_propose(proposal.seen, clock_us(CLOCK_REALTIME), &text);
		int printed = print(&text);
		status = printed != STATUS_OK ? printed : status;
		fprintf(stderr,
			"Made of %llu listeners and %llu connections since %s. Review "
			"it, then: breakwater policy test FILE\n",
			(unsigned long long)proposal.listeners,
			(unsigned long long)proposal.flows,
			o->since != NULL ? o->since : default_since);
	}
	policy_seen_free(proposal.seen);
	return status;
}

/* ---- in force ---- */

static int show(const struct policy_options *o, struct buf *text)
{
	char error[CLIENT_ERROR_MAX];
	struct client *client = client_open(&o->common);
	if (client == NULL)
		return complain("out of memory", STATUS_INCOMPLETE);
	int status = client_get(client, "/api/v1/policy", text, NULL, NULL, error);
	if (status != STATUS_OK)
		complain(error, status);
	client_close(client);
	return status;
}

static int show_policy(const struct policy_options *o, const char *path)
{
	struct buf text = { 0 };
	(void)path;
	int status = show(o, &text);
	if (status == STATUS_OK)
		return print(&text);
	buf_free(&text);
	return status;
}

static int post(const struct policy_options *o, const struct buf *text)
{
	char error[CLIENT_ERROR_MAX];
	struct buf answer = { 0 };
	struct client *client = client_open(&o->common);
	if (client == NULL)
		return complain("out of memory", STATUS_INCOMPLETE);
	int status = client_post(client, "/api/v1/policy", text, &answer, error);
	json_t *object = status == STATUS_OK ? object_parse(&answer) : NULL;
	const char *message = member_text(object, "message");
	if (status != STATUS_OK)
		complain(error, status);
	else
		printf("%s\n", message != NULL ? message : "in force");
	json_decref(object);
	buf_free(&answer);
	client_close(client);
	return status;
}

/* Mistakes are found here, where the file has a name; the daemon looks again. */
static int apply(const struct policy_options *o, const char *path)
{
	struct buf text = { 0 }, advice = { 0 };
	int status;
	struct policy *policy = policy_from_file(path, &status);
	if (policy == NULL)
		return status;
	policy_review(policy, clock_us(CLOCK_REALTIME), &advice);
	policy_free(policy);
	if (buf_ok(&advice) && advice.len > 0)
		fwrite(advice.at, 1, advice.len, stderr);
	buf_free(&advice);
	/* However long: what is allowed, the daemon says. */
	int error = file_read(path, SIZE_MAX, &text);
	if (error == 0)
		status = post(o, &text);
	else
		status = complain(strerror(-error), STATUS_USAGE);
	buf_free(&text);
	return status;
}

/* ---- what follows from it ---- */

typedef void (*policy_write)(const struct policy *policy, int64_t now_us,
			     struct buf *out);

static int derive(const struct policy_options *o, const char *path, policy_write write)
{
	struct buf text = { 0 }, out = { 0 }, errors = { 0 };
	int status = STATUS_OK;
	struct policy *policy = NULL;
	if (path != NULL) {
		policy = policy_from_file(path, &status);
	} else {
		status = show(o, &text);
		if (status == STATUS_OK)
			policy = policy_parse(text.at, text.len, "policy", &errors);
		if (status == STATUS_OK && policy == NULL)
			status = complain("what is in force can't be read",
					  STATUS_INCOMPLETE);
	}
	buf_free(&text);
	buf_free(&errors);
	if (policy == NULL)
		return status;
	write(policy, clock_us(CLOCK_REALTIME), &out);
	policy_free(policy);
	return print(&out);
}

static int nftables(const struct policy_options *o, const char *path)
{
	return derive(o, path, policy_nftables);
}

static int systemd(const struct policy_options *o, const char *path)
{
	return derive(o, path, policy_systemd);
}

/* ---- which one ---- */

static const struct verb verbs[] = {
	{ "propose", 0, 0, NULL },        { "test", 1, 1, "which FILE?" },
	{ "apply", 1, 1, "which FILE?" }, { "show", 0, 0, NULL },
	{ "history", 0, 0, NULL },        { "review", 0, 0, NULL },
	{ "reviewed", 0, 1, NULL },       { "nftables", 0, 1, NULL },
	{ "systemd", 0, 1, NULL },
};
static int (*const jobs[])(const struct policy_options *options,
			   const char *operand) = {
	propose,    policy_test,        apply,    show_policy, policy_history,
	policy_due, policy_reviewed_by, nftables, systemd,
};

static int start(const struct policy_options *o, int words, char **word)
{
	int which = verb_choose("policy", verbs, sizeof(verbs) / sizeof(verbs[0]), NULL,
				words, word);
	return which < 0 ? STATUS_USAGE : jobs[which](o, words > 1 ? word[1] : NULL);
}

int command_policy(int argc, char **argv)
{
	struct policy_options o = { .port = UINT64_MAX };
	const struct option_spec specs[] = {
		{ 0, OPTION_TIME, "since", "TIME",
		  "propose, test: look back so far (7d; 30d for rules of blocking); "
		  "history: only since then",
		  &o.since, 0, 0 },
		{ 0, OPTION_TIME, "until", "TIME", "test, history: until then (now)",
		  &o.until, 0, 0 },
		{ 'p', OPTION_NUMBER, "port", "N", "history: only of this port",
		  &o.port, 0, 65535 },
		{ 't', OPTION_TEXT, "transport", "T",
		  "reviewed: tcp (unless PORT says it), udp or sctp", &o.transport, 0,
		  0 },
		{ 0, OPTION_TEXT, "owner", "NAME", "reviewed: all entries of one owner",
		  &o.owner, 0, 0 },
		{ 0, OPTION_TEXT, "by", "NAME",
		  "reviewed: who did it; default: who asks", &o.by, 0, 0 },
		{ 0, OPTION_TEXT, "comment", "S", "reviewed: what that one says",
		  &o.comment, 0, 0 },
		{ 0, OPTION_TEXT, "next", "DAY",
		  "reviewed: when it is to be reviewed again", &o.next, 0, 0 },
		{ 'c', OPTION_TEXT, "config", "FILE",
		  "test: the settings in force (" CONFIG_DEFAULT_PATH ")", &o.config, 0,
		  0 },
		{ 0, OPTION_TEXT, "state", "DIR",
		  "propose, test, history, review: folder of the store; default "
		  "that of the configuration, or the daemon",
		  &o.state, 0, 0 },
	};
	const struct command_help help = {
		.name = "policy",
		.operands = "propose|test|apply|show|history|review|reviewed|nftables|"
			    "systemd [FILE|PORT]",
		.doc = "The register of authorised ports: who may listen where, for "
		       "whom, why. \"test\"\nends with 1 if the register would have "
		       "raised findings, or rules\nof blocking would have cut off a "
		       "client; with 5 if evidence is missing. \"review\" ends with "
		       "1 if something is\noverdue.",
		.examples = examples,
		.specs = specs,
		.spec_count = sizeof(specs) / sizeof(specs[0]),
	};
	int first, status;
	if (!options_parse(&help, argc, argv, &o.common, &first, &status))
		return status;
	return start(&o, argc - first, argv + first);
}
