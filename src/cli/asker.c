/*
 * asker.c: see asker.h.
 */
#include "cli/asker.h"

#include <stdio.h>
#include <time.h>

#include "base/clock.h"
#include "cli/patience.h"

enum { BETWEEN_US = 1000000 };

bool asker_target(struct target *target, const char *text, const char *timeout,
		  char why[TARGET_WHY_MAX])
{
	uint32_t timeout_ms = 0;
	if (timeout != NULL && !target_timeout_parse(timeout, &timeout_ms)) {
		snprintf(why, TARGET_WHY_MAX,
			 "--timeout %.64s: allowed are " TARGET_TIMEOUT_ALLOWED,
			 timeout);
		return false;
	}
	if (!target_parse(target, text, why))
		return false;
	if (timeout != NULL)
		target->timeout_ms = timeout_ms;
	return true;
}

struct round {
	probe_done done;
	void *to;
	uint64_t asked, answered;
};

static void answered(void *self, const struct probe_record *record)
{
	struct round *round = self;
	round->answered++;
	round->done(round->to, record);
}

static void ask_all(struct round *round, struct prober *prober,
		    const struct target *target, uint64_t count)
{
	int64_t meant_us = clock_us(CLOCK_MONOTONIC);
	while (round->answered < count && !patience_has_ended()) {
		int64_t now_us = clock_us(CLOCK_MONOTONIC);
		bool is_due = round->asked == round->answered && round->asked < count;
		if (is_due && now_us >= meant_us) {
			if (!prober_ask(prober, target, meant_us, answered, round))
				return;
			round->asked++;
			meant_us += BETWEEN_US;
		}
		int wait_ms = is_due && now_us < meant_us
				      ? (int)((meant_us - now_us) / 1000) + 1
				      : 100;
		prober_turn(prober, wait_ms);
	}
}

bool asker_ask(const struct target *target, uint64_t count, probe_done done, void *to)
{
	struct round round = { .done = done, .to = to };
	struct prober *prober = prober_new();
	if (prober == NULL)
		return false;
	patience_begin();
	ask_all(&round, prober, target, count);
	patience_end();
	prober_free(prober);
	return true;
}

void asker_print_json(const struct probe_record *record)
{
	struct buf line = { 0 };
	record_json(&line, RECORD_probe, record);
	printf("%s\n", buf_cstr(&line));
	fflush(stdout);
	buf_free(&line);
}
