/*
 * limits.c: see limits.h.
 */
#include "probe/limits.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/when.h"

#define DAY_US 86400000000.0

bool limit_slow_parse(const char *text, uint32_t *slow_ms)
{
	*slow_ms = 0;
	return strcmp(text, "off") == 0 ||
	       milliseconds_parse(text, LIMIT_SLOW_MAX_MS, slow_ms);
}

bool limit_days_parse(const char *text, uint32_t *days)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);
	*days = (uint32_t)value;
	return text[0] >= '0' && text[0] <= '9' && *end == '\0' &&
	       value <= LIMIT_DAYS_MAX;
}

void limits_fill(struct probe_limits *limits, const struct probe_limits *usual)
{
	if (limits->slow_ms == LIMIT_UNSET)
		limits->slow_ms = usual->slow_ms;
	if (limits->certificate_days == LIMIT_UNSET)
		limits->certificate_days = usual->certificate_days;
}

/* ---- the certificate ---- */

double certificate_days_left(int64_t not_after_us, int64_t now_us)
{
	return trunc((double)(not_after_us - now_us) / DAY_US);
}

bool certificate_ends_within(int64_t not_after_us, int64_t now_us, double days)
{
	return not_after_us < now_us ||
	       certificate_days_left(not_after_us, now_us) <= days;
}

static bool is_expiring(const struct probe_limits *limits, struct probe_record *r)
{
	char when[32] = "";
	struct tm tm;
	if (limits->certificate_days == 0 || limits->certificate_days == LIMIT_UNSET ||
	    r->cert_not_after == UNKNOWN_TIME ||
	    !certificate_ends_within(r->cert_not_after, r->at,
				     limits->certificate_days))
		return false;
	time_t end = r->cert_not_after / 1000000;
	if (gmtime_r(&end, &tm) != NULL)
		strftime(when, sizeof(when), "%Y-%m-%d %H:%M UTC", &tm);
	snprintf(r->detail, sizeof(r->detail),
		 "the certificate ends in %.0f days (%s), within the limit of %u",
		 certificate_days_left(r->cert_not_after, r->at), when,
		 limits->certificate_days);
	return true;
}

/* ---- the time ---- */

static double ms_of(uint64_t us)
{
	return (double)us / 1000;
}

static void add_phase(char *text, size_t size, const char *name, uint64_t us)
{
	size_t len = strlen(text);
	snprintf(text + len, size - len, "%s%s %.1f", len == 0 ? "" : ", ", name,
		 ms_of(us));
}

/* "connect 0.2, TLS 8.1, first byte 120.4, rest 3.0" */
static void write_phases(const struct probe_record *r, char *text, size_t size)
{
	const struct {
		const char *name;
		uint64_t us;
	} phases[] = { { "connect", r->connect_us },
		       { "TLS", r->tls_us },
		       { "first byte", r->first_byte_us } };
	uint64_t known_us = 0;
	text[0] = '\0';
	for (size_t i = 0; i < sizeof(phases) / sizeof(phases[0]); i++) {
		if (phases[i].us == UNKNOWN_U64)
			continue;
		add_phase(text, size, phases[i].name, phases[i].us);
		known_us += phases[i].us;
	}
	if (known_us > 0 && r->answer_us > known_us)
		add_phase(text, size, "rest", r->answer_us - known_us);
}

static bool is_slow(const struct probe_limits *limits, struct probe_record *r)
{
	char phases[128];
	if (limits->slow_ms == 0 || limits->slow_ms == LIMIT_UNSET ||
	    r->answer_us == UNKNOWN_U64 || r->answer_us <= limits->slow_ms * 1000ULL)
		return false;
	write_phases(r, phases, sizeof(phases));
	snprintf(r->detail, sizeof(r->detail), "answered in %.1f ms, limit %u ms%s%s",
		 ms_of(r->answer_us), limits->slow_ms, phases[0] != '\0' ? ": " : "",
		 phases);
	return true;
}

enum reason limits_judge(const struct probe_limits *limits, struct probe_record *r)
{
	if (is_slow(limits, r))
		return REASON_slow;
	return is_expiring(limits, r) ? REASON_certificate_expiring : REASON_NONE;
}
