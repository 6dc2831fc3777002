/*
 * expression.c: see expression.h.
 *
 * The interpreter, not the compiler of PCRE2: the daemon may make no memory executable.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "probe/expression.h"

#include <pcre2.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* A plain word costs about a step for each byte of a text, of which there may be a
 * mebibyte; ten times that is some 50 ms. */
enum { STEPS_MAX = 10000000, HEAP_KIB_MAX = 4096, NESTING_MAX = 32 };

struct expression {
	pcre2_code *code;
	pcre2_match_data *match;
	pcre2_match_context *limits;
};

static bool compile(struct expression *e, const char *text, char *why, size_t why_size)
{
	int error = 0;
	size_t at = 0;
	PCRE2_UCHAR8 message[120];
	pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	if (context == NULL) {
		snprintf(why, why_size, "there is not enough memory");
		return false;
	}
	pcre2_set_parens_nest_limit(context, NESTING_MAX);
	e->code = pcre2_compile((PCRE2_SPTR8)text, PCRE2_ZERO_TERMINATED,
				PCRE2_NEVER_BACKSLASH_C | PCRE2_NEVER_UTF |
					PCRE2_NEVER_UCP,
				&error, &at, context);
	pcre2_compile_context_free(context);
	if (e->code != NULL)
		return true;
	pcre2_get_error_message(error, message, sizeof(message));
	snprintf(why, why_size, "%s after %zu bytes", (const char *)message, at);
	return false;
}

static bool make_room(struct expression *e, char *why, size_t why_size)
{
	/* Only whether it fits is asked: one pair, for all of it. */
	e->match = pcre2_match_data_create(1, NULL);
	e->limits = pcre2_match_context_create(NULL);
	if (e->match == NULL || e->limits == NULL) {
		snprintf(why, why_size, "there is not enough memory");
		return false;
	}
	pcre2_set_match_limit(e->limits, STEPS_MAX);
	pcre2_set_heap_limit(e->limits, HEAP_KIB_MAX);
	return true;
}

struct expression *expression_new(const char *text, char *why, size_t why_size)
{
	struct expression *e = calloc(1, sizeof(*e));
	if (e == NULL) {
		snprintf(why, why_size, "there is not enough memory");
		return NULL;
	}
	if (compile(e, text, why, why_size) && make_room(e, why, why_size))
		return e;
	expression_free(e);
	return NULL;
}

void expression_free(struct expression *e)
{
	if (e == NULL)
		return;
	pcre2_match_context_free(e->limits);
	pcre2_match_data_free(e->match);
	pcre2_code_free(e->code);
	free(e);
}

enum expression_fit expression_fit(const struct expression *e, struct bytes text)
{
	PCRE2_SPTR8 at = text.len > 0 ? text.at : (PCRE2_SPTR8) "";
	int found = pcre2_match(e->code, at, text.len, 0, 0, e->match, e->limits);
	if (found >= 0)
		return EXPRESSION_FITS;
	return found == PCRE2_ERROR_NOMATCH ? EXPRESSION_FITS_NOT : EXPRESSION_GAVE_UP;
}
