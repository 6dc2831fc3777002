/*
 * fleet_revoke.c: breakwater fleet revoke: a sensor's key is not taken any more.
 *
 * It is done when this returns: the servers that are up have ended its connections.  No
 * hub needs to run for it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/cli.h"
#include "cli/fleet_command.h"
#include "fleet/revoke.h"
#include "fleet/sharing.h"

enum { TRIES_MAX = 8 };

static int complain_bucket(void)
{
	return fleet_complain(
		"revoke", STATUS_UNREACHABLE,
		"the fleet's bucket can't be reached: nothing was changed");
}

/* -ENOENT, -EBADMSG, or as link_get(). */
static int read_member(struct link *link, const char *name, struct member *out,
		       uint64_t *revision)
{
	char key[MEMBER_KEY_MAX];
	struct buf text = { 0 };
	snprintf(key, sizeof(key), MEMBER_KEY "%s", name);
	int result = link_get(link, key, &text, revision);
	if (result == 0 && !member_read(text.at, text.len, out))
		result = -EBADMSG;
	buf_free(&text);
	return result;
}

static int write_member(struct link *link, const struct member *member,
			uint64_t revision)
{
	char key[MEMBER_KEY_MAX];
	struct buf text = { 0 };
	uint64_t now;
	snprintf(key, sizeof(key), MEMBER_KEY "%s", member->name);
	int result = member_write(member, &text)
			     ? link_put(link, key, text.at, text.len, revision, &now)
			     : -ENOMEM;
	buf_free(&text);
	return result;
}

/* The key first: should the rest fail, it is the safe half. */
static int revoke_once(struct link *link, const char *name, const char *why,
		       struct member *member)
{
	uint64_t revision;
	int result = read_member(link, name, member, &revision);
	if (result != 0 || member->is_revoked)
		return result;
	struct revoked revoked = { .at_s = fleet_now_s() };
	memcpy(revoked.public_key, member->public_key, sizeof(revoked.public_key));
	memcpy(revoked.name, member->name, sizeof(revoked.name));
	result = revoke_key(link, &revoked);
	if (result != 0)
		return result;
	member->is_revoked = true;
	member->revoked_s = revoked.at_s;
	fleet_actor(member->revoked_by);
	snprintf(member->why, sizeof(member->why), "%s", why);
	return write_member(link, member, revision);
}

static int note_in_bucket(const struct fleet_reach *reach, const char *name,
			  const char *why, struct member *member)
{
	int64_t until_us = fleet_patience_us();
	int result, tries = 0;
	do {
		result = revoke_once(reach->link, name, why, member);
	} while ((result == -EEXIST && ++tries < TRIES_MAX) ||
		 fleet_try_again(result, until_us));
	if (result == -ENOENT)
		return fleet_complain(
			"revoke", STATUS_USAGE,
			"there is no sensor %s: \"breakwater fleet list\" "
			"shows them",
			name);
	if (result == -EBADMSG)
		return fleet_complain("revoke", STATUS_INCOMPLETE,
				      "what is kept of %s can't be read", name);
	return result == 0 ? STATUS_OK : complain_bucket();
}

static int tell_servers(const struct fleet_reach *reach)
{
	char error[REVOKE_ERROR_MAX];
	int64_t until_us = fleet_patience_us();
	int result, status = STATUS_UNREACHABLE;
	do {
		result = revoke_renew(reach->link, &reach->keys, fleet_now_s(), error);
	} while (fleet_try_again(result, until_us));
	if (result != 0)
		return fleet_complain("revoke", status, "%s", error);
	struct link *system = fleet_connect("revoke", reach, FLEET_FILE_SYSTEM);
	if (system == NULL)
		return status;
	if (revoke_push(reach->link, system, error) == 0)
		status = STATUS_OK;
	else
		fleet_complain("revoke", status,
			       "%s: it is noted, and hubs tell servers within a minute",
			       error);
	link_close(system);
	return status;
}

/* Whom others block for what whoever had the key said. */
static int take_back(const struct fleet_reach *reach, const char *name)
{
	char error[BUCKET_ERROR_MAX], actor[CLAIMS_WHO_MAX];
	fleet_actor(actor);
	const struct bucket_change change = { reach->link, &reach->keys.fleet_key,
					      actor, clock_us(CLOCK_REALTIME) };
	if (sharing_remove_sensor(&change, name, error) == 0)
		return STATUS_OK;
	return fleet_complain("revoke", STATUS_INCOMPLETE,
			      "%s: what it had shared goes on for an hour at most",
			      error);
}

static int revoke_it(const struct fleet_reach *reach, const char *name, const char *why)
{
	struct member member;
	int status = note_in_bucket(reach, name, why, &member);
	if (status != STATUS_OK)
		return status;
	status = tell_servers(reach);
	/* Also if servers are told later, by hubs: they don't do that for us. */
	int taken = take_back(reach, name);
	if (status == STATUS_OK)
		status = taken;
	if (!fleet_note(reach, "fleet_revoke", name, member.public_key, why))
		status = fleet_complain("revoke", STATUS_INCOMPLETE,
					"the audit chain can't be told");
	if (status == STATUS_OK)
		printf("%s is not let in any more, and its connections have ended.  A "
		       "token that is made with --name %s\nlets a machine take its "
		       "place, with a new key.\n",
		       name, name);
	return status;
}

int fleet_revoke(const struct fleet_options *o, const char *name)
{
	struct fleet_reach reach;
	const char *why = o->why != NULL ? o->why : "";
	if (!fleet_name_is_good(name))
		return fleet_complain("revoke", STATUS_USAGE,
				      "\"%s\" is no sensor's name", name);
	if (strlen(why) >= MEMBER_WHY_MAX)
		return fleet_complain("revoke", STATUS_USAGE,
				      "--why: allowed are up to %d bytes",
				      MEMBER_WHY_MAX - 1);
	int status = fleet_reach_open("revoke", o, &reach);
	if (status == STATUS_OK)
		status = revoke_it(&reach, name, why);
	fleet_reach_close(&reach);
	return status;
}
