/*
 * block.c: breakwater block and unblock: what a person decides.
 *
 * Who blocks over the network may cut off the very way to undo it, so such a block ends
 * by itself unless a second command, which only who still gets through can give,
 * confirms it.
 */
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/addr.h"
#include "base/clock.h"
#include "base/when.h"
#include "cli/by_id.h"
#include "cli/change.h"
#include "cli/cli.h"
#include "cli/json.h"
#include "cli/remote.h"
#include "cli/view.h"
#include "cli/wrapped.h"

enum { FOLLOWED_MS = 3000, FOLLOW_EACH_MS = 20, NEWEST = 100 };
#define SECOND_US 1000000LL

static const char path[] = "/api/v1/blocks";
static const char usual_duration[] = "1h";
/* It is done when it begins. */
static const char reset_duration[] = "1s";
static const char block_examples[] =
	"  breakwater block 192.0.2.7                         everything, for an hour\n"
	"  breakwater block 192.0.2.7 --for 2d --why 'ticket 4711'\n"
	"  breakwater block 192.0.2.7 --port 22               at one port\n"
	"  breakwater block 192.0.2.7 --port 53 --udp --limit 20\n"
	"                                                     20 packets a second "
	"pass\n"
	"  breakwater block 192.0.2.7 --reset                 end its connections\n"
	"  breakwater block 203.0.113.0/24                    a network\n"
	"  breakwater block --confirm 3fa2b1c45d6e7f80        keep one made over the "
	"network\n";
static const char unblock_examples[] =
	"  breakwater unblock 192.0.2.7      all blocks of an address\n"
	"  breakwater unblock 3fa2           one, by the first digits of its ID\n";

struct asked {
	struct common_options common;
	const char *command, *duration, *why, *confirms;
	uint64_t port, rate; /* UINT64_MAX: not given */
	bool resets, is_udp, is_remote;
};

static int complain(const struct asked *a, int status, const char *why)
{
	fprintf(stderr, "breakwater %s: %s\n", a->command, why);
	return status;
}

/* ---- what is asked ---- */

static void number_field(struct buf *form, const char *name, uint64_t value)
{
	char text[24];
	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	if (value != UINT64_MAX)
		client_parameter(form, name, text);
}

static struct buf form_of(const struct asked *a, const char *address)
{
	struct buf form = { 0 };
	client_parameter(&form, "address", address);
	client_parameter(&form, "for",
			 a->duration != NULL ? a->duration
			 : a->resets         ? reset_duration
					     : usual_duration);
	client_parameter(&form, "action",
			 a->resets               ? "reset"
			 : a->rate != UINT64_MAX ? "limit"
						 : "drop");
	number_field(&form, "rate", a->rate);
	number_field(&form, "port", a->port);
	if (a->port != UINT64_MAX)
		client_parameter(&form, "transport", a->is_udp ? "udp" : "tcp");
	client_parameter(&form, "why", a->why);
	if (a->is_remote)
		client_parameter(&form, "network", "1");
	return form;
}

/* ---- what came of it ---- */

struct following {
	const char *id; /* NULL: any of `since_us` and later */
	int64_t since_us;
	bool is_found;
	struct block_record *block;
};

static bool take_block(void *self, const void *record)
{
	struct following *f = self;
	const struct block_record *block = record;
	bool is_it = f->id != NULL ? strcmp(block->id, f->id) == 0
				   : block->at >= f->since_us;
	if (!is_it)
		return true;
	f->is_found = true;
	*f->block = *block;
	return false;
}

static bool is_state(const struct block_record *block, const char *state)
{
	return block->state != NULL && strcmp(block->state, state) == 0;
}

static bool is_decided(const struct following *f)
{
	return f->block->state != NULL && !is_state(f->block, "asked");
}

static bool is_gone(const struct following *f)
{
	return !f->is_found;
}

static bool is_any(const struct following *f)
{
	(void)f;
	return true;
}

/* From memory: an id, or a time, would be looked for in the store. */
static int follow(const struct asked *a, const struct gather_wanted *wanted,
		  struct following *following,
		  bool (*is_done)(const struct following *f))
{
	int status;
	const struct timespec pause = { .tv_nsec = FOLLOW_EACH_MS * 1000000L };
	int64_t end_us = clock_us(CLOCK_MONOTONIC) + FOLLOWED_MS * 1000LL;
	struct gather *gather = gather_open(&a->common, a->command, NULL, &status);
	while (gather != NULL) {
		following->is_found = false;
		status = gather_each(gather, wanted, take_block, following);
		if (status != STATUS_OK || is_done(following) ||
		    clock_us(CLOCK_MONOTONIC) > end_us)
			break;
		nanosleep(&pause, NULL);
	}
	if (gather != NULL)
		gather_close(gather);
	return status;
}

