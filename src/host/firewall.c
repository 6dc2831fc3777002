/*
 * firewall.c: walks the rules with a set of packets; see firewall.h.
 *
 * Of each field the set has an interval, or some possible bits.  A rule holds for all
 * of these packets, for none, or perhaps for some; and a chain is left in one way or
 * in several.  If "accepted" is not among the ways out of some chain, nobody gets in.
 * If it is the only way out of all of them, everybody in the set does: to find somebody
 * who does, the sets are also tried with one sender each.
 */
#include "host/firewall.h"

#include <netinet/in.h>
#include <string.h>

/* What one walk through a base chain may cost, in rules and compared values. */
enum { DEPTH_MAX = 16, BUDGET = 20000, LOOKED_THROUGH = 2000 };

/* Ways out of a chain. */
enum { WAY_ACCEPT = 1, WAY_DROP = 2, WAY_END = 4, WAY_ALL = 7, WAY_TOO_LONG = 8 };

enum truth { NO, MAYBE, YES };

/* A SYN without FIN, RST and ACK: nothing else opens a connection. */
enum { FLAGS_FIXED = 1 | 2 | 4 | 16, FLAGS_SET = 2 };

/* IPv6's headers between its own and that of the transport. */
static const uint8_t extensions[] = { 0, 43, 44, 50, 51, 60, 135, 139, 140 };

struct packets {
	uint8_t transport, network;
	struct rule_range port, source, destination;
	uint8_t track;          /* possible states */
	bool may_be_translated; /* its destination */
	bool is_whole;          /* not a fragment, which may end after the ports */
};

struct walk {
	const struct ruleset *of;
	const struct packets *packets;
	size_t budget;
	bool has_failed;
};

/* ---- comparing ---- */

static int compare(const struct addr *a, const struct addr *b)
{
	return memcmp(a->ip6, b->ip6, sizeof(a->ip6));
}

static enum truth holds(const struct rule_range *range, const struct rule_range *of)
{
	if (compare(&range->last, &of->first) < 0 ||
	    compare(&range->first, &of->last) > 0)
		return NO;
	return compare(&range->first, &of->first) <= 0 &&
			       compare(&range->last, &of->last) >= 0
		       ? YES
		       : MAYBE;
}

static struct rule_range number_range(uint16_t first, uint16_t last)
{
	struct rule_range range = { 0 };
	range.first.ip6[14] = (uint8_t)(first >> 8);
	range.first.ip6[15] = (uint8_t)first;
	range.last.ip6[14] = (uint8_t)(last >> 8);
	range.last.ip6[15] = (uint8_t)last;
	return range;
}

static enum truth holds_number(const struct rule_range *range, uint8_t number)
{
	const struct rule_range one = number_range(number, number);
	return holds(range, &one);
}

static enum truth next_header(const struct rule_range *range, uint8_t transport)
{
	if (holds_number(range, transport) != NO)
		return MAYBE;
	for (size_t i = 0; i < sizeof(extensions); i++)
		if (holds_number(range, extensions[i]) != NO)
			return MAYBE;
	return NO;
}

static enum truth has_bit(uint32_t wanted, uint32_t fixed, uint32_t set)
{
	if ((wanted & set) != 0)
		return YES;
	return (wanted & ~fixed) != 0 ? MAYBE : NO;
}

static enum truth flags(const struct rule_match *match, uint32_t bits,
			const struct packets *packets)
{
	enum truth truth = YES;
	if (match->has_any_bit)
		truth = has_bit(bits, FLAGS_FIXED, FLAGS_SET);
	else if (((bits ^ FLAGS_SET) & match->mask & FLAGS_FIXED) != 0 ||
		 (bits & ~match->mask) != 0)
		truth = NO;
	else if ((match->mask & ~FLAGS_FIXED) != 0)
		truth = MAYBE;
	return packets->is_whole ? truth : MAYBE;
}

static enum truth track(uint32_t bits, uint8_t possible)
{
	if ((possible & bits) == 0)
		return NO;
	return (possible & ~bits) == 0 ? YES : MAYBE;
}

