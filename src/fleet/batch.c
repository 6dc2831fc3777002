/*
 * batch.c: records into batches; see batch.h, and batch_inside.h for the form.
 */
#include "fleet/batch.h"

#include <endian.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/varint.h"
#include "fleet/batch_inside.h"

enum {
	/* So that a message fits even if nothing of it can be compressed. */
	ROWS_BYTES = BATCH_BYTES_MAX - 8192,
	ADDR_HEADS = 4 * BATCH_ADDRS,
	TEXT_HEADS = 4 * BATCH_TEXTS,
	/* More costs more time than the bytes are worth. */
	COMPRESSION = 1,
};

struct batch {
	ZSTD_CCtx *zstd;
	size_t len;
	uint32_t records;
	uint32_t kinds;
	uint8_t place[RECORD_KINDS]; /* + 1; 0: not in this batch yet */
	field_set known[RECORD_KINDS];
	size_t row_max[RECORD_KINDS]; /* with what declares it */
	int64_t time_us;
	struct addr addrs[BATCH_ADDRS];
	uint16_t addr_heads[ADDR_HEADS]; /* by hash: where it may be */
	uint16_t addr_next, text_next;
	char texts[BATCH_TEXTS][BATCH_TEXT_SIZE];
	uint16_t text_heads[TEXT_HEADS];
	uint8_t rows[ROWS_BYTES];
};

static enum batch_form form_of(enum field_type type)
{
	switch (type) {
	case TYPE_time:
		return FORM_TIME;
	case TYPE_addr:
		return FORM_ADDR;
	case TYPE_ratio:
	case TYPE_real:
		return FORM_REAL;
	case TYPE_word:
	case TYPE_text32:
	case TYPE_text64:
	case TYPE_text256:
		return FORM_TEXT;
	case TYPE_bytes1536:
		return FORM_BYTES;
	case TYPE_u16:
	case TYPE_u32:
	case TYPE_u64:
	case TYPE_flag:
		break;
	}
	return FORM_NUMBER;
}

/* No value of that type takes more. */
static size_t bytes_of_field(const struct field *field)
{
	size_t name = 2 + strlen(field->name);
	switch (field->type) {
	case TYPE_addr:
		return name + 1 + sizeof(struct addr);
	case TYPE_text32:
		return name + 2 * VARINT_MAX + sizeof(field_text32);
	case TYPE_word:
	case TYPE_text64:
		return name + 2 * VARINT_MAX + sizeof(field_text64);
	case TYPE_text256:
		return name + 2 * VARINT_MAX + sizeof(field_text256);
	case TYPE_bytes1536:
		return name + VARINT_MAX + sizeof(field_bytes1536);
	default:
		return name + VARINT_MAX;
	}
}

void batch_clear(struct batch *batch)
{
	batch->len = 0;
	batch->records = 0;
	batch->kinds = 0;
	batch->time_us = 0;
	batch->addr_next = 0;
	batch->text_next = 0;
	memset(batch->place, 0, sizeof(batch->place));
	/* Places of the batch before would not be known to a reader. */
	memset(batch->addrs, 0xff, sizeof(batch->addrs));
	memset(batch->texts, 0, sizeof(batch->texts));
}

struct batch *batch_new(void)
{
	struct batch *batch = calloc(1, sizeof(*batch));
	ZSTD_CCtx *zstd = ZSTD_createCCtx();
	if (batch == NULL || zstd == NULL) {
		free(batch);
		ZSTD_freeCCtx(zstd);
		return NULL;
	}
	batch->zstd = zstd;
	for (int kind = 0; kind < RECORD_KINDS; kind++) {
		const struct schema *schema = &schemas[kind];
		size_t most = 2 * VARINT_MAX + BATCH_NAME_MAX + BATCH_MASK_BYTES;
		for (size_t i = 0; i < schema->field_count; i++)
			most += bytes_of_field(&schema->fields[i]);
		batch->row_max[kind] = most;
	}
	batch_clear(batch);
	return batch;
}

void batch_free(struct batch *batch)
{
	if (batch == NULL)
		return;
	ZSTD_freeCCtx(batch->zstd);
	free(batch);
}

uint32_t batch_records(const struct batch *batch)
{
	return batch->records;
}

/* ---- values; there is room ---- */

static void put_number(struct batch *batch, uint64_t value)
{
	batch->len += varint_write(batch->rows + batch->len, value);
}

static void put_bytes(struct batch *batch, const void *bytes, size_t len)
{
	memcpy(batch->rows + batch->len, bytes, len);
	batch->len += len;
}

