/*
 * book.c: incidents begin, grow and end; see incidents.h.
 *
 * Tables are searched one by one: alerts and findings are said at most once a second
 * each, and all rows together take some microseconds.
 */
#include "alert/book.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

/* What only grows is told again after so long. */
#define AGAIN_US (60 * BOOK_SECOND_US)

struct incident_book *incident_book_new(const struct incidents_sink *sink)
{
	struct incident_book *book = calloc(1, sizeof(*book));
	if (book != NULL)
		book->sink = *sink;
	return book;
}

void incident_book_free(struct incident_book *book)
{
	free(book);
}

/* Names are ours, or of the configuration: nobody chooses them to collide. */
uint64_t book_hash(const char *text)
{
	return hash_sum(text, strlen(text));
}

bool book_is_word(const char *word, const char *is)
{
	return word != NULL && strcmp(word, is) == 0;
}

static bool is_used(const struct entry *entry)
{
	return entry->record.id[0] != '\0';
}

bool entry_is_firing(const struct entry *entry)
{
	return is_used(entry) && book_is_word(entry->record.state, "firing");
}

bool entry_was_closed(const struct entry *entry)
{
	return is_used(entry) && !entry_is_firing(entry) &&
	       strcmp(entry->record.closed_by, INCIDENT_BY_ITSELF) != 0;
}

struct entry *book_entry(struct incident_book *book, const char *id)
{
	for (size_t i = 0; i < BOOK_INCIDENTS; i++)
		if (id[0] != '\0' && strcmp(book->entries[i].record.id, id) == 0)
			return &book->entries[i];
	return NULL;
}

void book_say(struct incident_book *book, struct entry *entry, int64_t now_us)
{
	entry->record.at = now_us;
	entry->said_us = now_us;
	entry->has_news = false;
	book->sink.incident(book->sink.self, &entry->record);
}

/* ---- timeline ---- */

struct timeline_record book_new_line(int64_t at_us, const char *kind,
				     const char *summary)
{
	struct timeline_record line;
	record_init(RECORD_timeline, &line);
	line.at = at_us;
	line.kind = kind;
	record_text(line.summary, sizeof(line.summary), summary);
	return line;
}

void book_line(struct incident_book *book, struct entry *entry,
	       const struct timeline_record *line)
{
	struct timeline_record told = *line;
	record_text(told.incident, sizeof(told.incident), entry->record.id);
	book->sink.timeline(book->sink.self, &told);
}

static void line_of(struct incident_book *book, struct entry *entry,
		    const struct about *about)
{
	field_text256 summary;
	book_line_summary(about->sensor, about->summary, summary);
	struct timeline_record line =
		about->is_open ? book_new_line(about->first_us, about->kind, summary)
			       : book_new_line(about->now_us, "resolved", summary);
	line.severity = about->severity;
	record_text(line.about, sizeof(line.about), about->id);
	book_line(book, entry, &line);
}

/* ---- members ---- */

struct member *book_member(struct incident_book *book, const char *sensor,
			   const char *id)
{
	uint64_t of = book_hash(sensor);
	for (size_t i = 0; i < BOOK_MEMBERS && id[0] != '\0'; i++)
		if (book->members[i].sensor == of &&
		    strcmp(book->members[i].id, id) == 0)
			return &book->members[i];
	return NULL;
}

static void forget_members(struct incident_book *book, const struct entry *entry)
{
	for (size_t i = 0; i < BOOK_MEMBERS; i++)
		if (book->members[i].entry == entry)
			book->members[i] = (struct member){ 0 };
}

/* Has it a member about that target, whether that is over or not? */
static bool has_target(const struct incident_book *book, const struct entry *entry,
		       uint64_t target)
{
	for (size_t i = 0; i < BOOK_MEMBERS; i++)
		if (book->members[i].entry == entry &&
		    book->members[i].target == target)
			return true;
	return false;
}

