/*
 * log_check.h: what the tests of logs share: lines as programs write them, read through
 * the formats that are built in.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "host/log_format.h"

static inline struct log_formats *built_in(void)
{
	struct buf errors = { 0 };
	struct log_formats *formats = log_formats_open("/no/such/folder", &errors);
	if (formats == NULL)
		fail_msg("%s", buf_cstr(&errors));
	buf_free(&errors);
	return formats;
}

static inline const struct log_format *format_named(const struct log_formats *formats,
						    const char *name)
{
	for (size_t i = 0; i < formats->count; i++)
		if (strcmp(formats->at[i]->name, name) == 0)
			return formats->at[i];
	fail_msg("no format %s", name);
	return NULL;
}

/* A line of syslog by that program. */
static inline bool says(struct log_formats *formats, const char *program,
			const char *text, struct log_login *out)
{
	const struct log_message message = {
		.identifier = bytes_of(program, strlen(program)),
		.text = bytes_of(text, strlen(text)),
		.medium = "/var/log/auth.log",
		.at_us = 1,
	};
	return log_formats_read(formats, &message, out);
}

/* A line of a file that the program of that format writes itself. */
static inline bool writes(struct log_formats *formats, const char *format,
			  const char *text, struct log_login *out)
{
	const struct log_message message = { .format = format_named(formats, format),
					     .text = bytes_of(text, strlen(text)),
					     .medium = "/var/log/its.log",
					     .at_us = 1 };
	return log_formats_read(formats, &message, out);
}
