/*
 * parse.c: YAML events into a register, by the table of keys.
 *
 * Every function that takes a value starts on its first event and stops on its last,
 * right or wrong, so that one reading shows all errors at once.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/when.h"
#include "base/yaml.h"
#include "policy/entry.h"

enum {
	SIGNS_MAX = 1 << 18, /* of []{},:? in a file: a full register has 100,000 */
	DAY_LEN = 10,        /* of "2027-01-31" */
};

#define DAY_US (86400LL * 1000000)

struct reader {
	struct yaml *yaml;
	struct policy *policy;
	bool out_of_memory;
};

enum { LIST_ADDRESS, LIST_CLIENTS };

struct key {
	const char *name, *allowed;
	/* Takes the value at the event; false: it is not allowed. */
	bool (*take)(struct reader *reader, struct entry *entry, unsigned text);
	unsigned text;  /* enum entry_text, or which list */
	size_t len_max; /* of the text; 0: take says */
	bool is_required;
};

static bool take_port_number(const char **s, uint16_t *port)
{
	unsigned value = 0;
	const char *begin = *s;
	while (isdigit((unsigned char)**s) && *s - begin < 5)
		value = value * 10 + (unsigned)(*(*s)++ - '0');
	*port = (uint16_t)value;
	return *s > begin && value >= 1 && value <= UINT16_MAX;
}

static bool take_port(struct reader *reader, struct entry *entry, unsigned text)
{
	(void)text;
	const char *s = yaml_event(reader->yaml)->text;
	if (!take_port_number(&s, &entry->first))
		return false;
	entry->last = entry->first;
	if (*s == '-') {
		s++;
		if (!take_port_number(&s, &entry->last))
			return false;
	}
	return *s == '\0' && entry->first <= entry->last;
}

static bool take_transport(struct reader *reader, struct entry *entry, unsigned text)
{
	(void)text;
	entry->transport = transport_of(yaml_event(reader->yaml)->text);
	return entry->transport != TRANSPORTS;
}

static bool take_scope(struct reader *reader, struct entry *entry, unsigned text)
{
	(void)text;
	static const char *const names[] = { "own", "other", "any" };
	for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		entry->scope = (enum scope)i;
		if (strcmp(names[i], yaml_event(reader->yaml)->text) == 0)
			return true;
	}
	return false;
}

static bool is_control(const char *s)
{
	unsigned char c = (unsigned char)s[0];
	return c < 0x20 || c == 0x7f || (c == 0xc2 && (unsigned char)s[1] < 0xa0);
}

/* Line breaks of a block become blanks; false if another control character is there. */
static bool to_one_line(char *text)
{
	for (char *s = text; *s != '\0'; s++) {
		if (*s == '\n' || *s == '\t')
			*s = ' ';
		if (is_control(s))
			return false;
	}
	size_t len = strlen(text);
	while (len > 0 && text[len - 1] == ' ')
		text[--len] = '\0';
	return true;
}

static bool take_text(struct reader *reader, struct entry *entry, unsigned text)
{
	const struct yaml_event *event = yaml_event(reader->yaml);
	char *copy = strdup(event->is_null ? "" : event->text);
	reader->out_of_memory |= copy == NULL;
	free(entry->texts[text]);
	entry->texts[text] = copy;
	return copy != NULL && to_one_line(copy);
}

/* Of a program or protocol: something, without breaks. */
static bool take_word(struct reader *reader, struct entry *entry, unsigned text)
{
	const char *value = yaml_event(reader->yaml)->text;
	if (value[0] == '\0' || strpbrk(value, "\n\t") != NULL)
		return false;
	return take_text(reader, entry, text);
}

static bool take_path(struct reader *reader, struct entry *entry, unsigned text)
{
	return yaml_event(reader->yaml)->text[0] == '/' &&
	       take_word(reader, entry, text);
}

/* A day lasts to its end, in UTC. */
static bool take_end(const struct reader *reader, int64_t *at_us)
{
	const char *value = yaml_event(reader->yaml)->text;
	size_t len = strlen(value);
	if (len < DAY_LEN || value[4] != '-' || !time_parse(value, at_us))
		return false;
	if (len == DAY_LEN)
		*at_us += DAY_US;
	return true;
}

static bool take_expires(struct reader *reader, struct entry *entry, unsigned text)
{
	(void)text;
	return take_end(reader, &entry->expires_us);
}

