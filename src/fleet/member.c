/*
 * member.c: see member.h.
 *
 * Each kind is a table of its members, by which it is written and read: texts are
 * bounded by their place, and one that is missing is empty, as of an older version.
 */
#include "fleet/member.h"

#include <jansson.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct kept_field {
	const char *name;
	size_t offset, size; /* size 0: a number, int64_t; 1: bool */
	bool is_needed;
};

#define TEXT(type, member)                                                             \
	{                                                                              \
#member, offsetof(struct type, member),                                \
			sizeof(((struct type *)0)->member), false                      \
	}
#define NEED(type, member)                                                             \
	{                                                                              \
#member, offsetof(struct type, member),                                \
			sizeof(((struct type *)0)->member), true                       \
	}
#define NUMBER(type, member)                                                           \
	{                                                                              \
#member, offsetof(struct type, member), 0, false                       \
	}
#define FLAG(type, member)                                                             \
	{                                                                              \
#member, offsetof(struct type, member), 1, false                       \
	}

static const struct kept_field member_fields[] = {
	NEED(member, name),       NEED(member, public_key), TEXT(member, site),
	TEXT(member, tags),       NUMBER(member, joined_s), TEXT(member, by),
	TEXT(member, token),      FLAG(member, is_revoked), NUMBER(member, revoked_s),
	TEXT(member, revoked_by), TEXT(member, why),
};
static const struct kept_field ticket_fields[] = {
	NEED(ticket, id),        TEXT(ticket, name),    TEXT(ticket, site),
	TEXT(ticket, tags),      TEXT(ticket, by),      NUMBER(ticket, made_s),
	NUMBER(ticket, until_s), TEXT(ticket, used_by), TEXT(ticket, used_as),
	NUMBER(ticket, used_s),
};
static const struct kept_field revoked_fields[] = {
	NEED(revoked, public_key), TEXT(revoked, name), NUMBER(revoked, at_s),
	NUMBER(revoked, until_s),  TEXT(revoked, by),   TEXT(revoked, why),
	FLAG(revoked, is_open),
};
static const struct kept_field note_fields[] = {
	NUMBER(note, at_us),   NEED(note, actor),  NEED(note, action),
	TEXT(note, subject),   TEXT(note, before), TEXT(note, after),
	NUMBER(note, taken_s),
};
#define FIELDS(table) table, sizeof(table) / sizeof((table)[0])

static json_t *value_of(const struct kept_field *field, const void *from)
{
	const char *at = (const char *)from + field->offset;
	int64_t number;
	bool flag;
	if (field->size > 1)
		return json_string(at);
	if (field->size == 1) {
		memcpy(&flag, at, sizeof(flag));
		return json_boolean(flag);
	}
	memcpy(&number, at, sizeof(number));
	return json_integer(number);
}

static bool write_fields(const struct kept_field *fields, size_t count,
			 const void *from, struct buf *out)
{
	json_t *object = json_object();
	for (size_t i = 0; i < count; i++)
		if (json_object_set_new(object, fields[i].name,
					value_of(&fields[i], from)) != 0)
			out->failed = true;
	char *text = json_dumps(object, JSON_COMPACT);
	if (text != NULL)
		buf_text(out, text);
	else
		out->failed = true;
	free(text);
	json_decref(object);
	return buf_ok(out);
}

static bool read_field(const struct kept_field *field, const json_t *value, char *at)
{
	if (field->size == 1) {
		bool flag = json_is_true(value);
		memcpy(at, &flag, sizeof(flag));
		return true;
	}
	if (field->size == 0) {
		int64_t number = json_integer_value(value);
		memcpy(at, &number, sizeof(number));
		return true;
	}
	const char *text = json_string_value(value);
	size_t len = text != NULL ? strlen(text) : 0;
	if (len >= field->size || (field->is_needed && len == 0))
		return false;
	if (len > 0)
		memcpy(at, text, len + 1);
	return true;
}

/* *out is all zero. */
static bool read_fields(const struct kept_field *fields, size_t count, const void *text,
			size_t len, void *out)
{
	json_t *object = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);
	bool is_read = json_is_object(object);
	for (size_t i = 0; i < count && is_read; i++)
		is_read =
			read_field(&fields[i], json_object_get(object, fields[i].name),
				   (char *)out + fields[i].offset);
	json_decref(object);
	return is_read;
}

/* ---- each ---- */

const char *note_action(const struct note *note)
{
	static const char *const actions[] = {
		"fleet_init",         "fleet_token", "fleet_join",
		"fleet_join_refused", "fleet_hub",   "fleet_server",
		"fleet_revoke",       "fleet_share", "fleet_unshare",
	};
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (strcmp(note->action, actions[i]) == 0)
			return actions[i];
	return NULL;
}

bool member_write(const struct member *member, struct buf *out)
{
	return write_fields(FIELDS(member_fields), member, out);
}

bool ticket_write(const struct ticket *ticket, struct buf *out)
{
	return write_fields(FIELDS(ticket_fields), ticket, out);
}

bool revoked_write(const struct revoked *revoked, struct buf *out)
{
	return write_fields(FIELDS(revoked_fields), revoked, out);
}

bool note_write(const struct note *note, struct buf *out)
{
	return write_fields(FIELDS(note_fields), note, out);
}

bool member_read(const void *text, size_t len, struct member *out)
{
	*out = (struct member){ 0 };
	return read_fields(FIELDS(member_fields), text, len, out);
}

bool ticket_read(const void *text, size_t len, struct ticket *out)
{
	*out = (struct ticket){ 0 };
	return read_fields(FIELDS(ticket_fields), text, len, out);
}

bool revoked_read(const void *text, size_t len, struct revoked *out)
{
	*out = (struct revoked){ 0 };
	return read_fields(FIELDS(revoked_fields), text, len, out);
}

bool note_read(const void *text, size_t len, struct note *out)
{
	*out = (struct note){ 0 };
	return read_fields(FIELDS(note_fields), text, len, out) &&
	       note_action(out) != NULL;
}