static enum truth compare_value(const struct rule_match *match,
				const struct rule_value *value,
				const struct packets *packets)
{
	if (value->is_any)
		return YES;
	switch (match->field) {
	case FIELD_TRANSPORT:
		return holds_number(&value->range, packets->transport);
	case FIELD_NEXT_HEADER:
		return next_header(&value->range, packets->transport);
	case FIELD_NETWORK:
		return holds_number(&value->range, packets->network);
	case FIELD_PORT:
		return holds(&value->range, &packets->port);
	case FIELD_SOURCE:
		return holds(&value->range, &packets->source);
	case FIELD_DESTINATION:
		return holds(&value->range, &packets->destination);
	case FIELD_IFACE:
		return value->is_lo ? NO : MAYBE;
	case FIELD_TRACK:
		return track(value->bits, packets->track);
	case FIELD_TRANSLATED:
		return packets->may_be_translated ? MAYBE : NO;
	case FIELD_TCP_FLAGS:
		return flags(match, value->bits, packets);
	case FIELD_UNKNOWN:
		break;
	}
	return MAYBE;
}

/* False: the expression is not even looked at in these packets. */
static bool applies(const struct rule_match *match, const struct packets *packets)
{
	return (match->transport == 0 || match->transport == packets->transport) &&
	       (match->network == 0 || match->network == packets->network);
}

static bool is_unclear(const struct rule_match *match)
{
	return match->is_vague || match->field == FIELD_UNKNOWN;
}

static bool spend(struct walk *walk, size_t cost)
{
	if (walk->budget < cost) {
		walk->has_failed = true;
		return false;
	}
	walk->budget -= cost;
	return true;
}

static enum truth matches(struct walk *walk, const struct rule_match *match)
{
	if (!applies(match, walk->packets))
		return NO;
	/* A list of thousands of addresses may hold some senders, and not all. */
	if (is_unclear(match) || match->count > LOOKED_THROUGH ||
	    !spend(walk, match->count))
		return MAYBE;
	enum truth truth = NO;
	const struct rule_value *values = &walk->of->values[match->values];
	for (uint32_t i = 0; i < match->count && truth != YES; i++) {
		enum truth one = compare_value(match, &values[i], walk->packets);
		truth = one > truth ? one : truth;
	}
	truth = match->is_negated ? YES - truth : truth;
	return match->is_partial && truth == YES ? MAYBE : truth;
}

/* ---- walking ---- */

/* What a verdict may do with the packets. */
struct passage {
	int ways;
	bool goes_on; /* some may come to what follows */
};

static int walk_chain(struct walk *walk, uint32_t chain, int depth);

// NOLINTNEXTLINE(misc-no-recursion): no deeper than DEPTH_MAX
static struct passage follow(struct walk *walk, uint8_t verdict, uint32_t chain,
			     int depth)
{
	int ways = 0;
	switch (verdict) {
	case VERDICT_ACCEPT:
		return (struct passage){ WAY_ACCEPT, false };
	case VERDICT_DROP:
		return (struct passage){ WAY_DROP, false };
	case VERDICT_RETURN:
		return (struct passage){ WAY_END, false };
	case VERDICT_GOTO:
		return (struct passage){ walk_chain(walk, chain, depth + 1), false };
	case VERDICT_JUMP:
		ways = walk_chain(walk, chain, depth + 1);
		return (struct passage){ ways & ~WAY_END, (ways & WAY_END) != 0 };
	default:
		return (struct passage){ 0, true };
	}
}

/* "*" stands for what no other value holds. */
// NOLINTNEXTLINE(misc-no-recursion)
static struct passage look_up(struct walk *walk, const struct rule_match *match,
			      int depth)
{
	struct passage all = { 0, false };
	bool is_found = false;
	const struct rule_value *values = &walk->of->values[match->values];
	uint32_t count = match->count;
	if (!applies(match, walk->packets) || !spend(walk, count))
		return (struct passage){ 0, true };
	for (uint32_t i = 0; i < 2 * count && !is_found; i++) {
		bool is_last = i >= count;
		const struct rule_value *value = &values[is_last ? i - count : i];
		if (value->is_any != is_last)
			continue;
		enum truth truth = is_unclear(match)
					   ? MAYBE
					   : compare_value(match, value, walk->packets);
		if (truth == NO)
			continue;
		if (match->is_partial)
			truth = MAYBE;
		struct passage one = follow(walk, value->verdict, value->chain, depth);
		is_found = truth == YES;
		all.ways |= one.ways;
		all.goes_on = all.goes_on || one.goes_on;
	}
	all.goes_on = all.goes_on || !is_found;
	return all;
}

