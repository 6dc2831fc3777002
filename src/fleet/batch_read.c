/*
 * batch_read.c: records out of batches; see batch.h, and batch_inside.h for the form.
 *
 * The bytes are a stranger's.  What its version has and ours has not is passed over;
 * what does not fit into a field of ours leaves it unknown.
 */
#include <endian.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/varint.h"
#include "fleet/batch_inside.h"
#include "fleet/batch_words.h"

struct wire_field {
	uint8_t form;
	const struct field *field; /* NULL: not one of ours */
};

struct wire_kind {
	int kind; /* enum record_kind; -1: none of ours */
	size_t count;
	uint8_t mask[BATCH_MASK_BYTES];
	struct wire_field fields[];
};

struct remembered {
	char text[BATCH_TEXT_SIZE];
	const char *word; /* the same, for fields of words; NULL: not asked for yet */
};

struct reader {
	struct bytes rest;
	const struct batch_head *head;
	struct wire_kind *kinds[BATCH_KINDS];
	size_t kinds_count;
	int64_t time_us;
	struct addr addrs[BATCH_ADDRS];
	struct remembered texts[BATCH_TEXTS];
	size_t addr_next, text_next;
	char *record;    /* of the largest kind */
	bool id_follows; /* from the rest of this one */
};

/* A value as it is in a row, before it is anybody's. */
struct value {
	enum batch_form form;
	uint64_t number;
	struct addr addr;
	const char *text; /* not ended */
	size_t len;
	struct remembered *remembered; /* NULL: it is not */
	bool follows;
};

/* ---- values ---- */

static void take_addr(struct reader *reader, struct value *value)
{
	uint64_t code = varint_take(&reader->rest);
	if (code >= ADDR_PLACES) {
		if (code - ADDR_PLACES >= BATCH_ADDRS)
			reader->rest.bad = true;
		else
			value->addr = reader->addrs[code - ADDR_PLACES];
		return;
	}
	struct bytes bytes = bytes_take(&reader->rest, code == ADDR_V4 ? 4 : 16);
	if (!bytes_ok(&bytes))
		return;
	value->addr = code == ADDR_V4 ? addr_v4(bytes.at) : addr_v6(bytes.at);
	reader->addrs[reader->addr_next] = value->addr;
	reader->addr_next = (reader->addr_next + 1) % BATCH_ADDRS;
}

static void remember(struct reader *reader, struct value *value)
{
	struct remembered *at = &reader->texts[reader->text_next];
	memcpy(at->text, value->text, value->len);
	at->text[value->len] = '\0';
	at->word = NULL;
	value->remembered = at;
	reader->text_next = (reader->text_next + 1) % BATCH_TEXTS;
}

static void take_text(struct reader *reader, struct value *value)
{
	uint64_t code = varint_take(&reader->rest);
	value->follows = code == TEXT_FOLLOWS;
	if (value->follows)
		return;
	if (code >= TEXT_PLACES) {
		if (code - TEXT_PLACES >= BATCH_TEXTS) {
			reader->rest.bad = true;
			return;
		}
		value->remembered = &reader->texts[code - TEXT_PLACES];
		value->text = value->remembered->text;
		value->len = strlen(value->text);
		return;
	}
	uint64_t len = varint_take(&reader->rest);
	struct bytes text = bytes_take(&reader->rest, len);
	if (!bytes_ok(&text) || (len > 0 && memchr(text.at, '\0', len) != NULL) ||
	    (code == TEXT_NEW && len >= BATCH_TEXT_SIZE)) {
		reader->rest.bad = true;
		return;
	}
	value->text = (const char *)text.at;
	value->len = len;
	if (code == TEXT_NEW)
		remember(reader, value);
}

static void take_time(struct reader *reader, struct value *value)
{
	int64_t apart = varint_unfold(varint_take(&reader->rest));
	reader->time_us = (int64_t)((uint64_t)reader->time_us + (uint64_t)apart);
	value->number = (uint64_t)reader->time_us;
}

static void take_value(struct reader *reader, enum batch_form form, struct value *value)
{
	*value = (struct value){ .form = form };
	switch (form) {
	case FORM_NUMBER:
	case FORM_REAL:
		value->number = varint_take(&reader->rest);
		break;
	case FORM_TIME:
		take_time(reader, value);
		break;
	case FORM_ADDR:
		take_addr(reader, value);
		break;
	case FORM_TEXT:
		take_text(reader, value);
		break;
	case FORM_BYTES: {
		struct bytes bytes =
			bytes_take(&reader->rest, varint_take(&reader->rest));
		value->text = (const char *)bytes.at;
		value->len = bytes.len;
		break;
	}
	case BATCH_FORMS:
		reader->rest.bad = true;
		break;
	}
}

/* ---- into fields ---- */

