/*
 * settings_told.c: see settings_told.h.
 */
#include "cli/settings_told.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "probe/event.h"

enum step { STEP_BEGIN, STEP_TARGET, STEP_MAINTENANCE, STEP_END };

enum number {
	NUMBER_INTERVAL,
	NUMBER_RETRY,
	NUMBER_PASSIVE,
	NUMBER_FAILS,
	NUMBER_OF,
	NUMBER_RECOVERS,
	NUMBER_SLOW,
	NUMBER_CERTIFICATE_DAYS,
	NUMBERS
};

struct setting {
	uint32_t kind; /* PROBE_TOLD_SETTING */
	uint32_t step;
	uint32_t numbers[NUMBERS]; /* STEP_BEGIN */
	char text[CONFIG_TEXT_MAX];
};

/* ---- in the daemon ---- */

static bool tell(struct guard *process, const struct setting *setting)
{
	return guard_tell(process, setting, sizeof(*setting)) == 0;
}

static bool tell_begin(struct guard *process, const struct config *config)
{
	struct setting setting;
	memset(&setting, 0, sizeof(setting));
	setting.kind = PROBE_TOLD_SETTING;
	setting.step = STEP_BEGIN;
	setting.numbers[NUMBER_INTERVAL] = config->probe_interval;
	setting.numbers[NUMBER_RETRY] = config->probe_retry;
	setting.numbers[NUMBER_PASSIVE] = config->probe_passive;
	setting.numbers[NUMBER_FAILS] = config->probe_fails;
	setting.numbers[NUMBER_OF] = config->probe_of;
	setting.numbers[NUMBER_RECOVERS] = config->probe_recovers;
	setting.numbers[NUMBER_SLOW] = config->probe_slow;
	setting.numbers[NUMBER_CERTIFICATE_DAYS] = config->probe_certificate_days;
	return tell(process, &setting);
}

static bool tell_text(struct guard *process, enum step step, const char *text)
{
	struct setting setting;
	memset(&setting, 0, sizeof(setting));
	setting.kind = PROBE_TOLD_SETTING;
	setting.step = step;
	snprintf(setting.text, sizeof(setting.text), "%s", text);
	return tell(process, &setting);
}

bool settings_tell(struct guard *process, const struct config *config)
{
	bool told = tell_begin(process, config);
	for (size_t i = 0; i < config->probe_targets.count && told; i++)
		told = tell_text(process, STEP_TARGET, config->probe_targets.at[i]);
	for (size_t i = 0; i < config->probe_maintenance.count && told; i++)
		told = tell_text(process, STEP_MAINTENANCE,
				 config->probe_maintenance.at[i]);
	return told && tell_text(process, STEP_END, "");
}

/* ---- in the process ---- */

static void begin(struct config *coming, const uint32_t numbers[NUMBERS])
{
	coming->probe_targets.count = coming->probe_maintenance.count = 0;
	coming->probe_interval = numbers[NUMBER_INTERVAL];
	coming->probe_retry = numbers[NUMBER_RETRY];
	coming->probe_passive = numbers[NUMBER_PASSIVE] != 0;
	coming->probe_fails = numbers[NUMBER_FAILS];
	coming->probe_of = numbers[NUMBER_OF];
	coming->probe_recovers = numbers[NUMBER_RECOVERS];
	coming->probe_slow = numbers[NUMBER_SLOW];
	coming->probe_certificate_days = numbers[NUMBER_CERTIFICATE_DAYS];
}

static void add_text(struct config_texts *texts, const char *text)
{
	if (texts->count < CONFIG_LIST_MAX)
		snprintf(texts->at[texts->count++], CONFIG_TEXT_MAX, "%s", text);
}

/* As the configuration's own limits have it (config.def). */
static bool is_in_range(const uint32_t numbers[NUMBERS])
{
	return numbers[NUMBER_INTERVAL] >= 1 && numbers[NUMBER_INTERVAL] <= 86400 &&
	       numbers[NUMBER_RETRY] >= 1 && numbers[NUMBER_RETRY] <= 86400 &&
	       numbers[NUMBER_OF] >= 1 && numbers[NUMBER_OF] <= HEALTH_MEMORY &&
	       numbers[NUMBER_FAILS] >= 1 &&
	       numbers[NUMBER_FAILS] <= numbers[NUMBER_OF] &&
	       numbers[NUMBER_RECOVERS] >= 1 &&
	       numbers[NUMBER_RECOVERS] <= HEALTH_MEMORY;
}

enum settings_taken settings_take(struct config *coming, const void *message,
				  size_t len)
{
	static bool has_begun;
	struct setting setting;
	if (len != sizeof(setting))
		return SETTINGS_NONE;
	memcpy(&setting, message, sizeof(setting));
	if (setting.kind != PROBE_TOLD_SETTING)
		return SETTINGS_NONE;
	setting.text[sizeof(setting.text) - 1] = '\0';
	if (setting.step == STEP_BEGIN) {
		has_begun = is_in_range(setting.numbers);
		begin(coming, setting.numbers);
	} else if (setting.step == STEP_TARGET) {
		add_text(&coming->probe_targets, setting.text);
	} else if (setting.step == STEP_MAINTENANCE) {
		add_text(&coming->probe_maintenance, setting.text);
	} else if (has_begun) {
		has_begun = false;
		return SETTINGS_WHOLE;
	}
	return SETTINGS_PART;
}
