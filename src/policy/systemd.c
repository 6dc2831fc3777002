/*
 * systemd.c: the register as drop-ins: what a unit may bind, and whom it may talk to.
 *
 * Only printed.  See systemd.resource-control(5): a match of Allow grants, else a match
 * of Deny refuses, else all is granted; so each list needs its "Deny=any".
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "policy/entry.h"

/* Assignments of SocketBindAllow= that a unit may have. */
enum { BINDS_MAX = 128 };

static const char head[] =
	"# Written from the register of authorised ports: one drop-in for each unit.\n"
	"# After putting one in its place: systemctl daemon-reload, then restart the "
	"unit.\n"
	"# IPAddress lines hold in both directions, also for what the unit asks "
	"others\n"
	"# (name servers, databases): add those, or leave the lines out.\n";

static const char *unit_of(const struct entry *entry)
{
	return entry->texts[TEXT_UNIT];
}

static bool ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);
	return len > end_len && strcmp(text + len - end_len, end) == 0;
}

/* "[Service]" or "[Socket]"; NULL for units that have neither. */
static const char *section_of(const char *unit)
{
	if (ends_with(unit, ".service"))
		return "[Service]";
	return ends_with(unit, ".socket") ? "[Socket]" : NULL;
}

/* Name of the unit that a drop-in may be for: "getty@*.service" is its template. */
static bool put_unit_name(struct buf *out, const char *unit)
{
	const char *instance = strstr(unit, "@*.");
	bool good = section_of(unit) != NULL && unit[0] != '.';
	for (const char *s = unit; good && *s != '\0'; s++)
		good = isalnum((unsigned char)*s) || strchr(":_.\\@-", *s) != NULL ||
		       (instance != NULL && s == instance + 1);
	if (!good)
		return false;
	size_t head_len = instance != NULL ? (size_t)(instance + 1 - unit) : 0;
	buf_add(out, unit, head_len);
	buf_text(out, instance != NULL ? instance + 2 : unit);
	return true;
}

/* 0: both families; else the entry's addresses are of one. */
static int family_of(const struct prefixes *list)
{
	bool v4 = list->any, v6 = list->any;
	for (size_t i = 0; i < list->count; i++) {
		v4 |= prefix_is_v4(&list->at[i]);
		v6 |= !prefix_is_v4(&list->at[i]);
	}
	return v4 == v6 ? 0 : v4 ? 4 : 6;
}

static void put_bind(struct buf *out, const struct entry *entry)
{
	int family = family_of(&entry->addresses);
	buf_text(out, "SocketBindAllow=");
	if (family != 0)
		buf_printf(out, "ipv%d:", family);
	/* It knows no SCTP: a rule without a transport is for every one. */
	if (entry->transport != TRANSPORT_SCTP)
		buf_printf(out, "%s:", transport_names[entry->transport]);
	buf_u64(out, entry->first);
	if (entry->last != entry->first)
		buf_printf(out, "-%u", entry->last);
	buf_char(out, '\n');
}

/* The unit's entries that hold now; NULL after the last. */
struct unit_walk {
	const struct policy *policy;
	const char *unit;
	int64_t now_us;
	size_t at;
};

static const struct entry *next_entry(struct unit_walk *walk)
{
	while (walk->at < walk->policy->count) {
		const struct entry *entry = &walk->policy->entries[walk->at++];
		if (unit_of(entry) != NULL && strcmp(unit_of(entry), walk->unit) == 0 &&
		    entry->expires_us > walk->now_us)
			return entry;
	}
	return NULL;
}

static void put_binds(struct buf *out, struct unit_walk walk)
{
	struct unit_walk count = walk;
	const struct entry *entry;
	size_t binds = 0;
	while (next_entry(&count) != NULL)
		binds++;
	if (binds > BINDS_MAX) {
		buf_printf(
			out,
			"# %zu entries, and SocketBindAllow= takes %d: use ranges.\n",
			binds, BINDS_MAX);
		return;
	}
	while ((entry = next_entry(&walk)) != NULL)
		put_bind(out, entry);
	buf_text(out, "SocketBindDeny=any\n");
}

static void put_clients(struct buf *out, struct unit_walk walk)
{
	struct prefixes clients = { 0 };
	const struct entry *entry;
	while ((entry = next_entry(&walk)) != NULL) {
		clients.any |= entry->clients.any;
		for (size_t i = 0; i < entry->clients.count && !clients.any; i++)
			clients.any = !prefixes_add(&clients, &entry->clients.at[i]);
	}
	if (clients.any) {
		buf_text(out, "# Any client: no IPAddress lines.\n");
	} else {
		buf_text(out, "IPAddressAllow=localhost\n");
		for (size_t i = 0; i < clients.count; i++) {
			if (prefix_is_loopback(&clients.at[i]))
				continue;
			buf_text(out, "IPAddressAllow=");
			prefix_say(out, &clients.at[i]);
			buf_char(out, '\n');
		}
		buf_text(out, "IPAddressDeny=any\n");
	}
	free(clients.at);
}

static void put_unit(struct buf *out, struct unit_walk walk)
{
	struct buf name = { 0 };
	if (!put_unit_name(&name, walk.unit)) {
		buf_text(out, "\n# No drop-in for ");
		buf_json_text(out, walk.unit);
		buf_text(out, ": only for services, sockets and templates\n");
	} else {
		buf_text(out, "\n# /etc/systemd/system/");
		buf_add(out, name.at, name.len);
		buf_printf(out, ".d/50-breakwater.conf\n%s\n", section_of(walk.unit));
		put_binds(out, walk);
		put_clients(out, walk);
	}
	buf_free(&name);
}

static bool is_first_of_unit(const struct policy *policy, size_t i)
{
	const char *unit = unit_of(&policy->entries[i]);
	for (size_t j = 0; j < i; j++) {
		const char *other = unit_of(&policy->entries[j]);
		if (other != NULL && strcmp(other, unit) == 0)
			return false;
	}
	return true;
}

void policy_systemd(const struct policy *policy, int64_t now_us, struct buf *out)
{
	buf_text(out, head);
	for (size_t i = 0; i < policy->count; i++) {
		const char *unit = unit_of(&policy->entries[i]);
		if (unit != NULL && is_first_of_unit(policy, i))
			put_unit(out, (struct unit_walk){ policy, unit, now_us, 0 });
	}
}
