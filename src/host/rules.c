/*
 * rules.c: see rules.h.
 */
#include "host/rules.h"

#include <string.h>

#include "base/hex.h"

static const char *change_of(const struct rules *rules, const struct host_rules *told)
{
	if (!told->is_readable)
		return "unreadable";
	if (!rules->is_known)
		return "seen";
	return memcmp(rules->sha256, told->sha256, sizeof(rules->sha256)) != 0
		       ? "changed"
		       : "unchanged";
}

void rules_record(struct rules *rules, const struct host_event *event,
		  struct ruleset_record *out)
{
	const struct host_rules *told = &event->rules;
	char digits[2 * sizeof(told->sha256) + 1];
	record_init(RECORD_ruleset, out);
	out->at = event->at_us;
	out->change = change_of(rules, told);
	if (!told->is_readable)
		return;
	rules->is_known = true;
	memcpy(rules->sha256, told->sha256, sizeof(rules->sha256));
	hex_text(digits, told->sha256, sizeof(told->sha256));
	record_text(out->sha256, sizeof(out->sha256), digits);
	out->tables = told->tables;
	out->chains = told->chains;
	out->rules = told->rules;
	out->drops_unnamed = told->drops_unnamed != 0;
	out->counted_packets = told->counted_packets;
	out->counted_bytes = told->counted_bytes;
}
