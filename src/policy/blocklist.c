/*
 * blocklist.c: the table of one list, and what it is made of; see blocklist.h.
 */
#include "policy/blocklist.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "base/yaml.h"
#include "policy/blocklist_reader.h"

enum {
	ERRORS_MAX = 8,
	LINE_MAX_NUMBER = (1 << 24) - 1,
	NOTE_MAX = 96, /* bytes of a comment that are kept */
	TEXT_MAX = 2 * ADDR_TEXT_MAX + 8,
	PIECES_MAX = 254, /* networks that a range comes to, at most: 2 * 128 - 2 */
	BITS = 128,
	V4_BITS_BEFORE = 96,
};

/* A million of them is 24 MB. */
struct entry {
	struct addr addr;
	uint32_t note;     /* where in notes */
	uint32_t line_len; /* line << 8 | length of the prefix */
};

struct blocklist {
	char *name;
	struct entry *at;
	size_t count, size;
	char *notes; /* texts, each ended by a NUL; the first is "" */
	size_t notes_len, notes_size, last_note;
	size_t left_out;
	int64_t expires_us;
};

static uint8_t len_of(const struct entry *entry)
{
	return (uint8_t)entry->line_len;
}

/* ---- words ---- */

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

struct word word_trim(struct word word)
{
	while (word.len > 0 && is_space(word.at[0])) {
		word.at++;
		word.len--;
	}
	while (word.len > 0 && is_space(word.at[word.len - 1]))
		word.len--;
	return word;
}

struct word word_until(struct word *rest, const char *stops)
{
	struct word head = { rest->at, 0 };
	while (head.len < rest->len && (rest->at[head.len] == '\0' ||
					strchr(stops, rest->at[head.len]) == NULL))
		head.len++;
	size_t taken = head.len + (head.len < rest->len);
	rest->at += taken;
	rest->len -= taken;
	return head;
}

bool word_is(struct word word, const char *text)
{
	return word.len == strlen(text) && strncasecmp(word.at, text, word.len) == 0;
}

struct word list_line(struct blocklist_reader *reader, struct word *text)
{
	reader->line++;
	return word_trim(word_until(text, "\n"));
}

/* ---- what is wrong ---- */

struct buf *list_error(struct blocklist_reader *reader)
{
	if (reader->error_count++ >= ERRORS_MAX)
		return NULL;
	buf_json_text(reader->errors, reader->source->name);
	buf_printf(reader->errors, ":%zu: ", reader->line);
	return reader->errors;
}

void list_say_word(struct buf *out, struct word word)
{
	char text[TEXT_MAX];
	size_t len = word.len < sizeof(text) - 1 ? word.len : sizeof(text) - 1;
	memcpy(text, word.at, len);
	text[len] = '\0';
	yaml_say_shown(out, text);
}

static void say_full(struct blocklist_reader *reader)
{
	struct buf *out = reader->is_full ? NULL : list_error(reader);
	reader->is_full = true;
	if (out != NULL)
		buf_printf(out,
			   "more than %d entries in all lists; allowed are those\n",
			   BLOCKLIST_ENTRIES_MAX);
}

static void say_everybody(struct blocklist_reader *reader)
{
	struct buf *out = list_error(reader);
	if (out != NULL)
		buf_text(out, "a network of length 0 is everybody; allowed is 1 and "
			      "more\n");
}

/* ---- entries ---- */

/* Room for one more; the last step is to exactly as many as there may be. */
static bool grow(struct blocklist *list, size_t most)
{
	if (list->count < list->size)
		return true;
	size_t size = list->size == 0 ? 1024 : list->size * 2;
	if (size > most)
		size = most;
	struct entry *grown = realloc(list->at, size * sizeof(*grown));
	if (grown == NULL)
		return false;
	list->at = grown;
	list->size = size;
	return true;
}

