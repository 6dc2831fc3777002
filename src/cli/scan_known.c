/*
 * scan_known.c: see scan_known.h.
 */
#include "cli/scan_known.h"

#include <string.h>

enum {
	KNOWN_S = 3600, /* whoever scans for longer tells again */
	AFTER_S = 10,   /* answers, and silence that is noticed */
};
#define SECOND_US 1000000LL

static int compare(const struct addr *a, const struct addr *b)
{
	return memcmp(a->ip6, b->ip6, sizeof(a->ip6));
}

static bool parse_addr(const char *text, size_t len, struct addr *out)
{
	char word[ADDR_TEXT_MAX];
	if (len >= sizeof(word))
		return false;
	memcpy(word, text, len);
	word[len] = '\0';
	return addr_parse(word, out);
}

static bool parse_range(const char *text, size_t len, struct scan_known_range *out)
{
	const char *dash = memchr(text, '-', len);
	if (dash == NULL)
		return false;
	size_t before = (size_t)(dash - text);
	return parse_addr(text, before, &out->first) &&
	       parse_addr(dash + 1, len - before - 1, &out->last) &&
	       addr_is_v4(&out->first) == addr_is_v4(&out->last) &&
	       compare(&out->first, &out->last) <= 0;
}

/* The one that is over first makes room. */
static void put(struct scan_known *known, const struct scan_known_range *range)
{
	struct scan_known_range *place = &known->at[0];
	for (int i = 0; i < SCANS_KNOWN_MAX; i++) {
		struct scan_known_range *at = &known->at[i];
		if (at->start_us == range->start_us &&
		    compare(&at->first, &range->first) == 0) {
			place = at;
			break;
		}
		if (at->until_us < place->until_us)
			place = at;
	}
	*place = *range;
}

bool scan_known_begin(struct scan_known *known, const struct scan_run_record *run,
		      int64_t now_us)
{
	struct scan_known fresh = *known;
	const char *text = run->targets;
	while (*text != '\0') {
		size_t len = strcspn(text, ",");
		struct scan_known_range range = {
			.start_us = run->start,
			.until_us = now_us + KNOWN_S * SECOND_US,
		};
		if (!parse_range(text, len, &range))
			return false;
		put(&fresh, &range);
		text += len + (text[len] == ',');
	}
	*known = fresh;
	return true;
}

void scan_known_end(struct scan_known *known, int64_t start_us, int64_t now_us)
{
	int64_t until_us = now_us + AFTER_S * SECOND_US;
	for (int i = 0; i < SCANS_KNOWN_MAX; i++)
		if (known->at[i].start_us == start_us &&
		    known->at[i].until_us > until_us)
			known->at[i].until_us = until_us;
}

bool scan_known_holds(const struct scan_known *known, const struct addr *target,
		      int64_t at_us)
{
	for (int i = 0; i < SCANS_KNOWN_MAX; i++)
		if (at_us <= known->at[i].until_us &&
		    compare(&known->at[i].first, target) <= 0 &&
		    compare(target, &known->at[i].last) <= 0)
			return true;
	return false;
}

void scan_known_text(struct buf *text, const struct addr *first,
		     const struct addr *last)
{
	char word[ADDR_TEXT_MAX];
	if (text->len > 0)
		buf_char(text, ',');
	addr_text(first, word);
	buf_printf(text, "%s-", word);
	addr_text(last, word);
	buf_text(text, word);
}
