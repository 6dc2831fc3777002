/*
 * shared.c: see shared.h.
 */
#include "fleet/shared.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/words.h"

#define SECOND_US 1000000LL
enum { LINE_MAX = 2048 };

bool shared_is_automatic(const struct shared_entry *entry)
{
	return strcmp(entry->by, "breakwater") == 0;
}

/* ---- as a text ---- */

static const char *text_of(const json_t *line, const char *name)
{
	const char *text = json_string_value(json_object_get(line, name));
	return text != NULL ? text : "";
}

static const char *word_of(const json_t *line, const char *name,
			   const char *const *allowed)
{
	const char *text = text_of(line, name);
	for (size_t i = 0; allowed[i] != NULL; i++)
		if (strcmp(text, allowed[i]) == 0)
			return allowed[i];
	return NULL;
}

static bool take_line(const json_t *line, struct shared_entry *out)
{
	static const char *const proofs[] = { "handshake", "dialogue", NULL };
	*out = (struct shared_entry){
		.kind = word_of(line, "kind", words_finding_kinds),
		.severity = word_of(line, "severity", severity_names),
		.proof = word_of(line, "proof", proofs),
		.seen_us = json_integer_value(json_object_get(line, "seen_us")),
		.until_us = json_integer_value(json_object_get(line, "until_us")),
	};
	record_text(out->finding, sizeof(out->finding), text_of(line, "finding"));
	record_text(out->sensor, sizeof(out->sensor), text_of(line, "sensor"));
	record_text(out->by, sizeof(out->by), text_of(line, "by"));
	record_text(out->why, sizeof(out->why), text_of(line, "why"));
	int64_t lasts_us = out->until_us - out->seen_us;
	bool is_whole = out->kind != NULL && out->proof != NULL;
	return (is_whole || !shared_is_automatic(out)) && out->severity != NULL &&
	       addr_parse(text_of(line, "address"), &out->address) &&
	       out->seen_us > 0 && lasts_us > 0 &&
	       lasts_us <= 2 * SHARED_LONGEST_S * SECOND_US;
}

size_t shared_read(const char *text, size_t len, struct shared_list *out)
{
	size_t wrong = 0;
	out->count = 0;
	while (len > 0) {
		const char *end = memchr(text, '\n', len);
		size_t part = end != NULL ? (size_t)(end - text) : len;
		json_t *line =
			part <= LINE_MAX ? json_loadb(text, part, 0, NULL) : NULL;
		bool is_good = out->count < SHARED_MAX &&
			       take_line(line, &out->at[out->count]);
		out->count += is_good;
		wrong += !is_good;
		json_decref(line);
		text += part + (end != NULL);
		len -= part + (end != NULL);
	}
	return wrong;
}

static void put_text(struct buf *out, const char *name, const char *text)
{
	buf_printf(out, ",\"%s\":\"", name);
	buf_json_text(out, text);
	buf_char(out, '"');
}

void shared_write(const struct shared_list *list, struct buf *out)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct shared_entry *entry = &list->at[i];
		char address[ADDR_TEXT_MAX];
		addr_text(&entry->address, address);
		buf_printf(out,
			   "{\"address\":\"%s\",\"kind\":\"%s\",\"severity\":\"%s\","
			   "\"proof\":\"%s\"",
			   address, entry->kind != NULL ? entry->kind : "",
			   entry->severity, entry->proof != NULL ? entry->proof : "");
		put_text(out, "finding", entry->finding);
		put_text(out, "sensor", entry->sensor);
		put_text(out, "by", entry->by);
		put_text(out, "why", entry->why);
		buf_printf(out, ",\"seen_us\":%lld,\"until_us\":%lld}\n",
			   (long long)entry->seen_us, (long long)entry->until_us);
	}
}

/* ---- the list ---- */

/* Who shares much by himself leaves room for others. */
static bool has_share(const struct shared_list *list, const struct shared_entry *entry)
{
	size_t count = 0;
	for (size_t i = 0; i < list->count; i++)
		count += shared_is_automatic(&list->at[i]) &&
			 strcmp(list->at[i].sensor, entry->sensor) == 0;
	return !shared_is_automatic(entry) || count < SHARED_OF_SENSOR_MAX;
}