/* Differences wrap around, for who writes and who reads alike. */
static void put_time(struct batch *batch, int64_t at_us)
{
	put_number(batch,
		   varint_fold((int64_t)((uint64_t)at_us - (uint64_t)batch->time_us)));
	batch->time_us = at_us;
}

static uint64_t mix(uint64_t sum)
{
	return (sum ^ sum >> 32) * UINT64_C(0x9e3779b97f4a7c15);
}

/* Strangers whose addresses meet in a head make a batch longer, no more. */
static void put_addr(struct batch *batch, const struct addr *addr)
{
	uint64_t words[2];
	bool is_v4 = addr_is_v4(addr);
	memcpy(words, addr->ip6, sizeof(words));
	uint16_t *head =
		&batch->addr_heads[(mix(mix(words[0]) ^ words[1]) >> 32) % ADDR_HEADS];
	if (addr_equal(&batch->addrs[*head], addr)) {
		put_number(batch, ADDR_PLACES + *head);
		return;
	}
	put_number(batch, is_v4 ? ADDR_V4 : ADDR_V6);
	put_bytes(batch, addr->ip6 + (is_v4 ? 12 : 0), is_v4 ? 4 : 16);
	batch->addrs[batch->addr_next] = *addr;
	*head = batch->addr_next;
	batch->addr_next = (uint16_t)((batch->addr_next + 1) % BATCH_ADDRS);
}

static void put_text(struct batch *batch, const char *text, size_t size)
{
	size_t len = strnlen(text, size - 1);
	if (len >= BATCH_TEXT_SIZE) {
		put_number(batch, TEXT_LONG);
		put_number(batch, len);
		put_bytes(batch, text, len);
		return;
	}
	uint64_t sum = len;
	for (size_t i = 0; i < len; i++)
		sum = (sum ^ (uint8_t)text[i]) * UINT64_C(0x100000001b3);
	uint16_t *head = &batch->text_heads[(mix(sum) >> 32) % TEXT_HEADS];
	char *at = batch->texts[*head];
	if (memcmp(at, text, len) == 0 && at[len] == '\0') {
		put_number(batch, TEXT_PLACES + *head);
		return;
	}
	put_number(batch, TEXT_NEW);
	put_number(batch, len);
	put_bytes(batch, text, len);
	memcpy(batch->texts[batch->text_next], text, len);
	batch->texts[batch->text_next][len] = '\0';
	*head = batch->text_next;
	batch->text_next = (uint16_t)((batch->text_next + 1) % BATCH_TEXTS);
}

static void put_real(struct batch *batch, double value)
{
	uint64_t bits;
	memcpy(&bits, &value, sizeof(bits));
	put_number(batch, __builtin_bswap64(bits));
}

static void put_value(struct batch *batch, enum field_type type, const void *at)
{
	switch (type) {
	case TYPE_time:
		put_time(batch, *(const field_time *)at);
		break;
	case TYPE_addr:
		put_addr(batch, at);
		break;
	case TYPE_u16:
		put_number(batch, *(const field_u16 *)at);
		break;
	case TYPE_u32:
		put_number(batch, *(const field_u32 *)at);
		break;
	case TYPE_u64:
		put_number(batch, *(const field_u64 *)at);
		break;
	case TYPE_ratio:
	case TYPE_real:
		put_real(batch, *(const field_real *)at);
		break;
	case TYPE_flag:
		put_number(batch, *(const field_flag *)at);
		break;
	case TYPE_word:
		put_text(batch, *(const field_word *)at, sizeof(field_text64));
		break;
	case TYPE_text32:
		put_text(batch, at, sizeof(field_text32));
		break;
	case TYPE_text64:
		put_text(batch, at, sizeof(field_text64));
		break;
	case TYPE_text256:
		put_text(batch, at, sizeof(field_text256));
		break;
	case TYPE_bytes1536:
		put_number(batch, ((const field_bytes1536 *)at)->len);
		put_bytes(batch, ((const field_bytes1536 *)at)->at,
			  ((const field_bytes1536 *)at)->len);
		break;
	}
}

/* ---- rows ---- */

