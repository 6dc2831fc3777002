/*
 * users.c: see users.h.
 */
#include "detect/users.h"

#include <string.h>

static uint64_t known(uint64_t value)
{
	return value == UNKNOWN_U64 ? 0 : value;
}

static bool is_word(const char *word, const char *wanted)
{
	return word != NULL && strcmp(word, wanted) == 0;
}

/* It has an end that says how it went. */
static bool has_ended(const struct flow_record *flow)
{
	return is_word(flow->end_reason, "closed") ||
	       is_word(flow->end_reason, "reset") ||
	       is_word(flow->end_reason, "rejected") ||
	       is_word(flow->end_reason, "timeout");
}

/*
 * A half-open connection is no failure: the server did answer.  Nor is a reset after an
 * answer: many servers close so.
 */
enum users_outcome users_outcome(const struct flow_record *flow)
{
	bool is_tcp = is_word(flow->transport, "tcp");
	if (!has_ended(flow) || flow->probe == 1)
		return USERS_NONE;
	if (is_word(flow->end_reason, "rejected"))
		return USERS_REJECTED;
	if (is_word(flow->state, "S0"))
		return USERS_UNANSWERED;
	if (is_tcp && is_word(flow->state, "RSTR") && known(flow->responses) == 0)
		return USERS_RESET;
	if (known(flow->answers) > 0 && flow->answer_errors == flow->answers)
		return USERS_ERRORS;
	bool is_served = is_tcp ? flow->handshake_us != UNKNOWN_U64 &&
					  known(flow->server_payload_bytes) > 0
				: known(flow->server_packets) > 0;
	return is_served ? USERS_WELL : USERS_NONE;
}

static void turn_slots(struct users *users, int64_t slot)
{
	if (slot <= users->slot)
		return;
	int64_t over = slot - users->slot;
	for (int64_t i = 1; i <= over && i <= USERS_SLOTS; i++)
		users->slots[(users->slot + i) % USERS_SLOTS] =
			(struct users_sum){ { 0 } };
	users->slot = slot;
}

static void note_source(struct users *users, const struct addr *ip, int64_t at_us)
{
	unsigned place = 0;
	for (unsigned i = 0; i < USERS_SOURCES; i++) {
		if (addr_equal(&users->failing[i].ip, ip)) {
			place = i;
			break;
		}
		if (users->failing[i].at_us < users->failing[place].at_us)
			place = i;
	}
	users->failing[place].ip = *ip;
	users->failing[place].at_us = at_us;
}

void users_add(struct users *users, const struct flow_record *flow,
	       enum users_outcome outcome)
{
	int64_t slot = flow->end / USERS_SLOT_US;
	if (outcome == USERS_NONE || slot <= users->slot - USERS_SLOTS)
		return;
	turn_slots(users, slot);
	users->slots[slot % USERS_SLOTS].by[outcome]++;
	if (outcome != USERS_WELL) {
		users->failed++;
		const struct addr source = addr_source(&flow->client_ip);
		note_source(users, &source, flow->end);
		return;
	}
	users->was_well = true;
	users->connect_us = flow->handshake_us;
	users->first_byte_us = flow->response_mean_us;
}

struct users_sum users_sum(const struct users *users, int64_t now_us, unsigned slots)
{
	struct users_sum sum = { { 0 } };
	int64_t now = now_us / USERS_SLOT_US;
	for (unsigned i = 0; i < slots; i++) {
		int64_t slot = now - i;
		if (slot > users->slot || slot <= users->slot - USERS_SLOTS)
			continue;
		for (unsigned k = 0; k < USERS_OUTCOMES; k++)
			sum.by[k] += users->slots[slot % USERS_SLOTS].by[k];
	}
	return sum;
}

uint32_t users_total(const struct users_sum *sum)
{
	return sum->by[USERS_WELL] + users_failures(sum);
}

uint32_t users_failures(const struct users_sum *sum)
{
	uint32_t failures = 0;
	for (unsigned k = USERS_REJECTED; k < USERS_OUTCOMES; k++)
		failures += sum->by[k];
	return failures;
}

unsigned users_failing_sources(const struct users *users, int64_t now_us)
{
	unsigned count = 0;
	for (unsigned i = 0; i < USERS_SOURCES; i++)
		count += users->failing[i].at_us > now_us - USERS_WINDOW_US;
	return count;
}