struct member *book_member_room(struct incident_book *book)
{
	struct member *over = NULL;
	for (size_t i = 0; i < BOOK_MEMBERS; i++) {
		struct member *member = &book->members[i];
		if (member->id[0] == '\0')
			return member;
		if (!member->is_open && over == NULL)
			over = member;
	}
	return over;
}

static void add_member(struct incident_book *book, struct entry *entry,
		       const struct about *about)
{
	uint64_t target = book_target(about->sensor, about->target);
	book_add_sensors(&entry->record, about->sensors);
	struct member *member = book_member_room(book);
	if (!has_target(book, entry, target))
		entry->record.targets++;
	if (strcmp(about->kind, "finding") == 0)
		entry->record.findings++;
	else
		entry->record.alerts++;
	if (member == NULL)
		return;
	*member = (struct member){ .sensor = book_hash(about->sensor),
				   .entry = entry,
				   .target = target,
				   .is_open = true };
	record_text(member->id, sizeof(member->id), about->id);
	entry->open++;
	entry->joined_us = about->now_us;
}

/* ---- begin and end ---- */

struct entry *book_room(struct incident_book *book)
{
	struct entry *oldest = NULL;
	for (size_t i = 0; i < BOOK_INCIDENTS; i++) {
		struct entry *entry = &book->entries[i];
		if (!is_used(entry))
			return entry;
		if (!entry_is_firing(entry) &&
		    (oldest == NULL || entry->record.end < oldest->record.end))
			oldest = entry;
	}
	if (oldest != NULL)
		forget_members(book, oldest);
	return oldest;
}

/* Of an attack that of its findings, unless one has it that a person closed. */
static void name_it(struct incident_book *book, struct incident_record *record,
		    const struct about *about)
{
	const uint64_t of[] = { book_hash(about->id), (uint64_t)about->now_us };
	if (about->attack[0] != '\0' && book_entry(book, about->attack) == NULL)
		record_text(record->id, sizeof(record->id), about->attack);
	else
		snprintf(record->id, sizeof(record->id), "%016llx",
			 (unsigned long long)hash_sum(of, sizeof(of)));
}

/*
 * What is said of the gravest member, of the first of them, is said of it all.  Of an
 * alert that is over, its last words are not.
 */
static void follow(struct entry *entry, const struct about *about)
{
	struct incident_record *record = &entry->record;
	bool is_alert = strcmp(about->kind, "alert") == 0;
	bool is_lead = strcmp(record->lead, about->id) == 0 &&
		       strcmp(entry->lead_sensor, about->sensor) == 0;
	if (!is_lead || (is_alert && !about->is_open))
		return;
	entry->has_news |= strcmp(record->summary, about->summary) != 0;
	record_text(record->summary, sizeof(record->summary), about->summary);
	record->value = about->value;
	record->limit = about->limit;
}

/* Whose the sentence is, and where that is. */
static void point_at(struct entry *entry, const struct about *about)
{
	struct incident_record *record = &entry->record;
	record_text(entry->lead_sensor, sizeof(entry->lead_sensor), about->sensor);
	record_text(record->lead, sizeof(record->lead), about->id);
	record_text(record->target, sizeof(record->target), about->target);
	record->server_ip = about->ip;
	record->port = about->port;
	record->transport = about->transport;
	record_text(record->service, sizeof(record->service), about->service);
	record_text(record->tags, sizeof(record->tags), about->tags);
}

static void keep_first(struct incident_record *record, const struct about *about)
{
	record_text(record->first_target, sizeof(record->first_target), about->target);
	record->first_ip = about->ip;
	record->first_port = about->port;
	record->first_transport = about->transport;
	record_text(record->first_sensor, sizeof(record->first_sensor), about->sensor);
}

