/*
 * object.c: members of JSON objects; see object.h.
 *
 * A member is put together on the stack and appended in one go.
 */
#include "record/object.h"

#include <math.h>
#include <string.h>

#include "record/text.h"

enum { NAME_MAX = 40, VALUE_MAX = 48 };

struct member {
	size_t len;
	char at[NAME_MAX + VALUE_MAX + 8];
};

static void put(struct member *m, const void *text, size_t len)
{
	memcpy(m->at + m->len, text, len);
	m->len += len;
}

static struct member member_of(const char *name)
{
	struct member m;
	m.at[0] = '"';
	m.len = 1;
	put(&m, name, strnlen(name, NAME_MAX));
	put(&m, "\":", 2);
	return m;
}

void object_open(struct buf *out, const char *name)
{
	if (name != NULL) {
		struct member m = member_of(name);
		buf_add(out, m.at, m.len);
	}
	buf_char(out, '{');
}

void object_close(struct buf *out)
{
	if (buf_ok(out) && out->len > 0 && out->at[out->len - 1] == ',')
		out->len--;
	buf_char(out, '}');
}

void object_u64(struct buf *out, const char *name, uint64_t value)
{
	if (value == UNKNOWN_U64)
		return;
	struct member m = member_of(name);
	m.len += text_u64(value, m.at + m.len);
	put(&m, ",", 1);
	buf_add(out, m.at, m.len);
}

void object_bool(struct buf *out, const char *name, bool value)
{
	struct member m = member_of(name);
	put(&m, value ? "true," : "false,", value ? 5 : 6);
	buf_add(out, m.at, m.len);
}

void object_text(struct buf *out, const char *name, const char *text)
{
	if (text == NULL || text[0] == '\0')
		return;
	struct member m = member_of(name);
	size_t len = text_plain(text, VALUE_MAX);
	put(&m, "\"", 1);
	put(&m, text, len);
	if (len > 0)
		put(&m, "\",", 2);
	buf_add(out, m.at, m.len);
	if (len > 0)
		return;
	buf_json_text(out, text);
	buf_add(out, "\",", 2);
}

static void add_element(struct buf *out, const char *text, size_t len)
{
	char element[256];
	if (len == 0 || len >= sizeof(element))
		return;
	memcpy(element, text, len);
	element[len] = '\0';
	buf_char(out, '"');
	buf_json_text(out, element);
	buf_add(out, "\",", 2);
}

void object_texts(struct buf *out, const char *name, const char *text, char between)
{
	const char joint[] = { between, '\0' };
	if (text == NULL || text[strspn(text, joint)] == '\0')
		return;
	struct member m = member_of(name);
	put(&m, "[", 1);
	buf_add(out, m.at, m.len);
	while (*text != '\0') {
		size_t len = strcspn(text, joint);
		add_element(out, text, len);
		text += len + (text[len] != '\0');
	}
	if (buf_ok(out))
		out->len--;
	buf_add(out, "],", 2);
}

void object_addr(struct buf *out, const char *name, const struct addr *addr)
{
	if (addr_is_unset(addr))
		return;
	struct member m = member_of(name);
	put(&m, "\"", 1);
	m.len += addr_text(addr, m.at + m.len);
	put(&m, "\",", 2);
	buf_add(out, m.at, m.len);
}

void object_decimal(struct buf *out, const char *name, double value)
{
	if (!(fabs(value) < 0x1p64))
		return;
	struct member m = member_of(name);
	buf_add(out, m.at, m.len);
	buf_decimal(out, value);
	buf_char(out, ',');
}

void object_time(struct buf *out, const char *name, int64_t at_us, const char *zone)
{
	if (at_us == UNKNOWN_TIME)
		return;
	struct member m = member_of(name);
	put(&m, "\"", 1);
	m.len += text_time(at_us, m.at + m.len);
	put(&m, zone, strlen(zone));
	put(&m, "\",", 2);
	buf_add(out, m.at, m.len);
}