/* Where its text is in notes; many entries in a row have the same.  Full: "". */
static uint32_t keep_note(struct blocklist *list, struct word note)
{
	size_t len = note.len < NOTE_MAX ? note.len : NOTE_MAX;
	const char *last = list->notes + list->last_note;
	if (len == 0)
		return 0;
	if (strlen(last) == len && memcmp(last, note.at, len) == 0)
		return (uint32_t)list->last_note;
	if (memchr(note.at, '\0', len) != NULL ||
	    list->notes_len + len + 1 > BLOCKLIST_NOTES_BYTES)
		return 0;
	if (list->notes_len + len + 1 > list->notes_size) {
		size_t size = list->notes_size * 2 + NOTE_MAX;
		char *grown = realloc(list->notes, size);
		if (grown == NULL)
			return 0;
		list->notes = grown;
		list->notes_size = size;
	}
	list->last_note = list->notes_len;
	memcpy(list->notes + list->notes_len, note.at, len);
	list->notes[list->notes_len + len] = '\0';
	list->notes_len += len + 1;
	return (uint32_t)list->last_note;
}

static void add(struct blocklist_reader *reader, const struct prefix *prefix,
		uint32_t note)
{
	struct blocklist *list = reader->list;
	bool is_everybody = prefix->len == 0 || (prefix->len == V4_BITS_BEFORE &&
						 addr_is_v4(&prefix->addr));
	size_t line = reader->line < LINE_MAX_NUMBER ? reader->line : LINE_MAX_NUMBER;
	if (is_everybody)
		say_everybody(reader);
	else if (list->count >= reader->source->entries_max ||
		 !grow(list, reader->source->entries_max))
		say_full(reader);
	else
		list->at[list->count++] =
			(struct entry){ prefix->addr, note,
					(uint32_t)line << 8 | prefix->len };
}

/* ---- ranges ---- */

static bool bit(const struct addr *addr, unsigned i)
{
	return (addr->ip6[i / 8] >> (7 - i % 8) & 1) != 0;
}

static struct addr last_of(const struct prefix *prefix)
{
	struct addr last = prefix->addr;
	unsigned byte = prefix->len / 8U;
	if (byte < sizeof(last.ip6))
		last.ip6[byte] |= (uint8_t)(0xff >> prefix->len % 8);
	for (byte++; byte < sizeof(last.ip6); byte++)
		last.ip6[byte] = 0xff;
	return last;
}

static int compare(const struct addr *a, const struct addr *b)
{
	return memcmp(a->ip6, b->ip6, sizeof(a->ip6));
}

/* The largest network that begins there and does not end after last. */
static struct prefix first_piece(const struct addr *first, const struct addr *last)
{
	struct prefix piece = { *first, BITS };
	while (piece.len > 1 && !bit(first, piece.len - 1U)) {
		struct prefix wider = { *first, (uint8_t)(piece.len - 1) };
		struct addr end = last_of(&wider);
		if (compare(&end, last) > 0)
			break;
		piece = wider;
	}
	return piece;
}

/* The address behind; false after the last of all. */
static bool next_of(struct addr *addr)
{
	for (size_t i = sizeof(addr->ip6); i-- > 0;)
		if (++addr->ip6[i] != 0)
			return true;
	return false;
}

static bool take_range(struct blocklist_reader *reader, const char *from,
		       const char *to, uint32_t note)
{
	struct addr first, last;
	if (!addr_parse(from, &first) || !addr_parse(to, &last) ||
	    addr_is_v4(&first) != addr_is_v4(&last) || compare(&first, &last) > 0)
		return false;
	for (int i = 0; i < PIECES_MAX && !reader->is_full; i++) {
		struct prefix piece = first_piece(&first, &last);
		add(reader, &piece, note);
		first = last_of(&piece);
		if (!next_of(&first) || compare(&first, &last) > 0)
			break;
	}
	return true;
}