static struct entry *begin(struct incident_book *book, const struct about *about)
{
	struct entry *entry = book_room(book);
	if (entry == NULL)
		return NULL;
	*entry = (struct entry){ .target = book_target(about->sensor, about->target),
				 .is_attack = about->attack[0] != '\0',
				 .attack = book_hash(about->attack) };
	struct incident_record *record = &entry->record;
	record_init(RECORD_incident, record);
	name_it(book, record, about);
	record->first = about->first_us;
	record->last = about->last_us;
	record->detected = about->now_us;
	record->state = "firing";
	record_text(record->rule, sizeof(record->rule), about->rule);
	record->client_ip = about->client;
	keep_first(record, about);
	point_at(entry, about);
	record->severity = about->severity;
	record->ahead = about->is_ahead;
	follow(entry, about);
	record->alerts = record->findings = record->targets = 0;
	record->notifications = 0;
	return entry;
}

void book_resolve(struct incident_book *book, struct entry *entry, const char *by,
		  const char *why, int64_t now_us)
{
	struct incident_record *record = &entry->record;
	record->state = "resolved";
	record->end = now_us;
	record_text(record->closed_by, sizeof(record->closed_by), by);
	record_text(record->close_reason, sizeof(record->close_reason), why);
	if (record->automatic == UNKNOWN_FLAG)
		record->automatic = record->acknowledged == UNKNOWN_TIME &&
				    strcmp(by, INCIDENT_BY_ITSELF) == 0;
	book_say(book, entry, now_us);
}

/* It is not over after all; what people said of it holds. */
static void open_again(struct entry *entry)
{
	struct incident_record *record = &entry->record;
	record->state = "firing";
	record->end = UNKNOWN_TIME;
	record->closed_by[0] = record->close_reason[0] = '\0';
	record->automatic = UNKNOWN_FLAG;
}

/* ---- what comes ---- */

static struct entry *add(struct incident_book *book, const struct about *about)
{
	struct entry *entry = book_join(book, about);
	bool is_new = entry == NULL;
	if (is_new)
		entry = begin(book, about);
	if (entry == NULL)
		return NULL;
	if (!entry_is_firing(entry))
		open_again(entry);
	add_member(book, entry, about);
	if (is_new)
		book_explain(book, entry);
	line_of(book, entry, about);
	if (about->attack[0] == '\0')
		book_gather(book, entry, about);
	return is_new ? book_fold(book, entry, about->now_us) : entry;
}

/* A change of what it is about: what is graver elsewhere has not come of it. */
static bool has_own_cause(const struct entry *entry)
{
	return entry->cause != CAUSE_NONE && entry->cause < CAUSE_MANY;
}

/* True if it is worth telling now. */
static bool grow(struct entry *entry, const struct about *about)
{
	struct incident_record *record = &entry->record;
	bool is_graver =
		record_severity(about->severity) > record_severity(record->severity);
	if (is_graver) {
		record->severity = about->severity;
		if (!has_own_cause(entry))
			point_at(entry, about);
	}
	if (about->last_us > record->last)
		record->last = about->last_us;
	follow(entry, about);
	entry->has_news |= book_add_sensors(record, about->sensors);
	return is_graver || about->now_us - entry->said_us >= AGAIN_US;
}

/* It was a part of another attack all the time, as is clear by now. */
static struct entry *settle(struct incident_book *book, struct member *member,
			    const struct about *about)
{
	struct entry *from = member->entry;
	struct entry *to = book_attack(book, about->attack, about->now_us);
	if (to != NULL && to != from && from->is_attack && entry_is_firing(from) &&
	    entry_is_firing(to))
		book_move(book, from, to, about->now_us);
	return member->entry;
}

static struct entry *again(struct incident_book *book, struct member *member,
			   const struct about *about)
{
	struct entry *entry = settle(book, member, about);
	bool was_closed = entry_was_closed(entry);
	bool is_news = !was_closed && grow(entry, about);
	if (member->is_open != about->is_open) {
		member->is_open = about->is_open;
		entry->open += about->is_open ? 1 : UINT32_MAX;
		line_of(book, entry, about);
		is_news = !was_closed;
		if (about->is_open && !entry_is_firing(entry) && !was_closed)
			open_again(entry);
	}
	if (entry->open == 0 && entry_is_firing(entry))
		book_resolve(book, entry, INCIDENT_BY_ITSELF, "all of it is over",
			     about->now_us);
	else if (is_news)
		book_say(book, entry, about->now_us);
	return entry;
}