/* True if some packets may come to the next rule. */
// NOLINTNEXTLINE(misc-no-recursion)
static bool walk_rule(struct walk *walk, const struct rule *rule, int depth, int *ways)
{
	enum truth so_far = YES;
	for (uint32_t i = 0; i < rule->count; i++) {
		const struct rule_step *step = &walk->of->steps[rule->steps + i];
		enum truth truth = YES;
		struct passage passage = { 0, true };
		if (step->kind == STEP_MAYBE)
			truth = MAYBE;
		else if (step->kind == STEP_MATCH)
			truth = matches(walk, &step->match);
		else if (step->kind == STEP_MAP)
			passage = look_up(walk, &step->match, depth);
		else
			passage = follow(walk, step->verdict, step->chain, depth);
		if (truth == NO)
			return true;
		*ways |= passage.ways;
		if (!passage.goes_on)
			return so_far != YES;
		/* Who comes back from a chain goes on behind this rule, not in it. */
		bool has_verdict = step->kind == STEP_VERDICT || step->kind == STEP_MAP;
		truth = has_verdict ? MAYBE : truth;
		so_far = truth < so_far ? truth : so_far;
	}
	return true;
}

// NOLINTNEXTLINE(misc-no-recursion)
static int walk_chain(struct walk *walk, uint32_t chain, int depth)
{
	int ways = 0;
	if (depth > DEPTH_MAX)
		walk->has_failed = true;
	uint32_t at = walk->of->chains[chain].first;
	while (at != RULE_NONE) {
		const struct rule *rule = &walk->of->rules[at];
		if (walk->has_failed || !spend(walk, 1))
			return WAY_ALL;
		if (!walk_rule(walk, rule, depth, &ways))
			return ways;
		at = rule->next;
	}
	return ways | WAY_END;
}

static int walk_base(struct walk *walk, uint32_t place)
{
	const struct rule_chain *chain = &walk->of->chains[place];
	int ways = walk_chain(walk, place, 0);
	if ((ways & WAY_END) != 0)
		ways |= chain->drops ? WAY_DROP : WAY_ACCEPT;
	/* Translation sees some packets only, and a table may be asleep. */
	if (chain->is_nat || chain->is_doubtful)
		ways |= WAY_ACCEPT;
	return ways & ~WAY_END;
}

/* ---- packets ---- */

enum { TRACKING_PRIORITY = -200 };

static struct rule_range all_of(uint8_t network)
{
	static const uint8_t none[16] = { 0 };
	struct rule_range all = { addr_v6(none), addr_unset() };
	if (network == 4) {
		all.first = addr_v4(none);
		all.last = addr_v4(all.last.ip6);
	}
	return all;
}

static struct packets packets_to(const struct ruleset *ruleset,
				 const struct firewall_door *door, uint8_t network)
{
	uint8_t effects = ruleset->early_effects;
	struct packets packets = {
		.transport = door->proto,
		.network = network,
		.port = number_range(door->port, door->port),
		.source = all_of(network),
		.destination = addr_is_unspecified(&door->addr)
				       ? all_of(network)
				       : (struct rule_range){ door->addr, door->addr },
		.track = TRACK_NEW,
		.may_be_translated = (effects & EFFECT_REWRITES) != 0,
		.is_whole = true,
	};
	if ((effects & EFFECT_UNTRACKS) != 0)
		packets.track |= TRACK_UNTRACKED | TRACK_INVALID;
	if (((effects | ruleset->input_effects) & EFFECT_HELPS) != 0)
		packets.track |= TRACK_RELATED;
	/* SCTP has more than one way to begin. */
	if (door->proto == IPPROTO_SCTP)
		packets.track = TRACK_ALL;
	return packets;
}

/* As they are before the chain: less is known of them there. */
static struct packets packets_at(const struct rule_chain *chain,
				 const struct packets *packets)
{
	struct packets early = *packets;
	if (chain->hook != HOOK_PREROUTING)
		return early;
	early.is_whole = false;
	if (chain->priority <= TRACKING_PRIORITY)
		early.track = TRACK_ALL;
	if (packets->may_be_translated) {
		early.port = number_range(0, UINT16_MAX);
		early.destination = all_of(packets->network);
	}
	return early;
}