bool list_take(struct blocklist_reader *reader, struct word what, struct word note)
{
	char from[TEXT_MAX], to[TEXT_MAX];
	struct prefix prefix;
	struct word rest = word_trim(what);
	bool is_range = memchr(rest.at, '-', rest.len) != NULL;
	struct word first = word_trim(word_until(&rest, "-"));
	struct word second = word_trim(rest);
	if (first.len == 0 || first.len >= TEXT_MAX || second.len >= TEXT_MAX ||
	    memchr(first.at, '\0', first.len) != NULL)
		return false;
	memcpy(from, first.at, first.len);
	from[first.len] = '\0';
	memcpy(to, second.at, second.len);
	to[second.len] = '\0';
	if (is_range)
		return take_range(reader, from, to, keep_note(reader->list, note));
	if (!prefix_parse(from, &prefix))
		return false;
	add(reader, &prefix, keep_note(reader->list, note));
	return true;
}

void list_leave_out(struct blocklist_reader *reader)
{
	reader->list->left_out++;
}

void list_note_expiry(struct blocklist_reader *reader, int64_t at_us)
{
	if (at_us < reader->list->expires_us)
		reader->list->expires_us = at_us;
}

static bool is_one_of(struct word name, const char *const *names)
{
	for (; *names != NULL; names++)
		if (word_is(name, *names))
			return true;
	return false;
}

bool list_is_address_name(struct word name)
{
	static const char *const names[] = {
		"ip",       "ip_address", "ipaddress", "ip_addr",   "address",
		"addr",     "cidr",       "network",   "netblock",  "range",
		"ip_range", "src_ip",     "srcip",     "source_ip", "dst_ip",
		"dstip",    "dest_ip",    "ipv4",      "ipv6",      "indicator",
		"ioc",      "ioc_value",  "value",     "host",      "start_ip",
		NULL
	};
	return is_one_of(name, names);
}

bool list_is_note_name(struct word name)
{
	static const char *const names[] = { "reason",      "comment", "description",
					     "malware",     "threat",  "category",
					     "threat_type", "tags",    "note",
					     "sblid",       "name",    NULL };
	return is_one_of(name, names);
}

/* ---- the whole of it ---- */

/* A wider one stands before those within it. */
static int by_place(const void *one, const void *other)
{
	const struct entry *a = one, *b = other;
	int order = compare(&a->addr, &b->addr);
	return order != 0 ? order : (int)len_of(a) - (int)len_of(b);
}

static struct prefix prefix_of(const struct entry *entry)
{
	return (struct prefix){ entry->addr, len_of(entry) };
}

static void drop_covered(struct blocklist *list)
{
	size_t kept = 0;
	for (size_t i = 0; i < list->count; i++) {
		struct prefix before;
		if (kept > 0)
			before = prefix_of(&list->at[kept - 1]);
		if (kept == 0 || !prefix_holds(&before, &list->at[i].addr))
			list->at[kept++] = list->at[i];
	}
	list->count = kept;
}

static struct blocklist *begin_list(const char *name)
{
	struct blocklist *list = calloc(1, sizeof(*list));
	if (list == NULL)
		return NULL;
	list->expires_us = INT64_MAX;
	list->name = strdup(name);
	list->notes = calloc(1, NOTE_MAX);
	list->notes_size = NOTE_MAX;
	list->notes_len = 1;
	if (list->name != NULL && list->notes != NULL)
		return list;
	blocklist_free(list);
	return NULL;
}

/* A byte order mark, as some editors write it, says nothing. */
static struct word begin_text(const char *text, size_t len)
{
	static const char mark[] = "\xef\xbb\xbf";
	struct word all = { text, len };
	if (len >= 3 && memcmp(text, mark, 3) == 0)
		all = (struct word){ text + 3, len - 3 };
	return all;
}

