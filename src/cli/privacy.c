/*
 * privacy.c: breakwater privacy: where an address is kept, that it goes, and what may
 * not go; docs/privacy.md.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/when.h"
#include "cli/change.h"
#include "cli/cli.h"
#include "cli/patience.h"
#include "cli/state_folder.h"
#include "cli/verbs.h"
#include "cli/view.h"
#include "store/privacy.h"

static const char examples[] =
	"  breakwater privacy find 203.0.113.7 --since 90d\n"
	"  breakwater privacy erase 203.0.113.7 --why 'request 2026/17'\n"
	"  breakwater privacy hold 3fa2 --until 2027-06-30 --why 'police, 4 Js 12/26'\n"
	"  breakwater privacy unhold 3fa2 --why 'closed'\n"
	"  breakwater privacy holds\n"
	"  breakwater privacy keys\n";

struct privacy_options {
	const char *since, *until, *why, *state, *config_path;
	struct common_options common;
};

static int complain(int status, const char *why)
{
	char clean[STORE_ERROR_MAX];
	text_clean(clean, sizeof(clean), why);
	fprintf(stderr, "breakwater privacy: %s\n", clean);
	return status;
}

static const char *month_text(uint32_t month, char out[static 16])
{
	snprintf(out, 16, "%04u-%02u", month / 100, month % 100);
	return out;
}

/* ---- find ---- */

enum { PLACES_MAX = 4096 };

struct places {
	struct private_place at[PLACES_MAX];
	size_t count;
};

/* Files of days are one place. */
static void take_place(void *to, const struct private_place *place)
{
	struct places *places = to;
	for (size_t i = 0; i < places->count; i++) {
		struct private_place *known = &places->at[i];
		if (known->month != place->month ||
		    strcmp(known->what, place->what) != 0)
			continue;
		known->rows += place->rows;
		if (place->first_us < known->first_us)
			known->first_us = place->first_us;
		if (place->last_us > known->last_us)
			known->last_us = place->last_us;
		return;
	}
	if (places->count < PLACES_MAX)
		places->at[places->count++] = *place;
}

static bool goes_on(void *to)
{
	(void)to;
	patience_tell("looking through the store");
	return !patience_has_ended();
}

static void print_json(const struct private_place *place)
{
	char first[TIME_TEXT_MAX], last[TIME_TEXT_MAX], month[16];
	record_time_text(place->first_us, first);
	record_time_text(place->last_us, last);
	printf("{\"what\":\"%s\",\"rows\":%" PRIu64 ",\"first\":\"%s\",\"last\":\"%s\"",
	       place->what, place->rows, first, last);
	if (place->month != 0)
		printf(",\"pseudonym\":\"%s\"", month_text(place->month, month));
	puts("}");
}

static void print_line(const struct private_place *place)
{
	char first[TIME_TEXT_MAX], last[TIME_TEXT_MAX], month[16];
	record_time_text(place->first_us, first);
	record_time_text(place->last_us, last);
	printf("%-14s %10" PRIu64 "  %.19sZ  %.19sZ", place->what, place->rows, first,
	       last);
	if (place->month != 0)
		printf("  as a pseudonym of %s", month_text(place->month, month));
	putchar('\n');
}

static void print_places(const struct privacy_options *o, const struct places *places)
{
	if (places->count == 0 && !o->common.json)
		puts("Nowhere, as far as anybody can tell.");
	for (size_t i = 0; i < places->count; i++)
		if (o->common.json)
			print_json(&places->at[i]);
		else
			print_line(&places->at[i]);
}

static int find_in(const struct privacy_options *o, struct private_look *look,
		   struct places *places)
{
	config_text folder;
	char error[STORE_ERROR_MAX], month[16];
	int status = state_folder("privacy", o->state, o->config_path, folder);
	if (status != STATUS_OK)
		return status;
	/* Nowhere in what can't be read is not nowhere. */
	struct store_reader *reader = store_reader_open(folder, error, &status);
	if (reader == NULL)
		return complain(status, error);
	store_reader_close(reader);
	patience_begin();
	int result = store_find_private(folder, look, error);
	patience_end();
	if (result != 0)
		return complain(STATUS_INCOMPLETE, error);
	print_places(o, places);
	if (look->unread == 0)
		return STATUS_OK;
	fprintf(stderr,
		"breakwater privacy: the key of %s may not be read: pseudonyms of that "
		"time are not looked for\n",
		month_text(look->unread, month));
	return STATUS_NOT_PERMITTED;
}

static int find(const struct privacy_options *o, const char *address)
{
	struct places *places = calloc(1, sizeof(*places));
	struct private_look look = { .since_us = INT64_MIN,
				     .to = places,
				     .place = take_place,
				     .goes_on = goes_on };
	int status = STATUS_USAGE;
	if (places == NULL)
		return complain(STATUS_INCOMPLETE, "out of memory");
	if (!addr_parse(address, &look.addr))
		complain(status, "find: one IPv4 or IPv6 address is needed");
	else if (o->since != NULL &&
		 !when_parse(o->since, clock_us(CLOCK_REALTIME), &look.since_us))
		complain(status, "--since: allowed is " WHEN_ALLOWED);
	else
		status = find_in(o, &look, places);
	free(places);
	return status;
}

/* ---- keys ---- */

