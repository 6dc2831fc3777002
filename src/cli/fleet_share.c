/*
 * fleet_share.c: breakwater fleet share and unshare: a source that attacks, for all
 * sensors to judge; docs/fleet.md.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/when.h"
#include "base/words.h"
#include "cli/cli.h"
#include "cli/client_json.h"
#include "cli/fleet_command.h"
#include "fleet/sharing.h"
#include "fleet/whereabouts.h"

#define SECOND_US 1000000LL

static int read_end(const struct fleet_options *o, int64_t now_us, int64_t *until_us)
{
	int64_t us = SHARED_USUAL_S * SECOND_US;
	if (o->duration != NULL &&
	    (!duration_parse(o->duration, &us) || us < 60 * SECOND_US ||
	     us > SHARED_LONGEST_S * SECOND_US))
		return fleet_complain("share", STATUS_USAGE,
				      "--for %s: allowed is a duration from 60s to 24h",
				      o->duration);
	*until_us = now_us + us;
	return STATUS_OK;
}

/* An address by itself: a person's word for it. */
static bool take_address(const char *what, struct shared_entry *out)
{
	struct addr address;
	if (!addr_parse(what, &address))
		return false;
	out->address = addr_source(&address);
	out->severity = severity_names[SEVERITY_HIGH];
	snprintf(out->finding, sizeof(out->finding), "by-hand-%.20s", what);
	snprintf(out->sensor, sizeof(out->sensor), "%s", FLEET_HUB);
	return true;
}

static void take_text(char *out, size_t size, const json_t *finding, const char *name)
{
	const char *text = member_text(finding, name);
	record_text(out, size, text != NULL ? text : "");
}

static const char *word_of(const json_t *finding, const char *name)
{
	const char *text = member_text(finding, name);
	return text != NULL ? record_word(text) : NULL;
}

static bool take_finding(const json_t *finding, struct shared_entry *out)
{
	const char *address = member_text(finding, "client_ip");
	struct addr client;
	if (address == NULL || !addr_parse(address, &client))
		return false;
	out->address = addr_source(&client);
	out->kind = word_of(finding, "kind");
	out->severity = word_of(finding, "severity");
	out->proof = word_of(finding, "proof");
	take_text(out->finding, sizeof(out->finding), finding, "id");
	take_text(out->sensor, sizeof(out->sensor), finding, "sensor");
	take_text(out->why, sizeof(out->why), finding, "summary");
	return out->kind != NULL && out->severity != NULL && out->proof != NULL &&
	       strcmp(out->proof, "unsolicited") != 0;
}

/* Of this hub's daemon. */
static int ask_finding(const struct fleet_options *o, const char *id,
		       struct shared_entry *out)
{
	char error[CLIENT_ERROR_MAX] = "no memory";
	json_t *findings = NULL;
	struct buf path = { 0 };
	struct client *client = client_open(&o->common);
	buf_text(&path, "/api/v1/findings");
	client_parameter(&path, "id", id);
	int status = client != NULL && buf_cstr(&path) != NULL
			     ? client_records(client, path.at, &findings, NULL, error)
			     : STATUS_UNREACHABLE;
	if (status != STATUS_OK)
		fleet_complain("share", status, "%s", error);
	else if (json_array_size(findings) == 0)
		status = fleet_complain("share", STATUS_USAGE,
					"%s is neither an address nor a finding that "
					"this hub knows",
					id);
	else if (!take_finding(json_array_get(findings, 0), out))
		status = fleet_complain("share", STATUS_USAGE,
					"%s: what it says of its source is not proven, "
					"so that nobody is blocked for it",
					id);
	json_decref(findings);
	buf_free(&path);
	if (client != NULL)
		client_close(client);
	return status;
}

