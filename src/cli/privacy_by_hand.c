/*
 * privacy_by_hand.c: see privacy_by_hand.h.
 */
#include "cli/privacy_by_hand.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/when.h"
#include "cli/by_id.h"
#include "cli/store_look.h"
#include "store/privacy.h"
#include "web/form.h"

enum { LOOK_MS = 1000, WRITE_MS = 2000, FOUND_MAX = 2 };
/* As long as anything is kept (retention.events). */
#define LONGEST_US (3153600000 * INT64_C(1000000))

void privacy_keep(struct monitor *m)
{
	struct store_privacy privacy = {
		.pseudonyms_after_s = m->config.privacy_pseudonyms_after,
		.keys_kept_s = m->config.privacy_keys_kept,
		.ours = m->home,
		.has_memory = true,
	};
	for (size_t i = 0; i < m->own.count; i++)
		home_add(&privacy.ours, &m->own.at[i]);
	store_keep_private(m->store, &privacy);
}

static int refuse(struct buf *message, int error, const char *why)
{
	buf_clear(message);
	buf_text(message, why);
	return error;
}

static int read_why(const char *form, char why[static FORM_VALUE_MAX],
		    struct buf *message)
{
	if (form_value(form, "why", why) && why[0] != '\0')
		return 0;
	return refuse(message, -EINVAL, "why: a reason is needed, for the audit chain");
}

/* ---- legal holds ---- */

struct found {
	field_text32 ids[FOUND_MAX];
	size_t count;
};

static bool take_incident(void *to, const void *record)
{
	struct found *found = to;
	memcpy(found->ids[found->count++], ((const struct incident_record *)record)->id,
	       sizeof(field_text32));
	return found->count < FOUND_MAX;
}

/* What could not be read is not known, which is not the same as none. */
static int look(struct monitor *m, enum record_kind kind,
		const struct store_filter *filter, store_emit take, void *to,
		struct buf *message)
{
	char error[STORE_ERROR_MAX];
	if (store_look_well(m->config.state, kind, filter, take, to, error))
		return 0;
	refuse(message, -EIO, "the store can't be read: ");
	buf_text(message, error);
	return -EIO;
}

/* The one incident that an id begins as. */
static int find_incident(struct monitor *m, const char *form, field_text32 incident,
			 struct buf *message)
{
	char id[FORM_VALUE_MAX];
	struct found found = { .count = 0 };
	struct store_filter filter;
	if (!form_value(form, "incident", id) || !is_id(id))
		return refuse(message, -EINVAL, "incident: " ID_ALLOWED);
	store_filter_init(&filter);
	filter.time_limit_ms = LOOK_MS;
	filter.id = id;
	filter.id_begins = true;
	int error = look(m, RECORD_incident, &filter, take_incident, &found, message);
	if (error != 0)
		return error;
	if (found.count == 0)
		return refuse(message, -ENOENT, "there is no such incident");
	if (found.count > 1)
		return refuse(message, -EINVAL,
			      "incident: more than one begins so; give more digits");
	memcpy(incident, found.ids[0], sizeof(field_text32));
	return 0;
}

static int read_until(const char *form, int64_t now_us, int64_t *until_us,
		      struct buf *message)
{
	char text[FORM_VALUE_MAX];
	int64_t for_us;
	if (!form_value(form, "until", text) || text[0] == '\0')
		return refuse(message, -EINVAL,
			      "until: a hold always has an end, such as 2027-06-30 or "
			      "180d");
	if (duration_parse(text, &for_us) && for_us < LONGEST_US)
		*until_us = now_us + for_us;
	else if (!time_parse(text, until_us) && !when_parse(text, now_us, until_us))
		return refuse(
			message, -EINVAL,
			"until: allowed is a day such as 2027-06-30, RFC 3339, or "
			"how long from now, such as 180d");
	if (*until_us > now_us && *until_us < now_us + LONGEST_US)
		return 0;
	return refuse(message, -EINVAL,
		      "until: that is past, or further off than 100 "
		      "years");
}

/* Whoever asked goes away and relies on it: so only what is on disk is confirmed. */
static int keep_hold(struct monitor *m, const struct hold_record *hold,
		     const char *action, const char *before, const char *after,
		     struct buf *message)
{
	struct store_status earlier, status;
	store_status(m->store, &earlier);
	monitor_keep(m, RECORD_hold, hold);
	monitor_audit(m, action, hold->actor, hold->incident, before, after);
	bool is_written = store_wait_written(m->store, WRITE_MS);
	store_status(m->store, &status);
	if (is_written && status.lost == earlier.lost)
		return 0;
	refuse(message, -EIO,
	       status.lost != earlier.lost
		       ? "it is not written, as there is no room for it to wait: "
		       : "it is not on disk yet, and not sure before \"breakwater "
			 "privacy holds\" shows it: ");
	buf_text(message,
		 status.message[0] != '\0' ? status.message : "the store is busy");
	return -EIO;
}