enum shared_added shared_add(struct shared_list *list, const struct shared_entry *entry,
			     int64_t now_us)
{
	int64_t most_us = now_us + SHARED_LONGEST_S * SECOND_US;
	struct shared_entry *into = NULL;
	for (size_t i = 0; i < list->count && into == NULL; i++)
		if (addr_equal(&list->at[i].address, &entry->address))
			into = &list->at[i];
	if (into == NULL && list->count == SHARED_MAX)
		return SHARED_FULL;
	if (into == NULL && !has_share(list, entry))
		return SHARED_SENSOR_FULL;
	/* A person's word stands, whatever a sensor goes on saying. */
	if (into != NULL && shared_is_automatic(entry) &&
	    (!shared_is_automatic(into) || entry->until_us <= into->until_us))
		return SHARED_KNOWN;
	if (into == NULL)
		into = &list->at[list->count++];
	*into = *entry;
	into->until_us = entry->until_us < most_us ? entry->until_us : most_us;
	return SHARED_TAKEN;
}

static void drop(struct shared_list *list, size_t i)
{
	memmove(&list->at[i], &list->at[i + 1],
		(list->count - i - 1) * sizeof(list->at[0]));
	list->count--;
}

bool shared_remove(struct shared_list *list, const char *what)
{
	struct addr address;
	bool is_address = addr_parse(what, &address);
	if (is_address)
		address = addr_source(&address);
	for (size_t i = 0; i < list->count; i++) {
		const struct shared_entry *entry = &list->at[i];
		if (is_address ? !addr_equal(&entry->address, &address)
			       : strcmp(entry->finding, what) != 0)
			continue;
		drop(list, i);
		return true;
	}
	return false;
}

bool shared_remove_sensor(struct shared_list *list, const char *sensor)
{
	size_t before = list->count;
	for (size_t i = list->count; i > 0; i--) {
		const struct shared_entry *entry = &list->at[i - 1];
		if (shared_is_automatic(entry) && strcmp(entry->sensor, sensor) == 0)
			drop(list, i - 1);
	}
	return list->count < before;
}

bool shared_expire(struct shared_list *list, int64_t now_us)
{
	size_t before = list->count;
	for (size_t i = list->count; i > 0; i--)
		if (list->at[i - 1].until_us <= now_us)
			drop(list, i - 1);
	return list->count < before;
}

/* ---- of findings ---- */

/* Attacks that go on with the next host. */
static const char *const shared_kinds[] = {
	"port_scan",        "host_sweep",     "distributed_scan",
	"brute_force",      "password_spray", "login_after_failures",
	"connection_flood", "trap_hit",       NULL
};

bool shared_of_finding(const struct finding_record *finding, int64_t now_us,
		       struct shared_entry *out)
{
	bool is_proven =
		finding->proof != NULL && (strcmp(finding->proof, "handshake") == 0 ||
					   strcmp(finding->proof, "dialogue") == 0);
	bool is_over = finding->state != NULL && strcmp(finding->state, "closed") == 0;
	const struct addr *client = &finding->client_ip;
	if (!is_proven || is_over || !words_hold(shared_kinds, finding->kind) ||
	    record_severity(finding->severity) < SEVERITY_HIGH ||
	    addr_is_unset(client) || addr_is_private(client) ||
	    addr_is_loopback(client) || addr_is_group(client) ||
	    addr_is_unspecified(client))
		return false;
	*out = (struct shared_entry){
		.address = addr_source(client),
		.kind = finding->kind,
		.severity = finding->severity,
		.proof = finding->proof,
		.by = "breakwater",
		.seen_us = now_us,
		.until_us = now_us + SHARED_USUAL_S * SECOND_US,
	};
	memcpy(out->finding, finding->id, sizeof(out->finding));
	memcpy(out->sensor, finding->sensor, sizeof(out->sensor));
	memcpy(out->why, finding->summary, sizeof(out->why));
	return true;
}

bool shared_wait(struct shared_waiting *waiting, const struct shared_entry *entry)
{
	size_t same = 0;
	for (size_t i = 0; i < waiting->count; i++)
		same += strcmp(waiting->at[i].sensor, entry->sensor) == 0;
	if (waiting->count == SHARED_WAITING_MAX || same == SHARED_WAITING_OF_SENSOR)
		return false;
	waiting->at[waiting->count++] = *entry;
	return true;
}