/* Sensors that blocked it would hear nothing of hubs, nor that it is taken back. */
static int refuse_server(const struct fleet_reach *reach,
			 const struct shared_entry *entry, const char *address)
{
	struct server_addresses servers = { .count = 0 };
	struct whereabouts *whereabouts = whereabouts_open(reach->keys.servers);
	if (whereabouts == NULL)
		return fleet_complain("share", STATUS_INCOMPLETE, "out of memory");
	whereabouts_look(whereabouts);
	whereabouts_list(whereabouts, &servers);
	whereabouts_close(whereabouts);
	if (!server_addresses_hold(&servers, &entry->address))
		return STATUS_OK;
	return fleet_complain("share", STATUS_USAGE,
			      "%s is where a NATS server of the fleet is (%s): "
			      "no sensor is to block that",
			      address, reach->keys.servers);
}

static int put(const struct fleet_reach *reach, const struct shared_entry *entry,
	       const char *address, int64_t now_us)
{
	char error[BUCKET_ERROR_MAX];
	enum shared_added added;
	const struct bucket_change change = { reach->link, &reach->keys.fleet_key,
					      entry->by, now_us };
	int result = sharing_add(&change, entry, &added, 1, error);
	/* A person's word waits for no other one's, so there was no room for it. */
	if (result == -EEXIST)
		return fleet_complain("share", STATUS_BAD_NEWS,
				      "%s is not shared: %d are, and there is room for "
				      "no more until one ends or is taken back "
				      "(breakwater fleet unshare)",
				      address, SHARED_MAX);
	if (result != 0)
		return fleet_complain(
			"share", result == -EAGAIN ? STATUS_UNREACHABLE : STATUS_USAGE,
			"%s", error);
	if (!fleet_note(reach, "fleet_share", address, "", entry->why))
		return fleet_complain("share", STATUS_INCOMPLETE,
				      "the audit chain can't be told");
	return STATUS_OK;
}

static int share(const struct fleet_options *o, struct shared_entry *entry,
		 int64_t now_us)
{
	struct fleet_reach reach;
	char address[ADDR_TEXT_MAX];
	int status = fleet_reach_open("share", o, &reach);
	fleet_actor(entry->by);
	addr_text(&entry->address, address);
	if (status == STATUS_OK)
		status = refuse_server(&reach, entry, address);
	if (status == STATUS_OK)
		status = put(&reach, entry, address, now_us);
	fleet_reach_close(&reach);
	if (status == STATUS_OK)
		printf("%s is shared: each sensor judges it by its own rules\n",
		       address);
	return status;
}

int fleet_share(const struct fleet_options *o, const char *what)
{
	struct shared_entry entry = { .kind = NULL };
	int64_t now_us = clock_us(CLOCK_REALTIME);
	int status = read_end(o, now_us, &entry.until_us);
	if (status != STATUS_OK)
		return status;
	entry.seen_us = now_us;
	bool is_address = take_address(what, &entry);
	if (is_address && o->why == NULL)
		return fleet_complain("share", STATUS_USAGE,
				      "--why: an address needs a reason");
	if (!is_address)
		status = ask_finding(o, what, &entry);
	if (status != STATUS_OK)
		return status;
	if (o->why != NULL)
		record_text(entry.why, sizeof(entry.why), o->why);
	return share(o, &entry, now_us);
}

int fleet_unshare(const struct fleet_options *o, const char *what)
{
	struct fleet_reach reach;
	char error[BUCKET_ERROR_MAX], actor[CLAIMS_WHO_MAX];
	int status = fleet_reach_open("unshare", o, &reach);
	if (status == STATUS_OK) {
		fleet_actor(actor);
		const struct bucket_change change = { reach.link, &reach.keys.fleet_key,
						      actor, clock_us(CLOCK_REALTIME) };
		int result = sharing_remove(&change, what, error);
		if (result != 0)
			status = fleet_complain("unshare",
						result == -EAGAIN ? STATUS_UNREACHABLE
								  : STATUS_USAGE,
						"%s", error);
		else if (!fleet_note(&reach, "fleet_unshare", what, "", ""))
			status = fleet_complain("unshare", STATUS_INCOMPLETE,
						"the audit chain can't be told");
	}
	fleet_reach_close(&reach);
	return status;
}
