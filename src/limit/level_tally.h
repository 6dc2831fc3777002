/*
 * level_tally.h: what records say of a service level: which time, or how many events,
 * were good or bad.
 *
 * A target is as its last probe said until the next one comes; if none does, soon
 * nothing is known of it any more, and that time is neither good nor bad.
 */
#pragma once

#include "limit/level.h"
#include "limit/level_history.h"

enum level_state { LEVEL_UNKNOWN, LEVEL_GOOD, LEVEL_BAD };
enum { TALLY_STEPS = 4 }; /* a probe that is repeated at once does not come often */

/* All zero: nothing is known. */
struct level_tally {
	int32_t state;                /* enum level_state, since at_us */
	int64_t until_us;             /* what was until then has been told */
	int64_t at_us;                /* of the last record; 0: none yet */
	int64_t step_us[TALLY_STEPS]; /* between the last records, the newest first */
};

struct level_piece {
	int64_t from_us, to_us;
	struct level_amount amount;
};

/* The time until now, if it is known how that was; false: nothing of it is. */
bool level_tally_pass(struct level_tally *tally, int64_t now_us,
		      struct level_piece *out);
/* So it is from now on; after level_tally_pass(). */
void level_tally_note(struct level_tally *tally, enum level_state state,
		      int64_t now_us);
/* Nobody watched until now. */
void level_tally_forget(struct level_tally *tally, int64_t now_us);

/* Of a level that goes by probes; in maintenance nothing is promised: unknown. */
enum level_state level_probe_state(const struct limit_level *level,
				   const struct probe_record *probe);

/*
 * Of one that goes by traffic; false if the record says nothing new.  Of one that
 * overlaps the last its share counts that is newer.
 */
bool level_tally_port(struct level_tally *tally, const struct limit_level *level,
		      const struct port_record *port, struct level_piece *out);

/* How it stands, of so much in that window: what follows from the sum. */
void level_sum_up(const struct limit_level *level, int64_t window_us,
		  const struct level_amount *amount, struct level_record *out);
/* Share of the error budget; NaN: none is known. */
double level_budget_left(const struct limit_level *level, int64_t window_us,
			 const struct level_amount *amount);
double level_reached(const struct level_amount *amount);
