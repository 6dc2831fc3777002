/*
 * notify_journal.c: incidents as entries of systemd's journal, each field of the
 * incident under its own name: journalctl BREAKWATER_SERVICE=ssh
 * BREAKWATER_STATE=firing.
 */
#include <ctype.h>
#include <string.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include "alert/notice.h"
#include "alert/syslog.h"

/* libsystemd takes it for success if there is no journal. */
#define JOURNAL_SOCKET "/run/systemd/journal/socket"
/* Of all entries about incidents, for ever. */
#define MESSAGE_ID "cf37d47fc65e43eebf1e662f5c1cd361"

enum { ENTRIES_MAX = 64 };

struct entry {
	struct buf at[ENTRIES_MAX];
	size_t count;
};

/* The field's name; its value is added to what is returned. */
static struct buf *begin_field(struct entry *entry, const char *prefix,
			       const char *name)
{
	struct buf *field = &entry->at[entry->count++];
	buf_text(field, prefix);
	for (; *name != '\0'; name++)
		buf_char(field, (char)toupper((unsigned char)*name));
	buf_char(field, '=');
	return field;
}

static void add_text(struct entry *entry, const char *name, const char *text)
{
	if (text[0] != '\0')
		escape_line(begin_field(entry, "BREAKWATER_", name), text);
}

static void add_fields(struct entry *entry, const struct incident_record *incident)
{
	const struct schema *schema = &schemas[RECORD_incident];
	struct buf value = { 0 };
	for (size_t i = 0; i < schema->field_count; i++) {
		const struct field *field = &schema->fields[i];
		bool is_id = strcmp(field->name, "id") == 0;
		buf_clear(&value);
		if (record_value(&value, field, incident) && buf_ok(&value))
			add_text(entry, is_id ? "incident" : field->name,
				 buf_cstr(&value));
	}
	buf_free(&value);
}

static void fill(struct entry *entry, const struct notice *notice,
		 const struct incident_record *incident)
{
	syslog_words(begin_field(entry, "", "message"), notice, incident);
	buf_text(begin_field(entry, "", "message_id"), MESSAGE_ID);
	buf_text(begin_field(entry, "", "syslog_identifier"), "breakwater");
	buf_u64(begin_field(entry, "", "priority"),
		(uint64_t)syslog_severity(incident));
	add_text(entry, "reason", notice->reason);
	add_text(entry, "key", notice->key);
	add_text(entry, "link", notice->link);
	add_fields(entry, incident);
}

/* 0 or -errno. */
static int put_entry(const struct entry *entry)
{
	struct iovec pieces[ENTRIES_MAX];
	for (size_t i = 0; i < entry->count; i++)
		pieces[i] = (struct iovec){ entry->at[i].at, entry->at[i].len };
	return sd_journal_sendv(pieces, (int)entry->count);
}

static enum notify_outcome send_notice(__attribute__((unused)) struct sink *sink,
				       const struct notice *notice, struct buf *error)
{
	int outcome = 0;
	if (access(JOURNAL_SOCKET, F_OK) != 0) {
		buf_text(error, "no journald listens at " JOURNAL_SOCKET);
		return NOTIFY_LATER;
	}
	for (size_t i = 0; i < notice->count && outcome == 0; i++) {
		struct entry entry = { 0 };
		fill(&entry, notice, &notice->incidents[i]);
		outcome = put_entry(&entry);
		for (size_t k = 0; k < entry.count; k++)
			buf_free(&entry.at[k]);
	}
	if (outcome != 0)
		buf_printf(error, "journald: %s", strerror(-outcome));
	return outcome == 0 ? NOTIFY_SENT : NOTIFY_LATER;
}

static bool check(const struct sink *sink, struct buf *message)
{
	const char *rest = strchr(sink->url, ':') + 1;
	if (rest[strspn(rest, "/")] == '\0')
		return true;
	buf_printf(message, "%s: journald: is allowed, nothing behind it", sink->url);
	return false;
}

const struct notifier notifier_journal = {
	.name = "journal",
	.schemes = "journald",
	.doc = "Entries of systemd's journal, with the incident's fields.",
	.check = check,
	.send = send_notice,
};