static int tell_failure(const struct asked *a, const struct block_record *block)
{
	char why[CELL_MAX];
	if (is_state(block, "vetoed"))
		snprintf(why, sizeof(why), "vetoed by the firewall's process: %s",
			 block->vetoed_by);
	else if (is_state(block, "failed"))
		snprintf(why, sizeof(why), "not done: %.200s",
			 block->error[0] != '\0' ? block->error : "no reason told");
	else
		snprintf(why, sizeof(why),
			 "not done yet: the firewall's process does not answer; see "
			 "breakwater status");
	return complain(a,
			is_state(block, "vetoed")   ? STATUS_NOT_PERMITTED
			: is_state(block, "failed") ? STATUS_BAD_NEWS
						    : STATUS_INCOMPLETE,
			why);
}

/* Until the firewall's process has said whether the kernel holds it. */
static int await_block(const struct asked *a, const char *id,
		       struct block_record *block)
{
	/* One that has been changed is among the newest, too. */
	const struct gather_wanted wanted = { .kind = RECORD_block, .limit = NEWEST };
	struct following following = { .id = id, .block = block };
	return follow(a, &wanted, &following, is_decided);
}

/* Until it has said of all that nobody wants any more that they are gone. */
static int await_removal(const struct asked *a, int64_t since_us)
{
	struct block_record block;
	struct following following = { .since_us = since_us, .block = &block };
	const struct gather_wanted removing = { .kind = RECORD_block,
						.name = "state",
						.value = "removing" };
	const struct gather_wanted failed = { .kind = RECORD_block,
					      .name = "state",
					      .value = "failed" };
	record_init(RECORD_block, &block);
	int status = follow(a, &removing, &following, is_gone);
	if (status == STATUS_OK && !following.is_found)
		status = follow(a, &failed, &following, is_any);
	return status == STATUS_OK && following.is_found ? tell_failure(a, &block)
							 : status;
}

static void tell(const struct block_record *block)
{
	char until[WHEN_MAX], span[CELL_MAX];
	when_text(block->until, until);
	text_span(span, sizeof(span), (double)(block->until - block->start) / 1e6);
	printf("%s in force until %s (%s), block %s\n",
	       block->action != NULL ? block->action : "block", until, span, block->id);
}

/* ---- commit-confirm ---- */

static int confirm(const struct asked *a, const char *id)
{
	char message[CLIENT_ERROR_MAX];
	struct buf form = { 0 };
	struct client *client = client_open(&a->common);
	if (client == NULL)
		return complain(a, STATUS_INCOMPLETE, "out of memory");
	client_parameter(&form, "confirm", id);
	int status = change_post(client, a->command, path, &form, message);
	if (status == STATUS_OK)
		puts(message[0] != '\0' ? message : "Confirmed.");
	client_close(client);
	return status;
}

/* True if somebody types yes before that. */
static bool says_yes(int64_t until_us)
{
	char line[16] = "";
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };
	int64_t left_us = until_us - clock_us(CLOCK_REALTIME);
	if (left_us <= 0 || poll(&input, 1, (int)(left_us / 1000)) != 1)
		return false;
	return fgets(line, sizeof(line), stdin) != NULL && strcmp(line, "yes\n") == 0;
}

static int have_confirmed(const struct asked *a, const struct block_record *block)
{
	int64_t left_s = (block->until - clock_us(CLOCK_REALTIME)) / SECOND_US;
	bool is_terminal = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO);
	if (!is_terminal || a->common.json) {
		fprintf(stderr,
			"You are here over the network: in %lld s it ends, or is again "
			"what it was\nbefore, unless you type\n  breakwater block "
			"--confirm %s\n",
			(long long)left_s, block->id);
		return STATUS_OK;
	}
	printf("You are here over the network: in %lld s it ends, or is again what it "
	       "was before.\nType yes to keep it: ",
	       (long long)left_s);
	fflush(stdout);
	if (says_yes(block->until))
		return confirm(a, block->id);
	puts("\nNot confirmed: it ends, or is again what it was before.");
	return STATUS_BAD_NEWS;
}

/* ---- block ---- */

static void tell_reset(const struct block_record *block)
{
	unsigned long long ended = block->sessions != UNKNOWN_U64 ? block->sessions : 0;
	printf("%llu session%s ended, block %s\n", ended, ended == 1 ? "" : "s",
	       block->id);
}

static int judge(const struct asked *a, const struct block_record *block)
{
	/* A reset is over when it is done. */
	bool is_done = is_state(block, "active") || is_state(block, "unconfirmed") ||
		       (a->resets && is_state(block, "expired"));
	if (a->common.json)
		record_print(RECORD_block, block);
	if (!is_done)
		return tell_failure(a, block);
	if (!a->common.json && a->resets)
		tell_reset(block);
	else if (!a->common.json)
		tell(block);
	return is_state(block, "unconfirmed") ? have_confirmed(a, block) : STATUS_OK;
}

static int block_with(const struct asked *a, struct client *client, const char *address)
{
	char message[CLIENT_ERROR_MAX];
	struct block_record block;
	struct buf form = form_of(a, address);
	record_init(RECORD_block, &block);
	client_parameter(&form, "try", "1");
	int status = change_post(client, a->command, path, &form, message);
	if (status != STATUS_OK)
		return status;
	if (!a->common.json) {
		puts(message);
		fflush(stdout);
	}
	form = form_of(a, address);
	status = change_post(client, a->command, path, &form, message);
	if (status == STATUS_OK)
		status = await_block(a, message, &block);
	return status == STATUS_OK ? judge(a, &block) : status;
}

