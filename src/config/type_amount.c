/*
 * type_amount.c: values with a unit: how long ("7d") and how much ("10 GB").
 */
#include <string.h>

#include "base/when.h"
#include "config/type.h"

/* ---- duration: seconds ---- */

static bool duration_take(const struct key *key, void *field, const char *text,
			  bool quoted)
{
	(void)quoted;
	int64_t us;
	if (!duration_parse(text, &us) || us / 1000000 < key->min ||
	    us / 1000000 > key->max)
		return false;
	*(config_duration *)field = (config_duration)(us / 1000000);
	return true;
}

/* In the largest unit that names it exactly. */
static void write_seconds(struct buf *out, uint32_t seconds)
{
	static const struct {
		uint32_t seconds;
		char name;
	} units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
	size_t i = 0;
	while (seconds % units[i].seconds != 0)
		i++;
	buf_printf(out, "%u%c", seconds / units[i].seconds, units[i].name);
}

static void duration_write(struct buf *out, const void *field, size_t index)
{
	(void)index;
	buf_char(out, '"');
	write_seconds(out, *(const config_duration *)field);
	buf_char(out, '"');
}

static void duration_write_yaml(struct buf *out, const void *field)
{
	write_seconds(out, *(const config_duration *)field);
}

static void duration_expect(struct buf *out, const struct key *key)
{
	buf_text(out, "a duration from ");
	write_seconds(out, key->min);
	buf_text(out, " to ");
	write_seconds(out, key->max);
	buf_text(out, " such as 36h, 7d or 4w");
}

static void duration_schema(struct buf *out, const struct key *key)
{
	(void)key;
	buf_text(out, "\"type\": \"string\", \"pattern\": \"^[0-9]{1,10}[smhdw]$\"");
}

const struct key_type key_type_duration = {
	.size = sizeof(config_duration),
	.take = duration_take,
	.write = duration_write,
	.write_yaml = duration_write_yaml,
	.expect = duration_expect,
	.schema = duration_schema,
};

/* ---- limit: milliseconds, or none ---- */

static bool limit_take(const struct key *key, void *field, const char *text,
		       bool quoted)
{
	uint32_t ms = 0;
	(void)quoted;
	bool is_off = strcmp(text, "off") == 0;
	if (!is_off && (!milliseconds_parse(text, key->max, &ms) || ms < key->min))
		return false;
	*(config_limit *)field = ms;
	return true;
}

static void limit_write_yaml(struct buf *out, const void *field)
{
	uint32_t ms = *(const config_limit *)field;
	if (ms == 0)
		buf_text(out, "off");
	else
		buf_printf(out, "%ums", ms);
}

static void limit_write(struct buf *out, const void *field, size_t index)
{
	(void)index;
	buf_char(out, '"');
	limit_write_yaml(out, field);
	buf_char(out, '"');
}

static void limit_expect(struct buf *out, const struct key *key)
{
	buf_printf(out, "a time from %ums to %us such as 100ms or 2s, or off", key->min,
		   key->max / 1000);
}

static void limit_schema(struct buf *out, const struct key *key)
{
	(void)key;
	buf_text(out, "\"type\": \"string\", \"pattern\": "
		      "\"^(off|[0-9]+([.][0-9]+)?(ms|s)?)$\"");
}

const struct key_type key_type_limit = {
	.size = sizeof(config_limit),
	.take = limit_take,
	.write = limit_write,
	.write_yaml = limit_write_yaml,
	.expect = limit_expect,
	.schema = limit_schema,
};

/* ---- size: bytes; its range is in MiB ---- */

#define MIB (UINT64_C(1) << 20)

/* The first that divides a size evenly is how it is shown. */
static const struct {
	const char *name;
	uint64_t bytes;
} size_units[] = {
	{ "TB", UINT64_C(1000000000000) },
	{ "GB", UINT64_C(1000000000) },
	{ "TiB", UINT64_C(1) << 40 },
	{ "GiB", UINT64_C(1) << 30 },
	{ "MB", UINT64_C(1000000) },
	{ "MiB", UINT64_C(1) << 20 },
	{ "kB", UINT64_C(1000) },
	{ "KiB", UINT64_C(1) << 10 },
	{ "B", UINT64_C(1) },
};
enum { SIZE_UNITS = sizeof(size_units) / sizeof(size_units[0]) };

static uint64_t size_unit(const char *name)
{
	for (size_t i = 0; i < SIZE_UNITS; i++)
		if (strcmp(size_units[i].name, name) == 0)
			return size_units[i].bytes;
	return 0;
}

/* "10 GB", "512MiB". */
static bool read_size(const char *text, uint64_t *bytes)
{
	uint64_t count = 0;
	const char *at = text;
	for (; *at >= '0' && *at <= '9'; at++) {
		if (at - text >= 15)
			return false;
		count = count * 10 + (uint64_t)(*at - '0');
	}
	if (at == text)
		return false;
	uint64_t unit = size_unit(at + (*at == ' '));
	return unit != 0 && !__builtin_mul_overflow(count, unit, bytes);
}

static bool size_take(const struct key *key, void *field, const char *text, bool quoted)
{
	(void)quoted;
	uint64_t bytes;
	if (!read_size(text, &bytes) || bytes < key->min * MIB ||
	    bytes > key->max * MIB)
		return false;
	*(config_size *)field = bytes;
	return true;
}

static void write_bytes(struct buf *out, uint64_t bytes)
{
	size_t i = 0;
	while (bytes % size_units[i].bytes != 0)
		i++;
	buf_u64(out, bytes / size_units[i].bytes);
	buf_char(out, ' ');
	buf_text(out, size_units[i].name);
}

static void size_write(struct buf *out, const void *field, size_t index)
{
	(void)index;
	buf_char(out, '"');
	write_bytes(out, *(const config_size *)field);
	buf_char(out, '"');
}

static void size_write_yaml(struct buf *out, const void *field)
{
	write_bytes(out, *(const config_size *)field);
}

static void size_expect(struct buf *out, const struct key *key)
{
	buf_text(out, "a size from ");
	write_bytes(out, key->min * MIB);
	buf_text(out, " to ");
	write_bytes(out, key->max * MIB);
	buf_text(out, " such as 500 MB, 10 GB or 2 TiB");
}

static void size_schema(struct buf *out, const struct key *key)
{
	(void)key;
	buf_text(out, "\"type\": \"string\", \"pattern\": "
		      "\"^[0-9]{1,15} ?(B|[kMGT]B|[KMGT]iB)$\"");
}

const struct key_type key_type_size = {
	.size = sizeof(config_size),
	.take = size_take,
	.write = size_write,
	.write_yaml = size_write_yaml,
	.expect = size_expect,
	.schema = size_schema,
};