/* The incident that it belongs to; NULL: none, as of what nobody could end again. */
static struct entry *consider(struct incident_book *book, const struct about *about)
{
	if (about->id[0] == '\0')
		return NULL;
	struct member *member = book_member(book, about->sensor, about->id);
	if (member != NULL)
		return again(book, member, about);
	if (!about->is_open)
		return NULL;
	struct entry *entry = add(book, about);
	if (entry == NULL)
		return NULL;
	grow(entry, about);
	book_say(book, entry, about->now_us);
	return entry;
}

/* A forecast, or the end of a certificate: known for days, and no sign of an outage. */
static bool is_ahead(const struct alert_record *alert)
{
	static const char end[] = "not_after";
	size_t len = strlen(alert->metric);
	bool is_end = len >= strlen(end) &&
		      strcmp(alert->metric + len - strlen(end), end) == 0;
	return is_end || (alert->kind != NULL && strcmp(alert->kind, "forecast") == 0);
}

void incident_book_alert(struct incident_book *book, struct alert_record *alert)
{
	struct entry *entry =
		consider(book, &(struct about){
				       .kind = "alert",
				       .id = alert->id,
				       .rule = alert->rule,
				       .target = alert->target,
				       .severity = alert->severity,
				       .summary = alert->summary,
				       .ip = alert->server_ip,
				       .client = addr_unset(),
				       .port = alert->port,
				       .transport = alert->transport,
				       .service = alert->service,
				       .tags = alert->tags,
				       .attack = "",
				       .sensor = alert->sensor,
				       .sensors = alert->sensor,
				       .first_us = alert->start,
				       .last_us = alert->at,
				       .now_us = alert->at,
				       .value = alert->value,
				       .limit = alert->limit,
				       .is_open = book_is_word(alert->state, "firing"),
				       .is_ahead = is_ahead(alert),
			       });
	record_text(alert->incident, sizeof(alert->incident),
		    entry != NULL ? entry->record.id : "");
}

/* Who or what a finding is about, in a word. */
static void target_of(const struct finding_record *f,
		      char out[static ADDR_TEXT_MAX + 16])
{
	const struct addr *addr =
		addr_is_unset(&f->server_ip) ? &f->client_ip : &f->server_ip;
	size_t len = addr_is_unset(addr) ? 0 : addr_text(addr, out);
	out[len] = '\0';
	if (f->port != UNKNOWN_U32)
		snprintf(out + len, 16, ":%u/%s", f->port,
			 f->transport != NULL ? f->transport : "tcp");
}

/* Of an attack in the incident of a service detect's stays: others may be in that. */
static bool name_incident(const struct entry *entry, struct finding_record *finding)
{
	if (entry == NULL || !entry->is_attack || finding->incident[0] == '\0' ||
	    strcmp(entry->record.id, finding->incident) == 0)
		return false;
	record_text(finding->incident, sizeof(finding->incident), entry->record.id);
	return true;
}

/* What a hub found itself is of the sensors that saw it; a sensor speaks for itself. */
static const char *seen_by(const struct finding_record *finding)
{
	bool is_hubs = strcmp(finding->sensor, SENSOR_HUB) == 0;
	return is_hubs && finding->sensors[0] != '\0' ? finding->sensors
						      : finding->sensor;
}

