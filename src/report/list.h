/*
 * list.h: arrays in the JSON that record/object.h writes: every element ends with a
 * comma, as members do.  Private to the room.
 */
#pragma once

#include "record/object.h"

static inline void list_open(struct buf *out, const char *name)
{
	buf_printf(out, "\"%s\":[", name);
}

static inline void list_close(struct buf *out)
{
	if (buf_ok(out) && out->len > 0 && out->at[out->len - 1] == ',')
		out->len--;
	buf_text(out, "],");
}

/* An element that is a text. */
static inline void list_text(struct buf *out, const char *text)
{
	buf_char(out, '"');
	buf_json_text(out, text);
	buf_text(out, "\",");
}

/* The end of an object that is not the last: of a list, or a member. */
static inline void object_end(struct buf *out)
{
	object_close(out);
	buf_char(out, ',');
}
