/*
 * depot_hostile.h: records of every kind, with texts and numbers as a hostile sensor
 * would choose them.
 */
#pragma once

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "record/record.h"

#define TIMES_US (8000LL * 365 * 86400 * 1000000) /* to the year 9000 and something */

static uint64_t random_state;

static uint64_t draw(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static const char *draw_text(void)
{
	static const char *const texts[] = {
		"plain",
		"\\N",
		"\\.",
		"NULL",
		"{a,b}",
		"%s%n",
		"$1 ?1 :name",
		"tab\tnewline\nreturn\r",
		"it's \"quoted\" `so` and \\so\\",
		"\x01\x08\x0b\x0c\x1b\x7f",
		"\xff\xfe no UTF-8 \xc3",
		"\xe2\x82",
		"gr\xc3\xbc\xc3\x9f\x65 \xf0\x9f\x9a\xa2",
		"'); DROP TABLE flow; --",
	};
	return texts[draw() % (sizeof(texts) / sizeof(texts[0]))];
}

static double draw_real(void)
{
	static const double reals[] = { 0,     1,       -1,     0.1,          1e-300,
					1e300, 1.0 / 3, 5e-324, 123456789.125 };
	return reals[draw() % (sizeof(reals) / sizeof(reals[0]))];
}

static uint64_t draw_integer(uint64_t most)
{
	const uint64_t integers[] = { 0,        1,        most,         most - 1,
				      most / 2, most / 3, draw() % most };
	return integers[draw() % (sizeof(integers) / sizeof(integers[0]))];
}

static void draw_addr(struct addr *addr)
{
	uint64_t halves[2] = { draw(), draw() };
	memcpy(addr->ip6, halves, sizeof(addr->ip6));
	if (draw() % 2 == 0)
		*addr = addr_v4(halves);
}

/* By what they are found, or what is added up: the rest is as it comes. */
static bool is_tame(enum record_kind kind, const struct field *field)
{
	static const char *const times[] = { "at",    "start", "end",
					     "first", "last",  "until" };
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		if (strcmp(field->name, times[i]) == 0)
			return true;
	return kind == RECORD_port;
}

static void draw_field(const struct field *field, void *value, bool is_tamed)
{
	static int64_t serial; /* gaps are told apart by their begin */
	field_bytes1536 *bytes = value;
	switch (field->type) {
	case TYPE_time:
		*(field_time *)value =
			is_tamed ? clock_us(CLOCK_REALTIME) + serial++
				 : (int64_t)(draw() % TIMES_US); /* batch.h */
		return;
	case TYPE_addr:
		draw_addr(value);
		return;
	case TYPE_u16:
		*(field_u16 *)value = (field_u16)draw_integer(UINT16_MAX - 1);
		return;
	case TYPE_u32:
		*(field_u32 *)value =
			(field_u32)draw_integer(is_tamed ? UINT16_MAX : UINT32_MAX - 1);
		return;
	case TYPE_u64:
		*(field_u64 *)value =
			draw_integer(is_tamed ? UINT32_MAX : UINT64_MAX - 1);
		return;
	case TYPE_ratio:
	case TYPE_real:
		*(field_ratio *)value = draw_real();
		return;
	case TYPE_flag:
		*(field_flag *)value = (field_flag)(draw() % 2);
		return;
	case TYPE_word:
		*(field_word *)value = record_word(draw_text());
		return;
	case TYPE_text32:
		record_text(value, sizeof(field_text32), draw_text());
		return;
	case TYPE_text64:
		record_text(value, sizeof(field_text64), draw_text());
		return;
	case TYPE_text256:
		record_text(value, sizeof(field_text256), draw_text());
		return;
	case TYPE_bytes1536:
		bytes->len = (uint16_t)(draw() % sizeof(bytes->at));
		for (size_t i = 0; i < bytes->len; i++)
			bytes->at[i] = (uint8_t)draw();
	}
}

/* One of four fields is unknown; who it is stays apart from others. */
static void draw_record(enum record_kind kind, void *record)
{
	record_init(kind, record);
	for (size_t i = 0; i < schemas[kind].field_count; i++) {
		const struct field *field = &schemas[kind].fields[i];
		void *value = (char *)record + field->offset;
		bool is_tamed = is_tame(kind, field);
		if (strcmp(field->name, "id") == 0 ||
		    strcmp(field->name, "incident") == 0)
			snprintf(value, sizeof(field_text32), "%llx",
				 (unsigned long long)draw());
		else if (strcmp(field->name, "sensor") == 0)
			record_text(value, sizeof(field_text64), "fields");
		else if (is_tamed || draw() % 4 != 0)
			draw_field(field, value, is_tamed);
	}
}
