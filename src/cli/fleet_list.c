/*
 * fleet_list.c: breakwater fleet list: who joined, who let him, and which tokens are
 * still good.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"
#include "cli/fleet_command.h"
#include "record/record.h"

enum { US_PER_S = 1000000 };

struct listing_of_fleet {
	bool is_json, has_any;
	int64_t now_s;
};

static void time_of(int64_t at_s, char out[static TIME_TEXT_MAX])
{
	record_time_text(at_s * US_PER_S, out);
	memcpy(out + strlen("2026-01-31T12:00:00"), "Z", 2);
}

static void set_text(json_t *object, const char *name, const char *text)
{
	if (text[0] != '\0')
		json_object_set_new(object, name, json_string(text));
}

static void set_time(json_t *object, const char *name, int64_t at_s)
{
	char text[TIME_TEXT_MAX];
	if (at_s == 0)
		return;
	time_of(at_s, text);
	json_object_set_new(object, name, json_string(text));
}

static void print_object(json_t *object)
{
	json_dumpf(object, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(object);
}

static const char *or_none(const char *text)
{
	return text[0] != '\0' ? text : "-";
}

/* ---- sensors ---- */

static void print_member_json(const struct member *member)
{
	json_t *object = json_object();
	set_text(object, "sensor", member->name);
	set_text(object, "state", member->is_revoked ? "revoked" : "joined");
	set_text(object, "site", member->site);
	set_text(object, "tags", member->tags);
	set_text(object, "public_key", member->public_key);
	set_time(object, "joined", member->joined_s);
	set_text(object, "by", member->by);
	set_text(object, "token", member->token);
	set_time(object, "revoked", member->revoked_s);
	set_text(object, "revoked_by", member->revoked_by);
	set_text(object, "why", member->why);
	print_object(object);
}

static void print_member(void *to, const char *key, const void *value, size_t len,
			 uint64_t revision)
{
	struct listing_of_fleet *listing = to;
	struct member member;
	char joined[TIME_TEXT_MAX];
	(void)key;
	(void)revision;
	if (!member_read(value, len, &member))
		return;
	if (listing->is_json) {
		print_member_json(&member);
		return;
	}
	if (!listing->has_any)
		printf("%-24s %-8s %-16s %-24s %-21s %-12s %s\n", "SENSOR", "STATE",
		       "SITE", "TAGS", "JOINED", "LET IN BY", "KEY");
	listing->has_any = true;
	time_of(member.joined_s, joined);
	printf("%-24s %-8s %-16s %-24s %-21s %-12s %.8s...\n", member.name,
	       member.is_revoked ? "revoked" : "joined", or_none(member.site),
	       or_none(member.tags), joined, or_none(member.by), member.public_key);
}

/* ---- tokens that are still good ---- */

static void print_ticket(void *to, const char *key, const void *value, size_t len,
			 uint64_t revision)
{
	struct listing_of_fleet *listing = to;
	struct ticket ticket;
	char until[TIME_TEXT_MAX];
	(void)key;
	(void)revision;
	if (!ticket_read(value, len, &ticket) || ticket.used_by[0] != '\0' ||
	    ticket.until_s <= listing->now_s)
		return;
	time_of(ticket.until_s, until);
	if (!listing->is_json) {
		printf("token %s: good until %s for %s, made by %s\n", ticket.id, until,
		       ticket.name[0] != '\0' ? ticket.name : "any name", ticket.by);
		return;
	}
	json_t *object = json_object();
	set_text(object, "token", ticket.id);
	set_text(object, "name", ticket.name);
	set_text(object, "site", ticket.site);
	set_text(object, "tags", ticket.tags);
	set_time(object, "made", ticket.made_s);
	set_time(object, "until", ticket.until_s);
	set_text(object, "by", ticket.by);
	print_object(object);
}

int fleet_list(const struct fleet_options *o, const char *operand)
{
	struct fleet_reach reach;
	struct listing_of_fleet listing = { .is_json = o->common.json,
					    .now_s = time(NULL) };
	(void)operand;
	int status = fleet_reach_open("list", o, &reach);
	if (status == STATUS_OK &&
	    (link_each(reach.link, MEMBER_KEY, print_member, &listing) != 0 ||
	     link_each(reach.link, TICKET_KEY, print_ticket, &listing) != 0))
		status = fleet_complain(
			"list", STATUS_UNREACHABLE,
			"the fleet's bucket can't be read: has a hub been "
			"started? It makes the bucket");
	else if (status == STATUS_OK && !listing.has_any && !listing.is_json)
		puts("No machine has joined.  \"breakwater fleet token\" lets one.");
	fleet_reach_close(&reach);
	return status;
}
