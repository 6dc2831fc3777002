/*
 * approval.c: entries of the register as records, for whoever keeps which of them were
 * in force when.
 *
 * An entry is known by what it allows: ports, transport, namespace, addresses and
 * program.  Who answers for it, why, for how long and for which clients may change, and
 * it is still the same one; what allows another socket to be opened is another, and has
 * to be approved anew.
 */
#include <stdlib.h>
#include <string.h>

#include "policy/entry.h"
#include "record/digest.h"

enum { ID_LEN = 16 }; /* 64 bits: of 4096 entries no two meet by chance */

static const char *const scope_names[] = {
	[SCOPE_OWN] = "own", [SCOPE_OTHER] = "other", [SCOPE_ANY] = "any"
};

/* ---- what it is known by ---- */

static int by_prefix(const void *left, const void *right)
{
	const struct prefix *a = left, *b = right;
	int order = memcmp(&a->addr, &b->addr, sizeof(a->addr));
	return order != 0 ? order : a->len - b->len;
}

/* In whatever order they are listed.  False without memory. */
static bool add_addresses(struct buf *out, const struct prefixes *list)
{
	struct prefix *sorted = calloc(list->count + 1, sizeof(*sorted));
	if (sorted == NULL)
		return false;
	for (size_t i = 0; i < list->count; i++)
		sorted[i] = list->at[i];
	qsort(sorted, list->count, sizeof(*sorted), by_prefix);
	for (size_t i = 0; i < list->count && !list->any; i++) {
		prefix_say(out, &sorted[i]);
		buf_char(out, ',');
	}
	free(sorted);
	return true;
}

bool entry_identify(struct entry *entry)
{
	struct buf text = { 0 };
	field_text64 digest;
	entry_say_port(&text, entry);
	buf_printf(&text, " %s ", scope_names[entry->scope]);
	bool good = add_addresses(&text, &entry->addresses);
	for (unsigned i = 0; i < PROGRAM_TEXTS; i++) {
		buf_char(&text, '\n');
		buf_text(&text, entry->texts[i] != NULL ? entry->texts[i] : "");
	}
	good = good && buf_ok(&text);
	if (good) {
		digest_text("", text.at, text.len, digest);
		digest[ID_LEN] = '\0';
		record_text(entry->id, sizeof(entry->id), digest);
	}
	buf_free(&text);
	return good;
}

/* ---- the record ---- */

/* "10.0.0.0/8,192.0.2.1"; what does not fit is counted. */
static void list_text(char *out, size_t size, const struct prefixes *list,
		      const char *nothing)
{
	enum { REST_MAX = 24 }; /* " and 1023 more" */
	struct buf text = { 0 };
	size_t told = 0;
	if (list->any || list->count == 0)
		buf_text(&text, list->any ? "any" : nothing);
	while (!list->any && told < list->count) {
		struct buf one = { 0 };
		prefix_say(&one, &list->at[told]);
		bool fits = text.len + one.len + REST_MAX < size;
		if (fits) {
			buf_text(&text, told > 0 ? "," : "");
			buf_add(&text, one.at, one.len);
		}
		buf_free(&one);
		if (!fits)
			break;
		told++;
	}
	if (!list->any && told < list->count)
		buf_printf(&text, " and %zu more", list->count - told);
	record_text(out, size, buf_cstr(&text) != NULL ? text.at : "");
	buf_free(&text);
}

static const char *text_of(const struct entry *entry, enum entry_text text)
{
	return entry->texts[text] != NULL ? entry->texts[text] : "";
}

/*
 * "443/tcp on 192.0.2.1 to /usr/sbin/nginx nginx.service, owner web team": all that two
 * entries may differ in, as it names what an alert is about.
 */
static void say_target(const struct entry *entry, char *out, size_t size)
{
	enum { ADDRESSES_MAX = 64 };
	char addresses[ADDRESSES_MAX];
	struct buf text = { 0 };
	bool has_program = false;
	entry_say_port(&text, entry);
	list_text(addresses, sizeof(addresses), &entry->addresses, "none");
	if (!entry->addresses.any)
		buf_printf(&text, " on %s", addresses);
	if (entry->scope != SCOPE_OWN)
		buf_printf(&text, " in %s namespace", scope_names[entry->scope]);
	for (unsigned i = 0; i < PROGRAM_TEXTS; i++) {
		if (entry->texts[i] == NULL)
			continue;
		buf_printf(&text, "%s %s", has_program ? "" : " to", entry->texts[i]);
		has_program = true;
	}
	buf_printf(&text, ", owner %s",
		   text_of(entry, TEXT_OWNER)[0] != '\0' ? text_of(entry, TEXT_OWNER)
							 : "not said");
	record_text(out, size, buf_cstr(&text) != NULL ? text.at : "");
	buf_free(&text);
}

static void make_record(const struct entry *entry, struct approval_record *out)
{
	record_init(RECORD_approval, out);
	record_text(out->id, sizeof(out->id), entry->id);
	say_target(entry, out->target, sizeof(out->target));
	out->transport = transport_names[entry->transport];
	out->port = entry->first;
	out->port_last = entry->last;
	out->namespace = scope_names[entry->scope];
	list_text(out->addresses, sizeof(out->addresses), &entry->addresses, "none");
	list_text(out->clients, sizeof(out->clients), &entry->clients, "none");
	record_text(out->exe, sizeof(out->exe), text_of(entry, TEXT_EXE));
	record_text(out->unit, sizeof(out->unit), text_of(entry, TEXT_UNIT));
	record_text(out->package, sizeof(out->package), text_of(entry, TEXT_PACKAGE));
	record_text(out->user, sizeof(out->user), text_of(entry, TEXT_USER));
	record_text(out->protocol, sizeof(out->protocol),
		    text_of(entry, TEXT_PROTOCOL));
	record_text(out->owner, sizeof(out->owner), text_of(entry, TEXT_OWNER));
	record_text(out->reason, sizeof(out->reason), text_of(entry, TEXT_REASON));
	record_text(out->approver, sizeof(out->approver),
		    text_of(entry, TEXT_APPROVER));
	if (entry->expires_us != EXPIRES_NEVER)
		out->expires = entry->expires_us;
	out->review = entry->review_us;
}

void policy_each_approval(const struct policy *policy,
			  void (*take)(void *to,
				       const struct approval_record *approval),
			  void *to)
{
	struct approval_record record;
	for (size_t i = 0; policy != NULL && i < policy->count; i++) {
		make_record(&policy->entries[i], &record);
		take(to, &record);
	}
}
