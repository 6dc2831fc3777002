/*
 * log_pattern.c: see log_pattern.h.
 *
 * The interpreter, not the compiler of PCRE2: the daemon may make no memory executable.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "host/log_pattern.h"

#include <pcre2.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum {
	/* A greedy run over the longest line costs a step per byte, and there are two
	 * or three in a pattern; milliseconds at the most. */
	STEPS_MAX = 300000,
	HEAP_KIB_MAX = 4096,
	NESTING_MAX = 32, /* of brackets */
	NAMED_MAX = 32,
};

static const char *const field_names[LOG_FIELDS] = {
	[LOG_USER] = "user",
	[LOG_CLIENT_IP] = "client_ip",
	[LOG_CLIENT_PORT] = "client_port",
	[LOG_SERVER_IP] = "server_ip",
	[LOG_SERVER_PORT] = "server_port",
	[LOG_PROTOCOL] = "protocol",
	[LOG_METHOD] = "method",
	[LOG_COUNT] = "count",
	[LOG_SECONDS] = "seconds",
};

/* A named group; several may have the same name, in different branches. */
struct named {
	uint32_t group;
	enum log_field field;
};

struct log_pattern {
	pcre2_code *code;
	pcre2_match_data *match;
	pcre2_match_context *limits;
	struct named named[NAMED_MAX];
	size_t named_count;
};

void log_pattern_say_fields(struct buf *out)
{
	for (unsigned i = 0; i < LOG_FIELDS; i++)
		buf_printf(out, "%s%s", i > 0 ? ", " : "", field_names[i]);
}

static enum log_field field_named(const char *name)
{
	unsigned field = 0;
	while (field < LOG_FIELDS && strcmp(field_names[field], name) != 0)
		field++;
	return (enum log_field)field;
}

static bool compile(struct log_pattern *pattern, const char *text, struct buf *wrong)
{
	/* A name of a stranger may hold a newline, which sshd escapes but others don't:
	 * the dot takes it. */
	const uint32_t options = PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_DOTALL |
				 PCRE2_DUPNAMES | PCRE2_NEVER_BACKSLASH_C |
				 PCRE2_NEVER_UTF | PCRE2_NEVER_UCP;
	int error = 0;
	size_t at = 0;
	PCRE2_UCHAR8 message[160];
	pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	if (context == NULL) {
		buf_text(wrong, "there is not enough memory");
		return false;
	}
	pcre2_set_parens_nest_limit(context, NESTING_MAX);
	pattern->code = pcre2_compile((PCRE2_SPTR8)text, PCRE2_ZERO_TERMINATED, options,
				      &error, &at, context);
	pcre2_compile_context_free(context);
	if (pattern->code != NULL)
		return true;
	pcre2_get_error_message(error, message, sizeof(message));
	buf_printf(wrong, "%s after %zu bytes", (const char *)message, at);
	return false;
}

/* The table of names: entries of one size, a group's number and its name each. */
static bool take_names(struct log_pattern *pattern, struct buf *wrong)
{
	uint32_t count = 0, size = 0;
	PCRE2_SPTR8 entry = NULL;
	pcre2_pattern_info(pattern->code, PCRE2_INFO_NAMECOUNT, &count);
	pcre2_pattern_info(pattern->code, PCRE2_INFO_NAMEENTRYSIZE, &size);
	pcre2_pattern_info(pattern->code, PCRE2_INFO_NAMETABLE, (void *)&entry);
	for (uint32_t i = 0; i < count; i++, entry += size) {
		const char *name = (const char *)entry + 2;
		enum log_field field = field_named(name);
		if (field == LOG_FIELDS || pattern->named_count == NAMED_MAX) {
			buf_printf(wrong,
				   field == LOG_FIELDS
					   ? "a group can't be named %s"
					   : "too many named groups, from %s on",
				   name);
			return false;
		}
		pattern->named[pattern->named_count++] =
			(struct named){ .group = (uint32_t)entry[0] << 8 | entry[1],
					.field = field };
	}
	return true;
}

static bool make_room(struct log_pattern *pattern, struct buf *wrong)
{
	pattern->match = pcre2_match_data_create_from_pattern(pattern->code, NULL);
	pattern->limits = pcre2_match_context_create(NULL);
	if (pattern->match == NULL || pattern->limits == NULL) {
		buf_text(wrong, "there is not enough memory");
		return false;
	}
	pcre2_set_match_limit(pattern->limits, STEPS_MAX);
	pcre2_set_heap_limit(pattern->limits, HEAP_KIB_MAX);
	return true;
}

struct log_pattern *log_pattern_new(const char *text, struct buf *wrong)
{
	struct log_pattern *pattern = calloc(1, sizeof(*pattern));
	if (pattern == NULL) {
		buf_text(wrong, "there is not enough memory");
		return NULL;
	}
	if (compile(pattern, text, wrong) && take_names(pattern, wrong) &&
	    make_room(pattern, wrong))
		return pattern;
	log_pattern_free(pattern);
	return NULL;
}

void log_pattern_free(struct log_pattern *pattern)
{
	if (pattern == NULL)
		return;
	pcre2_match_context_free(pattern->limits);
	pcre2_match_data_free(pattern->match);
	pcre2_code_free(pattern->code);
	free(pattern);
}

enum log_fit log_pattern_fit(const struct log_pattern *pattern, struct bytes line,
			     struct bytes fields[static LOG_FIELDS])
{
	int groups = pcre2_match(pattern->code, line.at, line.len, 0, 0, pattern->match,
				 pattern->limits);
	if (groups < 0)
		return groups == PCRE2_ERROR_NOMATCH ? LOG_FITS_NOT : LOG_GAVE_UP;
	const size_t *ends = pcre2_get_ovector_pointer(pattern->match);
	memset(fields, 0, LOG_FIELDS * sizeof(fields[0]));
	for (size_t i = 0; i < pattern->named_count; i++) {
		const struct named *named = &pattern->named[i];
		size_t begin = ends[2 * named->group];
		size_t end = ends[2 * named->group + 1];
		/* \K in a lookahead can make a begin that is behind its end. */
		if (named->group < (uint32_t)groups && begin != PCRE2_UNSET &&
		    begin <= end)
			fields[named->field] = bytes_of(line.at + begin, end - begin);
	}
	return LOG_FITS;
}