static int begin_hold(struct monitor *m, const char *form, const char *actor,
		      struct buf *message)
{
	char why[FORM_VALUE_MAX], until[TIME_TEXT_MAX], after[256];
	int64_t now_us = clock_us(CLOCK_REALTIME);
	struct hold_record hold;
	record_init(RECORD_hold, &hold);
	int error = find_incident(m, form, hold.incident, message);
	if (error == 0)
		error = read_until(form, now_us, &hold.until, message);
	if (error == 0)
		error = read_why(form, why, message);
	if (error != 0)
		return error;
	hold.at = hold.start = now_us;
	record_text(hold.why, sizeof(hold.why), why);
	record_text(hold.actor, sizeof(hold.actor), actor);
	record_time_text(hold.until, until);
	snprintf(after, sizeof(after), "until %s: %.200s", until, why);
	error = keep_hold(m, &hold, "privacy_hold", "", after, message);
	if (error != 0)
		return error;
	buf_printf(message, "%s: held until %s", hold.incident, until);
	return 0;
}

static bool take_hold(void *to, const void *record)
{
	const struct hold_record *hold = record;
	struct hold_record *wanted = to;
	if (strcmp(hold->incident, wanted->incident) != 0)
		return true;
	*wanted = *hold;
	return false;
}

static int end_hold(struct monitor *m, const char *form, const char *actor,
		    struct buf *message)
{
	char why[FORM_VALUE_MAX], before[TIME_TEXT_MAX];
	int64_t now_us = clock_us(CLOCK_REALTIME);
	struct store_filter filter;
	struct hold_record hold;
	record_init(RECORD_hold, &hold);
	int error = find_incident(m, form, hold.incident, message);
	if (error == 0)
		error = read_why(form, why, message);
	if (error != 0)
		return error;
	store_filter_init(&filter);
	filter.time_limit_ms = LOOK_MS;
	error = look(m, RECORD_hold, &filter, take_hold, &hold, message);
	if (error != 0)
		return error;
	if (hold.until == UNKNOWN_TIME || hold.until <= now_us)
		return refuse(message, -ENOENT, "it is not held");
	record_time_text(hold.until, before);
	hold.at = hold.until = now_us;
	record_text(hold.actor, sizeof(hold.actor), actor);
	error = keep_hold(m, &hold, "privacy_unhold", before, why, message);
	if (error != 0)
		return error;
	buf_printf(message, "%s: held no more", hold.incident);
	return 0;
}

/* ---- erasing ---- */

/* Who asks for connections that ended before gets those of the store. */
static void forget_flows(struct recent *recent)
{
	size_t count = recent->count < RECENT_FLOWS ? recent->count : RECENT_FLOWS;
	for (size_t i = 0; i < count; i++)
		if (recent->at[i].end > recent->forgotten_us)
			recent->forgotten_us = recent->at[i].end;
	memset(recent->at, 0, sizeof(recent->at));
	recent->count = 0;
}

/* What is not over is left, as it is in the store. */
void privacy_forget(struct monitor *m)
{
	if (!store_is_to_forget(m->store) || !alerting_reread(&m->alerting))
		return;
	forget_flows(&m->recent);
	if (m->web != NULL)
		web_forget(m->web);
	store_forgotten(m->store);
}

static bool names_address(const char *why, const struct addr *addr)
{
	char text[ADDR_TEXT_MAX];
	addr_text(addr, text);
	return strcasestr(why, text) != NULL;
}

static int erase(struct monitor *m, const char *form, const char *actor,
		 struct buf *message)
{
	char address[FORM_VALUE_MAX], why[FORM_VALUE_MAX];
	struct private_erasure erasure = { 0 };
	if (!form_value(form, "address", address) ||
	    !addr_parse(address, &erasure.addr))
		return refuse(message, -EINVAL,
			      "address: one IPv4 or IPv6 address is needed");
	int error = read_why(form, why, message);
	if (error != 0)
		return error;
	if (names_address(why, &erasure.addr) || strstr(why, address) != NULL)
		return refuse(message, -EINVAL,
			      "why: it must not name the address: the audit chain "
			      "keeps it");
	if (home_holds(&m->own, &erasure.addr) || home_holds(&m->home, &erasure.addr))
		return refuse(message, -EINVAL,
			      "address: it is one of this machine's or of home, which "
			      "are no client's");
	record_text(erasure.actor, sizeof(erasure.actor), actor);
	record_text(erasure.why, sizeof(erasure.why), why);
	if (!store_erase_private(m->store, &erasure))
		return refuse(message, -EBUSY,
			      "another address is being erased; ask again when the "
			      "audit chain has its privacy_erased");
	buf_text(message, "being erased; \"breakwater audit\" has privacy_erased, and "
			  "what was left, when it is done");
	return 0;
}

int privacy_by_hand(struct monitor *m, const char *form, const char *actor,
		    struct buf *message)
{
	static const struct {
		const char *action;
		int (*take)(struct monitor *m, const char *form, const char *actor,
			    struct buf *message);
	} actions[] = { { "hold", begin_hold },
			{ "unhold", end_hold },
			{ "erase", erase } };
	char action[FORM_VALUE_MAX];
	form_value(form, "action", action);
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (strcmp(action, actions[i].action) == 0)
			return actions[i].take(m, form, actor, message);
	return refuse(message, -EINVAL, "action: allowed is hold, unhold or erase");
}