static bool take_review(struct reader *reader, struct entry *entry, unsigned text)
{
	(void)text;
	return take_end(reader, &entry->review_us);
}

/* What a word in a list of addresses stands for. */
static const struct {
	const char *word;
	const char *prefixes[6];
} networks[] = {
	{ "loopback", { "127.0.0.0/8", "::1" } },
	/* RFC 1918, RFC 3927, RFC 4193, RFC 4291 2.5.6 */
	{ "private",
	  { "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16",
	    "fc00::/7", "fe80::/10" } },
};

static bool add_prefix(struct prefixes *list, const char *text)
{
	struct prefix prefix;
	return prefix_parse(text, &prefix) && prefixes_add(list, &prefix);
}

static bool add_network(struct prefixes *list, const char *text)
{
	for (unsigned i = 0; i < sizeof(networks) / sizeof(networks[0]); i++) {
		if (strcmp(networks[i].word, text) != 0)
			continue;
		for (unsigned j = 0; j < 6 && networks[i].prefixes[j] != NULL; j++)
			if (!add_prefix(list, networks[i].prefixes[j]))
				return false;
		return true;
	}
	return add_prefix(list, text);
}

static void refuse(struct reader *reader, const struct key *key)
{
	const struct yaml_event *event = yaml_event(reader->yaml);
	struct buf *out = yaml_error(reader->yaml, event->line, event->column);
	buf_printf(out, "%s can't be ", key->name);
	yaml_say_found(out, event);
	buf_text(out, "; allowed is ");
	buf_printf(out, key->len_max > 0 ? "%s, at most %zu bytes\n" : "%s\n",
		   key->allowed, key->len_max);
	yaml_skip(reader->yaml);
}

static bool is_readable(const struct yaml_event *event)
{
	return event->kind == YAML_SCALAR && !event->is_null && !event->is_broken;
}

/* Keys without a function of their own are the two lists. */
static struct prefixes *prefixes_of(const struct key *key, struct entry *entry)
{
	return key->text == LIST_ADDRESS ? &entry->addresses : &entry->clients;
}

static void take_prefixes(struct reader *reader, const struct key *key,
			  struct entry *entry)
{
	const struct yaml_event *event = yaml_event(reader->yaml);
	struct prefixes *list = prefixes_of(key, entry);
	if (event->kind != YAML_LIST) {
		list->any = is_readable(event) && strcmp(event->text, "any") == 0;
		if (!list->any &&
		    (!is_readable(event) || !add_network(list, event->text)))
			refuse(reader, key);
		return;
	}
	size_t line = event->line, column = event->column;
	while (yaml_next(reader->yaml)->kind != YAML_LIST_END &&
	       event->kind != YAML_END) {
		if (yaml_refuse_indirection(reader->yaml))
			continue;
		if (!is_readable(event) || !add_network(list, event->text))
			refuse(reader, key);
	}
	/* Nobody may connect is a rule; nowhere to listen is a mistake. */
	if (list == &entry->addresses && list->count == 0)
		buf_printf(yaml_error(reader->yaml, line, column),
			   "%s can't be an empty list; allowed is %s\n", key->name,
			   key->allowed);
}

#define TEXT_ALLOWED "a text"
#define LIST_ALLOWED                                                                   \
	"any, loopback, private, an address, a CIDR or a list of these, any alone"