/* The first line that is no comment decides. */
static void read_as_told(struct blocklist_reader *reader, struct word text)
{
	struct word rest = text;
	struct blocklist_reader nobody = *reader;
	struct word line = { 0 };
	while (rest.len > 0 &&
	       (line.len == 0 || line.at[0] == '#' || line.at[0] == ';'))
		line = list_line(&nobody, &rest);
	if (line.len > 0 && line.at[0] == '{')
		list_json(reader, text);
	else if (line.len > 0 && memchr(line.at, ',', line.len) != NULL)
		list_csv(reader, text);
	else
		list_text(reader, text);
}

struct blocklist *blocklist_parse(const char *text, size_t len,
				  const struct blocklist_source *source,
				  struct buf *errors)
{
	struct blocklist_reader reader = { .source = source, .errors = errors };
	reader.list = begin_list(source->name);
	if (reader.list == NULL) {
		buf_text(errors, "not enough memory\n");
		return NULL;
	}
	read_as_told(&reader, begin_text(text, len));
	if (reader.error_count > ERRORS_MAX)
		buf_printf(errors, "%s: %u more\n", source->name,
			   reader.error_count - ERRORS_MAX);
	if (reader.error_count > 0) {
		blocklist_free(reader.list);
		return NULL;
	}
	struct blocklist *list = reader.list;
	if (list->count > 0)
		qsort(list->at, list->count, sizeof(*list->at), by_place);
	drop_covered(list);
	return list;
}

struct blocklist *blocklist_read(const struct blocklist_source *source,
				 struct buf *errors)
{
	struct buf text = { 0 };
	int error = file_read(source->name, BLOCKLIST_FILE_BYTES, &text);
	struct blocklist *list = NULL;
	if (error == 0)
		list = blocklist_parse(text.at, text.len, source, errors);
	else
		buf_printf(errors, "%s: %s\n", source->name,
			   error == -EFBIG ? "larger than 64 MiB" : strerror(-error));
	buf_free(&text);
	return list;
}

void blocklist_free(struct blocklist *list)
{
	if (list == NULL)
		return;
	free(list->name);
	free(list->at);
	free(list->notes);
	free(list);
}

/* ---- looking up ---- */

/* How many entries begin at that address or before. */
static size_t begun(const struct blocklist *list, const struct addr *addr)
{
	size_t low = 0, high = list->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (compare(&list->at[middle].addr, addr) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void fill_hit(const struct blocklist *list, const struct entry *entry,
		     struct blocklist_hit *hit)
{
	*hit = (struct blocklist_hit){ .list = list->name,
				       .note = list->notes + entry->note,
				       .entry = prefix_of(entry),
				       .line = entry->line_len >> 8 };
}

bool blocklist_find(const struct blocklist *list, const struct addr *addr,
		    struct blocklist_hit *hit)
{
	size_t count = begun(list, addr);
	if (count == 0)
		return false;
	const struct entry *entry = &list->at[count - 1];
	struct prefix prefix = prefix_of(entry);
	if (!prefix_holds(&prefix, addr))
		return false;
	fill_hit(list, entry, hit);
	return true;
}

bool blocklist_meets(const struct blocklist *list, const struct prefix *prefix,
		     struct blocklist_hit *hit)
{
	if (blocklist_find(list, &prefix->addr, hit))
		return true;
	size_t next = begun(list, &prefix->addr);
	if (next == list->count || !prefix_holds(prefix, &list->at[next].addr))
		return false;
	fill_hit(list, &list->at[next], hit);
	return true;
}

const char *blocklist_name(const struct blocklist *list)
{
	return list->name;
}

size_t blocklist_count(const struct blocklist *list)
{
	return list->count;
}

size_t blocklist_left_out(const struct blocklist *list)
{
	return list->left_out;
}

size_t blocklist_bytes(const struct blocklist *list)
{
	return list->size * sizeof(*list->at) + list->notes_size;
}

int64_t blocklist_expires_us(const struct blocklist *list)
{
	return list->expires_us;
}
