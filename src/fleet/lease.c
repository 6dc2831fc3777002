/*
 * lease.c: see lease.h.
 */
#include "fleet/lease.h"

#include <errno.h>

#define NEVER INT64_MIN

/* An answer that is lost, or somebody who was quicker: look again soon. */
#define AGAIN_US INT64_C(250000)

void lease_init(struct lease *lease)
{
	*lease = (struct lease){ .changed_us = NEVER, .held_us = NEVER };
}

bool lease_leads(const struct lease *lease, int64_t now_us)
{
	return lease->held_us != NEVER && now_us - lease->held_us < LEASE_HOLD_US;
}

/* Nobody has it, or who had it did not renew it for so long. */
static bool is_free(const struct lease *lease, int64_t now_us)
{
	return lease->changed_us != NEVER &&
	       (lease->revision == 0 || now_us - lease->changed_us >= LEASE_LOST_US);
}

enum lease_step lease_next(const struct lease *lease, int64_t now_us)
{
	if (now_us < lease->next_us)
		return LEASE_WAIT;
	bool puts = lease_leads(lease, now_us) || is_free(lease, now_us);
	return puts && !lease->must_look ? LEASE_PUT : LEASE_LOOK;
}

int64_t lease_wait_us(const struct lease *lease, int64_t now_us)
{
	return lease->next_us > now_us ? lease->next_us - now_us : 0;
}

/* When somebody who waits looks again: at the latest when it may be taken. */
static int64_t next_look(const struct lease *lease, int64_t now_us)
{
	int64_t free_us = lease->changed_us + LEASE_LOST_US;
	int64_t look_us = now_us + LEASE_LOOK_US;
	return lease->revision != 0 && free_us < look_us ? free_us : look_us;
}

/*
 * Of what is ours, but of which no answer came, it still holds only since the last that
 * did: it is put again at once, over that.
 */
void lease_saw(struct lease *lease, uint64_t revision, bool is_own, int64_t now_us)
{
	bool leads = is_own && lease_leads(lease, now_us);
	if (lease->changed_us == NEVER || revision != lease->revision)
		lease->changed_us = now_us;
	lease->revision = revision;
	lease->must_look = false;
	if (!leads)
		lease->held_us = NEVER;
	lease->next_us =
		leads || is_free(lease, now_us) ? now_us : next_look(lease, now_us);
}

void lease_saw_nothing(struct lease *lease, int64_t now_us)
{
	lease->next_us = now_us + LEASE_LOOK_US;
}

void lease_was_put(struct lease *lease, int result, uint64_t revision, int64_t asked_us,
		   int64_t now_us)
{
	if (result == 0) {
		lease->revision = revision;
		lease->changed_us = now_us;
		lease->held_us = asked_us;
		lease->next_us = asked_us + LEASE_RENEW_US;
		return;
	}
	/* Somebody was quicker, or that was ourselves, and no answer came of it. */
	lease->must_look = true;
	lease->next_us = now_us + AGAIN_US;
	if (!lease_leads(lease, now_us))
		lease->held_us = NEVER;
}

bool lease_give_up(struct lease *lease, int64_t now_us, uint64_t *revision)
{
	bool leads = lease_leads(lease, now_us);
	*revision = lease->revision;
	lease_init(lease);
	lease->next_us = INT64_MAX;
	return leads;
}
