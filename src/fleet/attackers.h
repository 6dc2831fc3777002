/*
 * attackers.h: which incident of the fleet a proven source belongs to: what one
 * attacker does to many machines is one.
 *
 * Only evidence that could not be forged joins (a handshake, or more): else somebody
 * would look guilty of what another did in his name.  What is not proven, and what is
 * of a local address, stays in the incident that its sensor gave it.
 */
#pragma once

#include "record/record.h"

struct attackers;
/* NULL without memory. */
struct attackers *attackers_new(void);
void attackers_free(struct attackers *attackers);

/*
 * First of all: what a sensor says is the incident, if it looks as those that sensors
 * make and is not of others; else one of its own, always the same for what it said.
 */
void attackers_name(struct finding_record *finding, bool is_of_others);
/*
 * Before the book of incidents sees it: a finding of a source that another sensor has
 * proven already gets the incident of that.
 */
void attackers_join(struct attackers *attackers, struct finding_record *finding);
/* After it: to which incident it belongs.  What is to come was now. */
void attackers_note(struct attackers *attackers, const struct finding_record *finding,
		    int64_t now_us);
