/*
 * cells.h: what stands in a cell: a field of a record as people read it.
 *
 * Each fills out; a field that is missing becomes "-", quiet.
 */
#pragma once

#include <stdint.h>

#include "cli/view.h"

/* Defines a column's function; the body sees record, limits and out. */
#define SHOW(name)                                                                     \
	static void name(__attribute__((unused)) const json_t *record,                 \
			 __attribute__((unused)) const struct limits *limits,          \
			 struct cell *out)

/* Columns that are a field of that name, and no more, as show_NAME. */
#define SHOW_TEXT(name)                                                                \
	SHOW(show_##name)                                                              \
	{                                                                              \
		cell_text(out, member_text(record, #name));                            \
	}
#define SHOW_COUNT(name)                                                               \
	SHOW(show_##name)                                                              \
	{                                                                              \
		cell_count(out, record, #name);                                        \
	}
#define SHOW_WHEN(name)                                                                \
	SHOW(show_##name)                                                              \
	{                                                                              \
		cell_when(out, record, #name);                                         \
		out->tone = TONE_QUIET;                                                \
	}

#define SHOW_STRONG(name)                                                              \
	SHOW(show_##name)                                                              \
	{                                                                              \
		out->tone = TONE_STRONG;                                               \
		cell_text(out, member_text(record, #name));                            \
	}
#define SHOW_ID(name)                                                                  \
	SHOW(show_##name)                                                              \
	{                                                                              \
		cell_id(out, record, #name);                                           \
	}
#define SHOW_SEVERITY                                                                  \
	SHOW(show_severity)                                                            \
	{                                                                              \
		cell_severity(out, record);                                            \
	}
#define SHOW_STATE(lasting)                                                            \
	SHOW(show_state)                                                               \
	{                                                                              \
		cell_state(out, record, lasting);                                      \
	}
#define SHOW_DURATION(name)                                                            \
	SHOW(show_##name)                                                              \
	{                                                                              \
		cell_duration(out, record, #name);                                     \
	}
#define SHOW_BYTES(name)                                                               \
	SHOW(show_##name)                                                              \
	{                                                                              \
		cell_bytes(out, member_number(record, #name));                         \
	}
#define SHOW_PORT                                                                      \
	SHOW(show_port)                                                                \
	{                                                                              \
		out->tone = TONE_STRONG;                                               \
		cell_port(out, record);                                                \
	}

void cell_text(struct cell *out, const char *text);
/* As many digits of an id as tell it from others; commands take them. */
void cell_id(struct cell *out, const json_t *record, const char *name);
/* Marked from high on; a notice is quiet. */
void cell_severity(struct cell *out, const json_t *record);
/* Quiet unless it is that word, by which it lasts. */
void cell_state(struct cell *out, const json_t *record, const char *lasting);
void cell_count(struct cell *out, const json_t *record, const char *name);
void cell_ratio(struct cell *out, const json_t *record, const char *name, double limit);
void cell_duration(struct cell *out, const json_t *record, const char *name);
void cell_bytes(struct cell *out, double bytes);
void cell_port(struct cell *out, const json_t *record);
void cell_endpoint(struct cell *out, const json_t *record, const char *ip,
		   const char *port);
/* "ssh", or "ssh?", quiet, if only the port's number says so. */
void cell_protocol(struct cell *out, const json_t *record);
/* Of today the time, else the date too. */
void cell_when(struct cell *out, const json_t *record, const char *name);

/* Unknown and nothing step back, so that what matters stands out. */
void cell_quiet_if_nothing(struct cell *out, double value);
/* The mark stands before the value: colour alone is not for every eye or terminal. */
void cell_mark(struct cell *out);
void cell_mark_if_over(struct cell *out, double value, double limit);

bool cell_time_of(const json_t *record, const char *name, int64_t *at_us);