bool incident_book_finding(struct incident_book *book, struct finding_record *finding)
{
	char target[ADDR_TEXT_MAX + 16];
	bool is_member = book_member(book, finding->sensor, finding->id) != NULL;
	if (record_severity(finding->severity) < SEVERITY_LOW && !is_member)
		return false;
	target_of(finding, target);
	struct entry *entry =
		consider(book, &(struct about){
				       .kind = "finding",
				       .id = finding->id,
				       .rule = finding->kind,
				       .target = target,
				       .severity = finding->severity,
				       .summary = finding->summary,
				       .ip = finding->server_ip,
				       .client = finding->client_ip,
				       .port = finding->port,
				       .transport = finding->transport,
				       .service = "",
				       .tags = "",
				       .attack = finding->incident,
				       .sensor = finding->sensor,
				       .sensors = seen_by(finding),
				       .first_us = finding->first,
				       .last_us = finding->last,
				       .now_us = finding->at,
				       .value = NAN,
				       .limit = NAN,
				       .is_open = book_is_word(finding->state, "open"),
			       });
	return !is_member && name_incident(entry, finding);
}

void incident_book_suppressed(struct incident_book *book, const char *id,
			      const char *by, int64_t now_us)
{
	struct entry *entry = book_entry(book, id);
	if (entry == NULL || strcmp(entry->record.suppressed_by, by) == 0)
		return;
	record_text(entry->record.suppressed_by, sizeof(entry->record.suppressed_by),
		    by);
	book_say(book, entry, now_us);
}

static void note_message(struct incident_book *book, const char *id,
			 const struct notification_record *notification)
{
	struct entry *entry = book_entry(book, id);
	char text[sizeof(field_text256)];
	if (entry == NULL)
		return;
	bool is_sent = book_is_word(notification->state, "sent");
	if (is_sent) {
		entry->record.notifications++;
		entry->has_news = true;
	}
	snprintf(text, sizeof(text), "%s: %s%s%.120s", notification->sink,
		 is_sent ? "told" : "could not be told",
		 notification->error[0] != '\0' ? ": " : "", notification->error);
	struct timeline_record line =
		book_new_line(notification->at, "notification", text);
	book_line(book, entry, &line);
}

void incident_book_notification(struct incident_book *book,
				const struct notification_record *notification)
{
	field_text256 others;
	char *rest = others;
	if (book_is_word(notification->state, "failed"))
		return;
	note_message(book, notification->incident, notification);
	record_text(others, sizeof(others), notification->others);
	for (const char *id; (id = strsep(&rest, ",")) != NULL;)
		note_message(book, id, notification);
}

/* What ended while nobody looked, in the last run; and what grew. */
void incident_book_tick(struct incident_book *book, int64_t now_us)
{
	for (size_t i = 0; i < BOOK_INCIDENTS; i++) {
		struct entry *entry = &book->entries[i];
		if (entry_is_firing(entry) && entry->open == 0)
			book_resolve(book, entry, INCIDENT_BY_ITSELF,
				     "all of it is over", now_us);
		else if (is_used(entry) && entry->has_news &&
			 now_us - entry->said_us >= AGAIN_US)
			book_say(book, entry, now_us);
	}
}

void incident_book_flush(struct incident_book *book, int64_t now_us)
{
	for (size_t i = 0; i < BOOK_INCIDENTS; i++)
		if (is_used(&book->entries[i]) && book->entries[i].has_news)
			book_say(book, &book->entries[i], now_us);
}

/* ---- what is known ---- */

static int newer_first(const void *a, const void *b)
{
	const struct entry *x = *(const struct entry *const *)a,
			   *y = *(const struct entry *const *)b;
	if (entry_is_firing(x) != entry_is_firing(y))
		return entry_is_firing(x) ? -1 : 1;
	return (x->record.first < y->record.first) -
	       (x->record.first > y->record.first);
}

void incident_book_each(const struct incident_book *book,
			void (*take)(void *to, const struct incident_record *incident),
			void *to)
{
	const struct entry *sorted[BOOK_INCIDENTS];
	size_t count = 0;
	for (size_t i = 0; i < BOOK_INCIDENTS; i++)
		if (is_used(&book->entries[i]))
			sorted[count++] = &book->entries[i];
	qsort(sorted, count, sizeof(const struct entry *), newer_first);
	for (size_t i = 0; i < count; i++)
		take(to, &sorted[i]->record);
}