static int block(struct asked *a, const char *address)
{
	struct prefix prefix;
	int64_t for_us;
	if (!prefix_parse(address, &prefix))
		return complain(a, STATUS_USAGE,
				"that is no address or network; allowed is 192.0.2.7, "
				"192.0.2.0/24, 2001:db8::7, 2001:db8::/64");
	if (a->duration != NULL && !duration_parse(a->duration, &for_us))
		return complain(a, STATUS_USAGE,
				"--for is a duration from 1s to 31d: 10m, 2h, 7d");
	if (a->resets && a->rate != UINT64_MAX)
		return complain(a, STATUS_USAGE, "one of --limit and --reset");
	if (a->is_udp && a->port == UINT64_MAX)
		return complain(a, STATUS_USAGE, "--udp goes with --port");
	if (a->resets && a->duration != NULL)
		return complain(a, STATUS_USAGE, "--reset is done at once: no --for");
	a->is_remote = is_over_network();
	struct client *client = client_open(&a->common);
	if (client == NULL)
		return complain(a, STATUS_INCOMPLETE, "out of memory");
	int status = block_with(a, client, address);
	client_close(client);
	return status;
}

int command_block(int argc, char **argv)
{
	struct asked a = { .command = "block", .port = UINT64_MAX, .rate = UINT64_MAX };
	const struct option_spec specs[] = {
		{ 0, OPTION_TEXT, "for", "T",
		  "so long: 10m, 2h, 7d; at most 31d; usually 1h", &a.duration, 0, 0 },
		{ 'p', OPTION_NUMBER, "port", "N",
		  "only to this port of ours; without it all", &a.port, 1, 65535 },
		{ 0, OPTION_FLAG, "udp", NULL, "the port is UDP's, not TCP's",
		  &a.is_udp, 0, 0 },
		{ 0, OPTION_NUMBER, "limit", "N",
		  "let so many packets a second pass, do not drop all", &a.rate, 1,
		  100000 },
		{ 0, OPTION_FLAG, "reset", NULL,
		  "end the connections that it has, and no more", &a.resets, 0, 0 },
		{ 0, OPTION_TEXT, "why", "TEXT", "the reason, for the audit chain",
		  &a.why, 0, 0 },
		{ 0, OPTION_TEXT, "confirm", "ID",
		  "keep a block that was made over the network", &a.confirms, 0, 0 },
	};
	const struct command_help help = {
		.name = "block",
		.operands = "ADDR|NETWORK",
		.doc = "Drops what an address or network sends, for a time; of IPv6 "
		       "its /64.",
		.examples = block_examples,
		.specs = specs,
		.spec_count = sizeof(specs) / sizeof(specs[0]),
	};
	int first, status;
	if (!options_parse(&help, argc, argv, &a.common, &first, &status))
		return status;
	if (argc - first != (a.confirms == NULL ? 1 : 0))
		return complain(&a, STATUS_USAGE,
				"one address or network, or --confirm with an ID");
	return a.confirms != NULL ? confirm(&a, a.confirms) : block(&a, argv[first]);
}

/* ---- unblock ---- */

/* The first digits are enough here; the daemon wants them all. */
static int whole_id(const struct asked *a, const char *digits, char id[static 32])
{
	struct block_record block;
	int status = by_id_get(&a->common, a->command, RECORD_block, digits, &block);
	if (status == STATUS_OK)
		snprintf(id, 32, "%s", block.id);
	return status;
}

static int unblock(const struct asked *a, const char *what)
{
	char message[CLIENT_ERROR_MAX], id[32];
	struct buf form = { 0 };
	if (is_id(what)) {
		int status = whole_id(a, what, id);
		if (status != STATUS_OK)
			return status;
		what = id;
	}
	struct client *client = client_open(&a->common);
	if (client == NULL)
		return complain(a, STATUS_INCOMPLETE, "out of memory");
	client_parameter(&form, "unblock", what);
	int64_t since_us = clock_us(CLOCK_REALTIME);
	int status = change_post(client, a->command, path, &form, message);
	if (status == STATUS_OK)
		status = await_removal(a, since_us);
	if (status == STATUS_OK && message[0] != '\0')
		puts(message);
	else if (status == STATUS_OK)
		printf("%s is not blocked any more\n", what);
	client_close(client);
	return status;
}

int command_unblock(int argc, char **argv)
{
	struct asked a = { .command = "unblock" };
	int first, status;
	struct prefix prefix;
	const struct command_help help = {
		.name = "unblock",
		.operands = "ADDR|NETWORK|ID",
		.doc = "Ends blocks now; what the source did until now is forgiven.",
		.examples = unblock_examples,
	};
	if (!options_parse(&help, argc, argv, &a.common, &first, &status))
		return status;
	if (argc - first != 1 ||
	    (!is_id(argv[first]) && !prefix_parse(argv[first], &prefix)))
		return complain(&a, STATUS_USAGE,
				"one address, network or ID, as `breakwater blocks` "
				"shows them");
	return unblock(&a, argv[first]);
}