static const struct key keys[] = {
	{ "port", "a number from 1 to 65535 or a range such as 8000-8010", take_port, 0,
	  0, true },
	{ "transport", "tcp, udp or sctp", take_transport, 0, 0, true },
	{ "address", LIST_ALLOWED, NULL, LIST_ADDRESS, 0, false },
	{ "namespace", "own, other or any", take_scope, 0, 0, false },
	{ "exe", "the full path of a program, * for any part of a name", take_path,
	  TEXT_EXE, 255, false },
	{ "unit", "a systemd unit such as nginx.service, * for any part", take_word,
	  TEXT_UNIT, 63, false },
	{ "package", "the name of a package, * for any part", take_word, TEXT_PACKAGE,
	  63, false },
	{ "user", "a user's name, * for any part", take_word, TEXT_USER, 31, false },
	{ "protocol", "the name of a protocol such as ssh", take_word, TEXT_PROTOCOL,
	  31, false },
	{ "clients", LIST_ALLOWED, NULL, LIST_CLIENTS, 0, false },
	{ "owner", TEXT_ALLOWED, take_text, TEXT_OWNER, ENTRY_TEXT_MAX, false },
	{ "reason", TEXT_ALLOWED, take_text, TEXT_REASON, ENTRY_TEXT_MAX, false },
	{ "approver", TEXT_ALLOWED, take_text, TEXT_APPROVER, ENTRY_TEXT_MAX, false },
	{ "expires",
	  "a day such as 2027-01-31, valid to its end in UTC, or RFC 3339 such "
	  "as 2027-01-31T12:00:00Z",
	  take_expires, 0, 0, false },
	{ "review",
	  "a day such as 2027-01-31, to whose end in UTC there is time, or RFC 3339 "
	  "such as 2027-01-31T12:00:00Z",
	  take_review, 0, 0, false },
};
enum { KEY_COUNT = sizeof(keys) / sizeof(keys[0]) };
static const struct yaml_keys key_names = { keys, sizeof(keys[0]), KEY_COUNT };

static void take_value(struct reader *reader, const struct key *key,
		       struct entry *entry)
{
	const struct yaml_event *event = yaml_event(reader->yaml);
	if (yaml_refuse_indirection(reader->yaml))
		return;
	if (key->take == NULL) {
		take_prefixes(reader, key, entry);
		return;
	}
	bool may_be_null = key->take == take_text;
	bool good = event->kind == YAML_SCALAR && !event->is_broken &&
		    (may_be_null || !event->is_null) &&
		    (key->len_max == 0 || strlen(event->text) <= key->len_max);
	if (!good || !key->take(reader, entry, key->text))
		refuse(reader, key);
}

static void say_missing(struct reader *reader, const struct entry *entry,
			const size_t lines[static KEY_COUNT])
{
	for (size_t i = 0; i < KEY_COUNT; i++)
		if (keys[i].is_required && lines[i] == 0)
			buf_printf(yaml_error(reader->yaml, entry->line, entry->column),
				   "an entry without %s; allowed is %s\n", keys[i].name,
				   keys[i].allowed);
}

static void take_entry(struct reader *reader, struct entry *entry)
{
	const struct yaml_event *event = yaml_event(reader->yaml);
	size_t lines[KEY_COUNT] = { 0 };
	if (yaml_refuse_indirection(reader->yaml))
		return;
	if (event->kind != YAML_MAPPING) {
		struct buf *out = yaml_error(reader->yaml, event->line, event->column);
		buf_text(out, "an entry can't be ");
		yaml_say_found(out, event);
		buf_text(out, "; allowed are keys such as port: 22\n");
		yaml_skip(reader->yaml);
		return;
	}
	while (yaml_next(reader->yaml)->kind != YAML_MAPPING_END &&
	       event->kind != YAML_END) {
		size_t key = yaml_take_key(reader->yaml, &key_names, lines);
		yaml_next(reader->yaml);
		if (event->kind == YAML_END)
			return;
		if (key < KEY_COUNT)
			take_value(reader, &keys[key], entry);
		else
			yaml_skip(reader->yaml);
	}
	say_missing(reader, entry, lines);
	for (size_t i = 0; i < KEY_COUNT; i++)
		if (keys[i].take == NULL && lines[i] == 0)
			prefixes_of(&keys[i], entry)->any = true;
}

static struct entry *new_entry(struct reader *reader)
{
	struct policy *policy = reader->policy;
	if (policy->count == policy->size) {
		size_t size = policy->size == 0 ? 16 : policy->size * 2;
		struct entry *entries =
			realloc(policy->entries, size * sizeof(*entries));
		if (entries == NULL) {
			reader->out_of_memory = true;
			return NULL;
		}
		policy->entries = entries;
		policy->size = size;
	}
	const struct yaml_event *event = yaml_event(reader->yaml);
	struct entry *entry = &policy->entries[policy->count++];
	*entry = (struct entry){ .expires_us = EXPIRES_NEVER,
				 .review_us = UNKNOWN_TIME,
				 .line = event->line,
				 .column = event->column };
	return entry;
}

