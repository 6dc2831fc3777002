/*
 * fleet_revoke.c: breakwater fleet revoke: a sensor's key is not taken any more.
 *
 * It is done when this returns: the servers that are up have ended its connections.  No
 * hub needs to run for it; if this is killed, one ends what was begun.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/fleet_command.h"
#include "fleet/revoking.h"

static int note_in_bucket(const struct fleet_reach *reach, const char *name,
			  const char *why, struct revoked *revoked)
{
	int64_t until_us = fleet_patience_us();
	int result;
	do {
		*revoked = (struct revoked){ .at_s = fleet_now_s() };
		fleet_actor(revoked->by);
		snprintf(revoked->why, sizeof(revoked->why), "%s", why);
		result = revoking_begin(reach->link, name, revoked);
	} while (fleet_try_again(result, until_us));
	if (result == -ENOENT)
		return fleet_complain(
			"revoke", STATUS_USAGE,
			"there is no sensor %s: \"breakwater fleet list\" "
			"shows them",
			name);
	if (result == -EBADMSG)
		return fleet_complain("revoke", STATUS_INCOMPLETE,
				      "what is kept of %s can't be read", name);
	return result == 0 ? STATUS_OK
			   : fleet_complain("revoke", STATUS_UNREACHABLE,
					    "the fleet's bucket can't be reached: it "
					    "is not known whether the key is noted, "
					    "so do it again");
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

/* Whom others block for what whoever had the key said, and the audit chain. */
static int end_rest(const struct fleet_reach *reach, const struct revoked *revoked)
{
	char error[BUCKET_ERROR_MAX];
	int64_t until_us = fleet_patience_us();
	int result;
	do {
		result = revoking_end(reach->link, &reach->keys.fleet_key, revoked,
				      error);
	} while (fleet_try_again(result, until_us));
	if (result == 0)
		return STATUS_OK;
	return fleet_complain("revoke", STATUS_INCOMPLETE,
			      "%s: what it had shared is taken back, and the audit "
			      "chain told, by a hub within two minutes of when it can",
			      error);
}

static int revoke_it(const struct fleet_reach *reach, const char *name, const char *why)
{
	struct revoked revoked;
	int status = note_in_bucket(reach, name, why, &revoked);
	if (status != STATUS_OK)
		return status;
	status = tell_servers(reach);
	int rest = end_rest(reach, &revoked);
	if (status == STATUS_OK)
		status = rest;
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
