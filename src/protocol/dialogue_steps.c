/*
 * dialogue_steps.c: see dialogue_steps.h.
 */
#include "protocol/dialogue_steps.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	/* Of a pattern against what strangers say. */
	MATCH_STEPS_MAX = 200000,
	MATCH_KIB_MAX = 4096,
	NESTING_MAX = 100,
};

static bool pattern_compile(struct pattern *pattern, const char *text, bool by_line,
			    char *why)
{
	int error = 0;
	PCRE2_SIZE at = 0;
	char message[128];
	uint32_t options = PCRE2_NEVER_BACKSLASH_C | (by_line ? 0 : PCRE2_MULTILINE);
	pcre2_compile_context *context = pcre2_compile_context_create(NULL);
	pattern->text = strdup(text);
	if (context == NULL || pattern->text == NULL) {
		pcre2_compile_context_free(context);
		return false;
	}
	pcre2_set_newline(context, PCRE2_NEWLINE_ANYCRLF);
	pcre2_set_parens_nest_limit(context, NESTING_MAX);
	pattern->code = pcre2_compile((PCRE2_SPTR8)text, PCRE2_ZERO_TERMINATED, options,
				      &error, &at, context);
	pcre2_compile_context_free(context);
	if (pattern->code != NULL)
		return true;
	pcre2_get_error_message(error, (PCRE2_UCHAR8 *)message, sizeof(message));
	snprintf(why, DIALOGUE_WHY_MAX, "\"%.40s\" at %zu: %.100s", text, at, message);
	return false;
}

static bool bytes_copy(struct bytes *copy, struct bytes bytes)
{
	uint8_t *at = malloc(bytes.len + 1);
	if (at == NULL)
		return false;
	if (bytes.len > 0)
		memcpy(at, bytes.at, bytes.len);
	*copy = bytes_of(at, bytes.len);
	return true;
}

static bool step_read(struct step *step, const struct dialogue_words *words, char *why)
{
	step->by_line = words->by_line;
	step->starts_tls = words->starts_tls;
	if (words->fails_if != NULL && words->expect == NULL) {
		snprintf(why, DIALOGUE_WHY_MAX, "fails_if needs an expect beside it");
		return false;
	}
	if (words->expect != NULL &&
	    !pattern_compile(&step->expect, words->expect, words->by_line, why))
		return false;
	if (words->fails_if != NULL &&
	    !pattern_compile(&step->fails_if, words->fails_if, words->by_line, why))
		return false;
	return bytes_copy(&step->expect_bytes, words->expect_bytes) &&
	       bytes_copy(&step->send, words->send);
}

static bool steps_read(struct dialogue_steps *steps, const struct dialogue_words *words,
		       size_t count, char *why)
{
	bool had_tls = false;
	steps->limits = pcre2_match_context_create(NULL);
	if (steps->limits == NULL)
		return false;
	pcre2_set_match_limit(steps->limits, MATCH_STEPS_MAX);
	pcre2_set_heap_limit(steps->limits, MATCH_KIB_MAX);
	for (size_t i = 0; i < count; i++) {
		if (words[i].starts_tls && had_tls) {
			snprintf(why, DIALOGUE_WHY_MAX, "TLS can be started only once");
			return false;
		}
		had_tls |= words[i].starts_tls;
		steps->count++;
		if (!step_read(&steps->step[i], &words[i], why))
			return false;
	}
	return true;
}

struct dialogue_steps *dialogue_steps_new(const struct dialogue_words *words,
					  size_t count, char *why)
{
	if (count > DIALOGUE_STEPS_MAX) {
		snprintf(why, DIALOGUE_WHY_MAX, "more than %d steps",
			 DIALOGUE_STEPS_MAX);
		return NULL;
	}
	snprintf(why, DIALOGUE_WHY_MAX, "no memory");
	struct dialogue_steps *steps =
		calloc(1, sizeof(*steps) + count * sizeof(steps->step[0]));
	if (steps != NULL && !steps_read(steps, words, count, why)) {
		dialogue_steps_free(steps);
		return NULL;
	}
	return steps;
}

static void pattern_free(struct pattern *pattern)
{
	pcre2_code_free(pattern->code);
	free(pattern->text);
}

void dialogue_steps_free(struct dialogue_steps *steps)
{
	if (steps == NULL)
		return;
	for (size_t i = 0; i < steps->count; i++) {
		pattern_free(&steps->step[i].expect);
		pattern_free(&steps->step[i].fails_if);
		free((void *)steps->step[i].expect_bytes.at);
		free((void *)steps->step[i].send.at);
	}
	pcre2_match_context_free(steps->limits);
	free(steps);
}
