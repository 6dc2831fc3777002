/*
 * posture.c: see posture.h.
 */
#include "cli/posture.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "record/record.h"

const char *posture_no_packets(const json_t *status)
{
	const json_t *capture = json_object_get(status, "capture");
	if (!json_is_false(json_object_get(capture, "holds")))
		return NULL;
	const char *why = member_text(capture, "detail");
	return why != NULL ? why : "?";
}

double posture_grave_incidents(const json_t *status)
{
	const json_t *incidents = json_object_get(status, "incidents");
	const char *severity =
		member_text(json_object_get(incidents, "worst"), "severity");
	bool is_grave =
		severity != NULL && record_severity(severity) >= SEVERITY_MEDIUM;
	return is_grave ? member_number(incidents, "firing") : 0;
}

double posture_lost_packets(const json_t *status)
{
	double kernel = member_number(status, "kernel_dropped");
	double ring = member_number(status, "ring_dropped");
	return (isnan(kernel) ? 0 : kernel) + (isnan(ring) ? 0 : ring);
}

static void say_verdict(const struct posture_facts *facts, struct cell *out)
{
	const char *health = member_text(facts->health, "status");
	bool fine = health != NULL && strcmp(health, "ok") == 0;
	double grave = posture_grave_incidents(facts->status);
	if (fine && grave > 0)
		snprintf(out->text, sizeof(out->text), "! %.0f incident%s", grave,
			 grave == 1 ? "" : "s");
	else
		snprintf(out->text, sizeof(out->text), fine ? "Fine" : "! Not fine");
	out->tone = fine && grave == 0 ? TONE_GOOD : TONE_OVER;
}

static void say_reasons(const json_t *health, char *out, size_t size)
{
	char clean[128];
	size_t i, len = 0;
	json_t *reason;
	json_array_foreach(json_object_get(health, "reasons"), i, reason)
	{
		const char *value = json_string_value(reason);
		text_clean(clean, sizeof(clean), value == NULL ? "?" : value);
		if (len < size)
			len += (size_t)snprintf(out + len, size - len, "%s%s",
						i > 0 ? "; " : ": ", clean);
	}
}

/* The daemon is well; are the ports it watches? */
static void say_ports(const struct posture_facts *facts, struct cell *out)
{
	struct limits limits = limits_of(facts->status);
	size_t over = view_count_over(&view_ports, facts->ports, &limits);
	if (over == 0)
		return;
	snprintf(out->text, sizeof(out->text), "! %zu of %s%zu ports over a limit",
		 over, facts->busiest ? "the busiest " : "",
		 json_array_size(facts->ports));
	out->tone = TONE_OVER;
}

struct posture posture_of(const struct posture_facts *facts)
{
	struct posture posture = { 0 };
	say_verdict(facts, &posture.verdict);
	say_reasons(facts->health, posture.reasons, sizeof(posture.reasons));
	say_ports(facts, &posture.ports);
	return posture;
}