static void set_number(const struct value *value, enum field_type type, void *at)
{
	uint64_t number = value->number;
	if (value->form != FORM_NUMBER)
		return;
	if (type == TYPE_u64)
		*(field_u64 *)at = number;
	else if (type == TYPE_u32 && number < UNKNOWN_U32)
		*(field_u32 *)at = (field_u32)number;
	else if (type == TYPE_u16 && number < UNKNOWN_U16)
		*(field_u16 *)at = (field_u16)number;
	else if (type == TYPE_flag && number <= 1)
		*(field_flag *)at = (field_flag)number;
}

static void set_real(const struct value *value, void *at)
{
	double real;
	uint64_t bits = __builtin_bswap64(value->number);
	if (value->form == FORM_NUMBER)
		real = (double)value->number;
	else if (value->form == FORM_REAL)
		memcpy(&real, &bits, sizeof(real));
	else
		return;
	if (isfinite(real))
		*(field_real *)at = real;
}

/* Years of four digits, as everybody who shows or keeps them can. */
static void set_time(const struct value *value, void *at)
{
	static const int64_t first_us = INT64_C(-62135596800) * 1000000;
	static const int64_t last_us = INT64_C(253402300799) * 1000000 + 999999;
	int64_t at_us = (int64_t)value->number;
	if (value->form == FORM_TIME && at_us >= first_us && at_us <= last_us)
		*(field_time *)at = at_us;
}

static void set_word(struct reader *reader, const struct value *value, void *at)
{
	struct remembered *text = value->remembered;
	if (value->form != FORM_TEXT || text == NULL)
		return; /* no word is so long */
	if (text->word == NULL)
		text->word = batch_word(reader->head->id.sensor, text->text);
	*(field_word *)at = text->word;
}

static void set_text(const struct value *value, char *at, size_t size)
{
	if (value->form != FORM_TEXT || value->len == 0)
		return;
	size_t len = value->len < size ? value->len : size - 1;
	memcpy(at, value->text, len);
	memset(at + len, 0, size - len);
}

static void set_bytes(const struct value *value, field_bytes1536 *at)
{
	if (value->form != FORM_BYTES || value->len == 0 || value->len > sizeof(at->at))
		return;
	at->len = (uint16_t)value->len;
	memcpy(at->at, value->text, value->len);
}

static void set_field(struct reader *reader, const struct field *field,
		      const struct value *value)
{
	char *at = reader->record + field->offset;
	switch (field->type) {
	case TYPE_time:
		set_time(value, at);
		break;
	case TYPE_addr:
		if (value->form == FORM_ADDR)
			memcpy(at, &value->addr, sizeof(value->addr));
		break;
	case TYPE_u16:
	case TYPE_u32:
	case TYPE_u64:
	case TYPE_flag:
		set_number(value, field->type, at);
		break;
	case TYPE_ratio:
	case TYPE_real:
		set_real(value, at);
		break;
	case TYPE_word:
		set_word(reader, value, at);
		break;
	case TYPE_text32:
		set_text(value, at, sizeof(field_text32));
		break;
	case TYPE_text64:
		set_text(value, at, sizeof(field_text64));
		break;
	case TYPE_text256:
		set_text(value, at, sizeof(field_text256));
		break;
	case TYPE_bytes1536:
		set_bytes(value, (field_bytes1536 *)at);
		break;
	}
}

/* ---- rows ---- */

static bool take_name(struct bytes *from, char name[static BATCH_NAME_MAX])
{
	uint64_t len = varint_take(from);
	struct bytes text = bytes_take(from, len);
	if (!bytes_ok(&text) || len >= BATCH_NAME_MAX)
		return false;
	memcpy(name, text.at, len);
	name[len] = '\0';
	return true;
}

static bool take_fields(struct bytes *from, struct wire_kind *kind)
{
	char name[BATCH_NAME_MAX];
	for (size_t i = 0; i < kind->count; i++) {
		uint64_t form = varint_take(from);
		if (form >= BATCH_FORMS || !take_name(from, name))
			return false;
		kind->fields[i].form = (uint8_t)form;
		/* Who told it is the head's to say. */
		if (kind->kind >= 0 && strcmp(name, "sensor") != 0)
			kind->fields[i].field =
				record_field((enum record_kind)kind->kind, name);
	}
	return true;
}

static bool take_kind(struct reader *reader)
{
	char name[BATCH_NAME_MAX];
	if (reader->kinds_count == BATCH_KINDS || !take_name(&reader->rest, name))
		return false;
	uint64_t count = varint_take(&reader->rest);
	if (!bytes_ok(&reader->rest) || count > BATCH_FIELDS)
		return false;
	struct wire_kind *kind =
		calloc(1, sizeof(*kind) + count * sizeof(kind->fields[0]));
	if (kind == NULL)
		return false;
	const struct schema *schema = schema_by_name(name);
	kind->kind = schema == NULL ? -1 : (int)(schema - schemas);
	kind->count = count;
	reader->kinds[reader->kinds_count++] = kind;
	return take_fields(&reader->rest, kind);
}

