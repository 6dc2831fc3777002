/*
 * fleet_list.c: breakwater fleet list: who joined, who let him, and which tokens are
 * still good.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/fleet_command.h"
#include "record/record.h"

enum { US_PER_S = 1000000 };

struct members {
	struct member *at;
	size_t count, room;
	bool failed;
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

static int complain_bucket(void)
{
	return fleet_complain("list", STATUS_UNREACHABLE,
			      "the fleet's bucket can't be read now");
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

static void print_member(const struct member *member, bool is_first)
{
	char joined[TIME_TEXT_MAX];
	if (is_first)
		printf("%-24s %-8s %-16s %-24s %-21s %-12s %s\n", "SENSOR", "STATE",
		       "SITE", "TAGS", "JOINED", "LET IN BY", "KEY");
	time_of(member->joined_s, joined);
	printf("%-24s %-8s %-16s %-24s %-21s %-12s %.8s...\n", member->name,
	       member->is_revoked ? "revoked" : "joined", or_none(member->site),
	       or_none(member->tags), joined, or_none(member->by), member->public_key);
}

static void collect_member(void *to, const char *key, const void *value, size_t len,
			   uint64_t revision)
{
	struct members *members = to;
	struct member member;
	(void)key;
	(void)revision;
	if (!member_read(value, len, &member))
		return;
	if (members->count == members->room) {
		size_t room = members->room > 0 ? 2 * members->room : 64;
		struct member *more = reallocarray(members->at, room, sizeof(*more));
		if (more == NULL) {
			members->failed = true;
			return;
		}
		members->at = more;
		members->room = room;
	}
	members->at[members->count++] = member;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct member *)a)->name,
		      ((const struct member *)b)->name);
}

static int list_members(const struct fleet_options *o, struct link *link)
{
	struct members members = { 0 };
	int status = STATUS_OK;
	if (link_each(link, MEMBER_KEY, collect_member, &members) != 0)
		status = complain_bucket();
	else if (members.failed)
		status = fleet_complain("list", STATUS_INCOMPLETE, "out of memory");
	else if (members.count == 0 && !o->common.json)
		puts("No machine has joined.  \"breakwater fleet token\" lets one.");
	if (members.count > 0)
		qsort(members.at, members.count, sizeof(*members.at), by_name);
	for (size_t i = 0; i < members.count && status == STATUS_OK; i++)
		if (o->common.json)
			print_member_json(&members.at[i]);
		else
			print_member(&members.at[i], i == 0);
	free(members.at);
	return status;
}

/* ---- tokens that are still good ---- */

static bool is_good(const struct ticket *ticket)
{
	return ticket->used_by[0] == '\0' && ticket->until_s > fleet_now_s();
}

static void print_ticket_json(const struct ticket *ticket)
{
	json_t *object = json_object();
	set_text(object, "token", ticket->id);
	set_text(object, "name", ticket->name);
	set_text(object, "site", ticket->site);
	set_text(object, "tags", ticket->tags);
	set_time(object, "made", ticket->made_s);
	set_time(object, "until", ticket->until_s);
	set_text(object, "by", ticket->by);
	print_object(object);
}

static void print_ticket(void *to, const char *key, const void *value, size_t len,
			 uint64_t revision)
{
	const bool *is_json = to;
	struct ticket ticket;
	char until[TIME_TEXT_MAX];
	(void)key;
	(void)revision;
	if (!ticket_read(value, len, &ticket) || !is_good(&ticket))
		return;
	if (*is_json) {
		print_ticket_json(&ticket);
		return;
	}
	time_of(ticket.until_s, until);
	printf("token %s: good until %s for %s, made by %s\n", ticket.id, until,
	       ticket.name[0] != '\0' ? ticket.name : "any name", ticket.by);
}

int fleet_list(const struct fleet_options *o, const char *operand)
{
	struct fleet_reach reach;
	bool is_json = o->common.json;
	(void)operand;
	int status = fleet_reach_open("list", o, &reach);
	if (status == STATUS_OK)
		status = list_members(o, reach.link);
	if (status == STATUS_OK &&
	    link_each(reach.link, TICKET_KEY, print_ticket, &is_json) != 0)
		status = complain_bucket();
	fleet_reach_close(&reach);
	return status;
}
