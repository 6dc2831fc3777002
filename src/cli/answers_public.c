/*
 * answers_public.c: how the targets of the public status page are; see
 * answers_settings.h.
 */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "cli/answers_settings.h"

static_assert((int)WEB_PUBLIC_DAYS == (int)LIMITS_DAYS, "as many days are told");

/* "Shop=https://shop.example.org/?a=b": the name ends before what is a URL already. */
static const char *split(const char *text, char name[static CONFIG_TEXT_MAX])
{
	const char *equals = strchr(text, '='), *url = strstr(text, "://");
	bool has_name =
		equals != NULL && equals > text && (url == NULL || equals < url);
	snprintf(name, CONFIG_TEXT_MAX, "%.*s",
		 has_name ? (int)(equals - text) : (int)strlen(text), text);
	return has_name ? equals + 1 : text;
}

/* A word that the page has, whatever the record says. */
static const char *state_of(const struct probe_record *probe)
{
	static const char *const known[] = { "up", "degraded", "down" };
	if (probe->maintenance == 1)
		return "maintenance";
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (probe->hard_state != NULL &&
		    strcmp(probe->hard_state, known[i]) == 0)
			return known[i];
	return "unknown";
}

static const struct probe_record *last_of(const struct monitor *m, const char *target)
{
	for (size_t i = 0; i < m->probing.count; i++)
		if (strcmp(m->probing.last[i].target, target) == 0)
			return &m->probing.last[i];
	return NULL;
}

static void give(struct monitor *m, const char *text, web_public_take take, void *to)
{
	char name[CONFIG_TEXT_MAX];
	struct limits_day days[LIMITS_DAYS];
	const char *target = split(text, name);
	const struct probe_record *probe = last_of(m, target);
	struct web_public told = { .name = name,
				   .state = "unknown",
				   .since_us = UNKNOWN_TIME,
				   .answer_us = UNKNOWN_U64 };
	if (probe != NULL) {
		told.state = state_of(probe);
		told.since_us = probe->hard_since;
		told.answer_us = probe->answer_us;
	}
	if (limits_target_days(m->alerting.limits, target, clock_us(CLOCK_REALTIME),
			       days))
		for (int i = 0; i < LIMITS_DAYS; i++)
			told.days[i] = (struct web_public_day){ days[i].good_s,
								days[i].bad_s };
	take(to, &told);
}

void answers_public(void *self, web_public_take take, void *to)
{
	struct monitor *m = self;
	for (size_t i = 0; i < m->config.web_status_targets.count; i++)
		give(m, m->config.web_status_targets.at[i], take, to);
}
