/*
 * tell_reader.h: rules while they are read.  Private to tell_file.c and tell_rules.c.
 */
#pragma once

#include "alert/tell_file.h"
#include "base/buf.h"

/* A route or a step that names a sink, which may be told of later. */
struct naming {
	char *file;
	size_t line, column, route, step; /* step past all: the route itself */
	char sink[TELL_NAME_MAX];
};

struct tell_reader {
	struct tell_usual usual;
	struct tell_rules *rules;
	struct naming *namings;
	size_t naming_count;
	struct buf *errors;
	bool has_failed;
};

enum { NAMINGS_MAX = 4096 };

/* False: there is one of that name, or too many; why says so. */
bool tell_reader_sink(struct tell_reader *reader, const char *name, const char *url,
		      const char *const *options, struct buf *why);
/* NULL: too many of them, or no memory. */
struct tell_route *tell_reader_route(struct tell_reader *reader);
struct tell_maintenance *tell_reader_maintenance(struct tell_reader *reader);
struct naming *tell_reader_naming(struct tell_reader *reader, const char *file);