static int keys(const struct privacy_options *o, const char *operand)
{
	config_text folder;
	uint32_t *months = NULL;
	char month[16];
	(void)operand;
	int status = state_folder("privacy", o->state, o->config_path, folder);
	if (status != STATUS_OK)
		return status;
	long count = store_private_keys(folder, &months);
	if (count < 0)
		return complain(count == -EACCES ? STATUS_NOT_PERMITTED
						 : STATUS_INCOMPLETE,
				strerror((int)-count));
	if (count == 0 && !o->common.json)
		puts("No keys: nothing is a pseudonym yet, or all are destroyed.");
	for (long i = 0; i < count; i++)
		printf(o->common.json ? "{\"month\":\"%s\"}\n" : "%s\n",
		       month_text(months[i], month));
	free(months);
	return STATUS_OK;
}

/* ---- what the daemon does ---- */

static int post(const struct privacy_options *o, const char *action, const char *field,
		const char *operand)
{
	char message[CLIENT_ERROR_MAX];
	struct buf form = { 0 };
	struct client *client = client_open(&o->common);
	if (client == NULL)
		return complain(STATUS_INCOMPLETE, "out of memory");
	client_parameter(&form, "action", action);
	client_parameter(&form, field, operand);
	client_parameter(&form, "until", o->until);
	client_parameter(&form, "why", o->why);
	int status = change_post(client, "privacy", "/api/v1/privacy", &form, message);
	if (status == STATUS_OK)
		puts(message);
	client_close(client);
	return status;
}

static int erase(const struct privacy_options *o, const char *address)
{
	return post(o, "erase", "address", address);
}

static int hold(const struct privacy_options *o, const char *incident)
{
	return post(o, "hold", "incident", incident);
}

static int unhold(const struct privacy_options *o, const char *incident)
{
	return post(o, "unhold", "incident", incident);
}

/* ---- holds ---- */

static bool print_hold(void *to, const void *record)
{
	const struct privacy_options *o = to;
	const struct hold_record *hold = record;
	char until[TIME_TEXT_MAX], why[256], actor[64];
	struct buf json = { 0 };
	bool is_over = hold->until <= clock_us(CLOCK_REALTIME);
	if (o->common.json) {
		record_json(&json, RECORD_hold, hold);
		printf("%.*s\n", (int)json.len, json.at);
		buf_free(&json);
		return true;
	}
	record_time_text(hold->until, until);
	text_clean(why, sizeof(why), hold->why);
	text_clean(actor, sizeof(actor), hold->actor);
	printf("%-18s %s %.19sZ  %s: %s\n", hold->incident,
	       is_over ? "was held until" : "held until", until, actor, why);
	return true;
}

static int holds(const struct privacy_options *o, const char *operand)
{
	config_text folder;
	char error[STORE_ERROR_MAX];
	struct store_filter filter;
	(void)operand;
	int status = state_folder("privacy", o->state, o->config_path, folder);
	if (status != STATUS_OK)
		return status;
	struct store_reader *reader = store_reader_open(folder, error, &status);
	if (reader == NULL)
		return complain(status, error);
	store_filter_init(&filter);
	int result =
		store_read(reader, RECORD_hold, &filter, print_hold, (void *)o, error);
	store_reader_close(reader);
	return result == 0 ? STATUS_OK : complain(STATUS_INCOMPLETE, error);
}

/* ---- which one ---- */

static const struct verb verbs[] = {
	{ "find", 1, 1, "which address?" },
	{ "erase", 1, 1, "which address?" },
	{ "hold", 1, 1, "which incident?" },
	{ "unhold", 1, 1, "which incident?" },
	{ "holds", 0, 0, NULL },
	{ "keys", 0, 0, NULL },
};
static int (*const jobs[])(const struct privacy_options *options,
			   const char *operand) = {
	find, erase, hold, unhold, holds, keys,
};

static int start(const struct privacy_options *o, int words, char **word)
{
	int which = verb_choose("privacy", verbs, sizeof(verbs) / sizeof(verbs[0]),
				"holds", words, word);
	return which < 0 ? STATUS_USAGE : jobs[which](o, words > 1 ? word[1] : NULL);
}

int command_privacy(int argc, char **argv)
{
	struct privacy_options o = { 0 };
	const struct option_spec specs[] = {
		{ 0, OPTION_TEXT, "since", "TIME", "find: since then: 7d, or RFC 3339",
		  &o.since, 0, 0 },
		{ 0, OPTION_TEXT, "until", "TIME",
		  "hold: until when: 2027-06-30, or 180d from now", &o.until, 0, 0 },
		{ 0, OPTION_TEXT, "why", "TEXT",
		  "erase, hold, unhold: the reason, for the audit chain", &o.why, 0,
		  0 },
		{ 0, OPTION_TEXT, "state", "DIR",
		  "find, holds, keys: folder of the store; default that of the "
		  "configuration",
		  &o.state, 0, 0 },
		OPTION_CONFIG(&o.config_path),
	};
	const struct command_help help = {
		.name = "privacy",
		.operands = "[find ADDRESS|erase ADDRESS|hold INCIDENT|unhold INCIDENT|"
			    "holds|keys]",
		.doc = "Where an address of somebody stands in what was recorded, that "
		       "it "
		       "goes, and what\nof an incident may not go for a time.  To find "
		       "needs no daemon.",
		.examples = examples,
		OPTION_SPECS(specs),
	};
	int first, status;
	if (!options_parse(&help, argc, argv, &o.common, &first, &status))
		return status;
	return start(&o, argc - first, argv + first);
}