static bool is_known(enum field_type type, const void *at)
{
	switch (type) {
	case TYPE_time:
		return *(const field_time *)at != UNKNOWN_TIME;
	case TYPE_addr:
		return !addr_is_unset(at);
	case TYPE_u16:
		return *(const field_u16 *)at != UNKNOWN_U16;
	case TYPE_u32:
		return *(const field_u32 *)at != UNKNOWN_U32;
	case TYPE_u64:
		return *(const field_u64 *)at != UNKNOWN_U64;
	case TYPE_ratio:
	case TYPE_real:
		return isfinite(*(const field_real *)at);
	case TYPE_flag:
		return *(const field_flag *)at != UNKNOWN_FLAG;
	case TYPE_word:
		return *(const field_word *)at != NULL &&
		       **(const field_word *)at != '\0';
	case TYPE_text32:
	case TYPE_text64:
	case TYPE_text256:
		return *(const char *)at != '\0';
	case TYPE_bytes1536:
		return ((const field_bytes1536 *)at)->len > 0;
	}
	return false;
}

/* The last field, the sensor, is the head's to say. */
static size_t fields_of(const struct schema *schema)
{
	return schema->field_count - 1;
}

static field_set known_of(const struct schema *schema, const char *record)
{
	field_set known = 0;
	for (size_t i = 0; i < fields_of(schema); i++) {
		const struct field *field = &schema->fields[i];
		if (is_known(field->type, record + field->offset))
			known |= UINT64_C(1) << i;
	}
	return known;
}

static void put_name(struct batch *batch, const char *name)
{
	size_t len = strlen(name);
	put_number(batch, len);
	put_bytes(batch, name, len);
}

static void declare(struct batch *batch, const struct schema *schema)
{
	put_name(batch, schema->name);
	put_number(batch, fields_of(schema));
	for (size_t i = 0; i < fields_of(schema); i++) {
		put_number(batch, form_of(schema->fields[i].type));
		put_name(batch, schema->fields[i].name);
	}
}

static void begin_row(struct batch *batch, enum record_kind kind, field_set known)
{
	const struct schema *schema = &schemas[kind];
	bool is_new = batch->place[kind] == 0;
	bool differs = is_new || known != batch->known[kind];
	if (is_new)
		batch->place[kind] = (uint8_t)++batch->kinds;
	put_number(batch, (uint64_t)(batch->place[kind] - 1) << 1 | differs);
	if (is_new)
		declare(batch, schema);
	if (!differs)
		return;
	uint64_t mask = htole64(known);
	put_bytes(batch, &mask, (fields_of(schema) + 7) / 8);
	batch->known[kind] = known;
}

/* Twenty bytes that can't be compressed, and that who reads can make. */
static bool id_follows(enum record_kind kind, const void *record)
{
	const struct flow_record *flow = record;
	struct flow_record made;
	if (kind != RECORD_flow || flow->community_id[0] == '\0')
		return false;
	made = *flow;
	record_community_id(&made, 0);
	return strcmp(made.community_id, flow->community_id) == 0;
}

static bool is_id(enum record_kind kind, const struct field *field)
{
	return kind == RECORD_flow &&
	       field->offset == offsetof(struct flow_record, community_id);
}

bool batch_add(struct batch *batch, enum record_kind kind, const void *record)
{
	const struct schema *schema = &schemas[kind];
	if (batch->records == BATCH_RECORDS_MAX ||
	    batch->len + batch->row_max[kind] > sizeof(batch->rows))
		return false;
	field_set known = known_of(schema, record);
	bool follows = id_follows(kind, record);
	begin_row(batch, kind, known);
	for (field_set rest = known; rest != 0; rest &= rest - 1) {
		const struct field *field = &schema->fields[__builtin_ctzll(rest)];
		if (follows && is_id(kind, field))
			put_number(batch, TEXT_FOLLOWS);
		else
			put_value(batch, field->type,
				  (const char *)record + field->offset);
	}
	batch->records++;
	return true;
}

/* ---- the message ---- */

bool batch_message(const struct batch *batch, struct batch_head *head, struct buf *out)
{
	size_t begin = out->len, most = ZSTD_compressBound(batch->len);
	char *frame = malloc(most);
	if (frame == NULL)
		return false;
	size_t len = ZSTD_compressCCtx(batch->zstd, frame, most, batch->rows,
				       batch->len, COMPRESSION);
	head->records = batch->records;
	if (!ZSTD_isError(len)) {
		batch_put_head(out, head, batch->len);
		buf_add(out, frame, len);
		batch_put_sum(out, begin);
	}
	free(frame);
	if (ZSTD_isError(len) || !buf_ok(out)) {
		out->len = begin;
		return false;
	}
	return true;
}

bool batch_finish(struct batch *batch, struct batch_head *head, struct buf *out)
{
	bool made = batch_message(batch, head, out);
	if (made)
		batch_clear(batch);
	return made;
}