static void take_entries(struct reader *reader)
{
	const struct yaml_event *event = yaml_event(reader->yaml);
	if (yaml_refuse_indirection(reader->yaml))
		return;
	if (event->kind != YAML_LIST) {
		struct buf *out = yaml_error(reader->yaml, event->line, event->column);
		buf_text(out, "ports can't be ");
		yaml_say_found(out, event);
		buf_text(out, "; allowed is a list of entries, [] for none\n");
		yaml_skip(reader->yaml);
		return;
	}
	while (yaml_next(reader->yaml)->kind != YAML_LIST_END &&
	       event->kind != YAML_END) {
		struct entry *entry = NULL;
		if (reader->policy->count == ENTRIES_MAX)
			buf_printf(yaml_error(reader->yaml, event->line, event->column),
				   "too many entries; allowed are %d\n", ENTRIES_MAX);
		else
			entry = new_entry(reader);
		if (entry == NULL)
			return;
		take_entry(reader, entry);
	}
}

static void take_top(struct reader *reader)
{
	const struct yaml_event *event = yaml_event(reader->yaml);
	bool seen = false;
	size_t line = event->line, column = event->column;
	while (yaml_next(reader->yaml)->kind != YAML_MAPPING_END &&
	       event->kind != YAML_END) {
		bool good = event->kind == YAML_SCALAR && !event->is_marked &&
			    !event->is_broken && strcmp(event->text, "ports") == 0;
		if (!good || seen) {
			struct buf *out =
				yaml_error(reader->yaml, event->line, event->column);
			buf_text(out, good ? "a second key " : "unknown key ");
			yaml_say_found(out, event);
			buf_text(out, "; allowed is ports, once\n");
			return;
		}
		seen = true;
		yaml_next(reader->yaml);
		take_entries(reader);
		if (yaml_event(reader->yaml)->kind == YAML_END ||
		    yaml_failed(reader->yaml))
			return;
	}
	if (!seen)
		buf_text(yaml_error(reader->yaml, line, column),
			 "no key ports; allowed is ports: with a list of entries\n");
}

static void take_file(struct reader *reader)
{
	const struct yaml_event *event = yaml_next(reader->yaml);
	if (event->kind == YAML_DOCUMENT)
		event = yaml_next(reader->yaml);
	if (event->kind != YAML_MAPPING || event->is_marked) {
		if (yaml_failed(reader->yaml))
			return;
		size_t line = event->line > 0 ? event->line : 1;
		size_t column = event->column > 0 ? event->column : 1;
		buf_text(yaml_error(reader->yaml, line, column),
			 "not a register; allowed is the key ports: with a list of "
			 "entries\n");
		return;
	}
	take_top(reader);
	if (yaml_failed(reader->yaml) || yaml_next(reader->yaml)->kind == YAML_END)
		return;
	buf_text(yaml_error(reader->yaml, event->line, event->column),
		 "a second document; allowed is one in a file\n");
}

struct policy *policy_parse(const char *text, size_t len, const char *name,
			    struct buf *errors)
{
	struct reader reader = { .policy = calloc(1, sizeof(struct policy)) };
	bool failed = true;
	if (reader.policy != NULL) {
		reader.policy->name = strdup(name);
		reader.yaml = yaml_open(text, len, name, SIGNS_MAX, errors);
	}
	if (reader.yaml != NULL && reader.policy->name != NULL) {
		take_file(&reader);
		failed = yaml_failed(reader.yaml);
		if (!failed && !reader.out_of_memory)
			failed = !policy_index(reader.policy, errors);
	} else {
		reader.out_of_memory = true;
	}
	yaml_close(reader.yaml);
	if (reader.out_of_memory)
		buf_text(errors, "out of memory\n");
	if (!failed && !reader.out_of_memory)
		return reader.policy;
	policy_free(reader.policy);
	return NULL;
}

static void say_unreadable(struct buf *errors, const char *path, const char *why)
{
	buf_json_text(errors, path);
	buf_printf(errors, ":1:1: %s\n", why);
}

struct policy *policy_read(const char *path, struct buf *errors)
{
	struct policy *policy = NULL;
	struct buf text = { 0 };
	int error = file_read(path, ENTRY_FILE_MAX, &text);
	if (error == -EFBIG)
		say_unreadable(errors, path,
			       "longer than a register may be; allowed are 4 MiB");
	else if (error != 0)
		say_unreadable(errors, path, strerror(-error));
	else
		policy = policy_parse(text.at, text.len, path, errors);
	buf_free(&text);
	return policy;
}