/* The kind of the next row, with the fields that it has; NULL: there is none. */
static struct wire_kind *begin_row(struct reader *reader)
{
	uint64_t code = varint_take(&reader->rest);
	size_t place = code >> 1;
	if (place == reader->kinds_count && !take_kind(reader))
		return NULL;
	if (place >= reader->kinds_count)
		return NULL;
	struct wire_kind *kind = reader->kinds[place];
	if (!(code & 1))
		return kind;
	size_t len = (kind->count + 7) / 8;
	struct bytes mask = bytes_take(&reader->rest, len);
	if (!bytes_ok(&mask))
		return NULL;
	if (len > 0)
		memcpy(kind->mask, mask.at, len);
	return kind;
}

static bool take_row(struct reader *reader, struct wire_kind **kind)
{
	struct value value;
	*kind = begin_row(reader);
	if (*kind == NULL)
		return false;
	reader->id_follows = false;
	if ((*kind)->kind >= 0)
		record_init((enum record_kind)(*kind)->kind, reader->record);
	for (size_t i = 0; i < (*kind)->count; i++) {
		const struct wire_field *wire = &(*kind)->fields[i];
		if (!((*kind)->mask[i / 8] >> i % 8 & 1))
			continue;
		take_value(reader, (enum batch_form)wire->form, &value);
		if (!bytes_ok(&reader->rest))
			return false;
		if (wire->field != NULL)
			set_field(reader, wire->field, &value);
		reader->id_follows |= value.follows && wire->field != NULL;
	}
	if (reader->id_follows && (*kind)->kind == RECORD_flow)
		record_community_id((struct flow_record *)(void *)reader->record, 0);
	return true;
}

static void name_sensor(struct reader *reader, enum record_kind kind)
{
	const struct schema *schema = &schemas[kind];
	const struct field *last = &schema->fields[schema->field_count - 1];
	record_text(reader->record + last->offset, sizeof(field_text64),
		    reader->head->id.sensor);
}

static bool take_rows(struct reader *reader, batch_emit emit, void *to,
		      char error[static BATCH_ERROR_MAX])
{
	struct wire_kind *kind;
	for (uint32_t i = 0; i < reader->head->records; i++) {
		if (!take_row(reader, &kind)) {
			snprintf(error, BATCH_ERROR_MAX,
				 "record %u of %u is cut off or wrong", i + 1,
				 reader->head->records);
			return false;
		}
		if (kind->kind < 0)
			continue;
		name_sensor(reader, (enum record_kind)kind->kind);
		if (!emit(to, (enum record_kind)kind->kind, reader->record))
			return true;
	}
	if (reader->rest.len > 0)
		snprintf(error, BATCH_ERROR_MAX,
			 "there are %zu bytes behind its %u records", reader->rest.len,
			 reader->head->records);
	return reader->rest.len == 0;
}

static size_t largest_record(void)
{
	size_t most = 0;
	for (int kind = 0; kind < RECORD_KINDS; kind++)
		if (schemas[kind].size > most)
			most = schemas[kind].size;
	return most;
}

bool batch_read_rows(struct bytes rows, const struct batch_head *head, batch_emit emit,
		     void *to, char error[static BATCH_ERROR_MAX])
{
	struct reader *reader = calloc(1, sizeof(*reader));
	char *record = malloc(largest_record());
	bool read = false;
	if (reader == NULL || record == NULL) {
		snprintf(error, BATCH_ERROR_MAX, "not enough memory");
		errno = ENOMEM;
	} else {
		reader->rest = rows;
		reader->head = head;
		reader->record = record;
		read = take_rows(reader, emit, to, error);
	}
	for (size_t i = 0; reader != NULL && i < reader->kinds_count; i++)
		free(reader->kinds[i]);
	free(reader);
	free(record);
	return read;
}

/* ---- the message ---- */

static bool unpack(struct bytes frame, uint8_t *rows, size_t len,
		   char error[static BATCH_ERROR_MAX])
{
	/* Never more than was promised, whatever the frame says of itself. */
	size_t got = ZSTD_decompress(rows, len, frame.at, frame.len);
	if (!ZSTD_isError(got) && got == len)
		return true;
	snprintf(error, BATCH_ERROR_MAX, "it can't be decompressed: %s",
		 ZSTD_isError(got) ? ZSTD_getErrorName(got)
				   : "it is shorter than it says");
	return false;
}

bool batch_read(const void *bytes, size_t len, batch_emit emit, void *to,
		char error[static BATCH_ERROR_MAX])
{
	struct bytes message = bytes_of(bytes, len);
	struct batch_head head;
	uint64_t raw_len;
	if (!batch_take_head(&message, &head, &raw_len, error))
		return false;
	uint8_t *rows = malloc(raw_len + 1);
	if (rows == NULL) {
		snprintf(error, BATCH_ERROR_MAX, "not enough memory");
		errno = ENOMEM;
		return false;
	}
	errno = 0;
	bool read = unpack(message, rows, raw_len, error) &&
		    batch_read_rows(bytes_of(rows, raw_len), &head, emit, to, error);
	free(rows);
	return read;
}