static bool is_on_the_way(const struct rule_chain *chain, uint8_t network)
{
	return (chain->hook == HOOK_PREROUTING || chain->hook == HOOK_INPUT) &&
	       !chain->is_foreign && (chain->network == 0 || chain->network == network);
}

/* WAY_DROP: nobody gets in; WAY_ACCEPT: all do; more: it is not known. */
static int walk_all(const struct ruleset *ruleset, const struct packets *packets)
{
	int ways = WAY_ACCEPT;
	for (uint32_t i = 0; i < ruleset->chain_count; i++) {
		const struct rule_chain *chain = &ruleset->chains[i];
		if (!is_on_the_way(chain, packets->network))
			continue;
		struct packets here = packets_at(chain, packets);
		struct walk walk = { ruleset, &here, BUDGET, false };
		int out = walk_base(&walk, i);
		if (walk.has_failed)
			out = WAY_ACCEPT | WAY_DROP | WAY_TOO_LONG;
		if (out == WAY_DROP)
			return WAY_DROP;
		ways |= out;
	}
	return ways;
}

/* ---- judging ---- */

/* Who may send at all: no group, no loopback. */
static bool may_send(const struct addr *addr, uint8_t network)
{
	static const struct addr loopback6 = { .ip6 = { [15] = 1 } };
	if (addr_is_v4(addr) != (network == 4) || addr_is_group(addr) ||
	    addr_is_unspecified(addr) || addr_equal(addr, &loopback6))
		return false;
	return network == 6 || addr->ip6[12] != 127;
}

/* A sender of whom most rules know nothing. */
static struct addr stranger(uint8_t network)
{
	static const struct addr six = { .ip6 = { 0x20, 0x01, 0x0d, 0xb8,
						  0xff, [15] = 0x4d } };
	static const uint8_t four[4] = { 198, 51, 100, 77 };
	return network == 4 ? addr_v4(four) : six;
}

static bool lets_in(const struct ruleset *ruleset, const struct packets *packets,
		    const struct addr *source)
{
	struct packets one = *packets;
	if (!may_send(source, packets->network))
		return false;
	one.source = (struct rule_range){ *source, *source };
	return walk_all(ruleset, &one) == WAY_ACCEPT;
}

static bool lets_somebody_in(const struct ruleset *ruleset,
			     const struct packets *packets)
{
	struct addr source = stranger(packets->network);
	if (ruleset->drops_early || packets->may_be_translated)
		return false;
	bool is_open = lets_in(ruleset, packets, &source);
	for (size_t i = 0; i < ruleset->source_count && !is_open; i++)
		is_open = lets_in(ruleset, packets, &ruleset->sources[i]);
	return is_open;
}

static uint8_t judge(const struct ruleset *ruleset, const struct firewall_door *door,
		     uint8_t network)
{
	struct packets packets = packets_to(ruleset, door, network);
	int ways = walk_all(ruleset, &packets);
	if (ways == WAY_DROP)
		return FIREWALL_SHUT;
	if ((ways & WAY_TOO_LONG) != 0)
		return FIREWALL_UNKNOWN;
	return lets_somebody_in(ruleset, &packets) ? FIREWALL_OPEN : FIREWALL_UNKNOWN;
}

uint8_t firewall_judge(const struct ruleset *ruleset, const struct firewall_door *door)
{
	bool has_4 = addr_is_v4(&door->addr) || door->dual;
	bool has_6 = !addr_is_v4(&door->addr);
	uint8_t diverts = EFFECT_DIVERTS;
	if (((ruleset->early_effects | ruleset->input_effects) & diverts) != 0 ||
	    (ruleset->input_effects & EFFECT_REWRITES) != 0)
		return FIREWALL_UNKNOWN;
	uint8_t for_4 = has_4 ? judge(ruleset, door, 4) : FIREWALL_SHUT;
	if (for_4 == FIREWALL_OPEN)
		return FIREWALL_OPEN;
	uint8_t for_6 = has_6 ? judge(ruleset, door, 6) : FIREWALL_SHUT;
	if (for_6 == FIREWALL_OPEN)
		return FIREWALL_OPEN;
	return for_4 == FIREWALL_SHUT && for_6 == FIREWALL_SHUT ? FIREWALL_SHUT
								: FIREWALL_UNKNOWN;
}
