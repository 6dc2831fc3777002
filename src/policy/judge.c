/*
 * judge.c: may this listener listen, may this client connect; see policy.h.
 */
#include <string.h>

#include "base/stars.h"
#include "policy/entry.h"

#define DELETED " (deleted)"

/* A part of a path or name ends at its border. */
static bool text_matches(const char *pattern, const char *text)
{
	return stars_match(pattern, text, '/');
}

void entry_without_deleted(char *exe)
{
	size_t len = strlen(exe), end = strlen(DELETED);
	if (len > end && strcmp(exe + len - end, DELETED) == 0)
		exe[len - end] = '\0';
}

/* A socket bound to every address needs an entry for every address of the family. */
static bool may_bind(const struct prefixes *addresses, const struct addr *ip)
{
	if (addresses->any || !addr_is_unspecified(ip))
		return prefixes_hold(addresses, ip);
	uint8_t len = addr_is_v4(ip) ? 96 : 0;
	for (size_t i = 0; i < addresses->count; i++)
		if (addresses->at[i].len == len &&
		    addr_equal(&addresses->at[i].addr, ip))
			return true;
	return false;
}

static bool is_in_scope(const struct entry *entry, const struct listener_record *l)
{
	enum scope scope = l->netns == UNKNOWN_U64 ? SCOPE_OWN : SCOPE_OTHER;
	return entry->scope == SCOPE_ANY || entry->scope == scope;
}

enum match { MATCH_NO, MATCH_UNKNOWN, MATCH_YES };

/* Whether the program is the entry's; the text that is not, or not known, in *text. */
static enum match match_program(const struct entry *entry,
				const struct listener_record *l, unsigned *text)
{
	char exe[sizeof(l->exe)];
	memcpy(exe, l->exe, sizeof(exe));
	entry_without_deleted(exe);
	const char *const is[PROGRAM_TEXTS] = { [TEXT_EXE] = exe,
						[TEXT_UNIT] = l->unit,
						[TEXT_PACKAGE] = l->package,
						[TEXT_USER] = l->user };
	enum match match = MATCH_YES;
	for (unsigned i = 0; i < PROGRAM_TEXTS; i++) {
		if (entry->texts[i] == NULL || text_matches(entry->texts[i], is[i]))
			continue;
		if (match == MATCH_YES || is[i][0] != '\0')
			*text = i;
		if (is[i][0] != '\0')
			return MATCH_NO;
		match = MATCH_UNKNOWN;
	}
	/* Without an executable nothing of the process was seen; else what is missing
	 * is missing: a program that no package or unit has. */
	return match == MATCH_UNKNOWN && exe[0] != '\0' ? MATCH_NO : match;
}

static const char *program_text(const struct listener_record *l, unsigned text)
{
	switch (text) {
	case TEXT_EXE:
		return l->exe;
	case TEXT_UNIT:
		return l->unit;
	case TEXT_PACKAGE:
		return l->package;
	default:
		return l->user;
	}
}

static void say_place(struct buf *out, const struct addr *ip, uint32_t port,
		      const char *transport)
{
	char text[ADDR_TEXT_MAX];
	addr_text(ip, text);
	buf_printf(out, addr_is_v4(ip) ? "%s:%u/%s" : "[%s]:%u/%s", text, port,
		   transport != NULL ? transport : "?");
}

static void say_unknown(struct buf *out, const struct addr *ip, uint32_t port,
			const char *transport)
{
	buf_text(out, "the register has no entry for ");
	say_place(out, ip, port, transport);
}

static void say_expired(struct buf *out, const struct entry *entry)
{
	char text[TIME_TEXT_MAX];
	record_time_text(entry->expires_us, text);
	buf_text(out, "the approval of ");
	entry_say_port(out, entry);
	buf_printf(out, " expired at %.19sZ", text);
}

static void say_program(struct buf *out, const struct entry *entry, unsigned text,
			const struct listener_record *l, bool is_known)
{
	const char *is = program_text(l, text);
	buf_text(out, "the register allows ");
	entry_say_port(out, entry);
	buf_printf(out, " to %s ", entry_text_names[text]);
	buf_json_text(out, entry->texts[text]);
	buf_printf(out, is_known && is[0] != '\0' ? ", not "
			: is_known                ? ", not to a program without"
						  : ", and whose it is can't be seen");
	if (is_known)
		buf_json_text(out, is);
}

/* The worse the answer, the less it says; a later entry may be a better one. */
enum { RANK_NOWHERE, RANK_PROGRAM, RANK_UNSURE, RANK_EXPIRED };

struct best {
	const struct entry *entry;
	unsigned rank, text;
};

static struct best best_entry(const struct policy *policy,
			      const struct listener_record *l, int64_t now_us)
{
	struct best best = { .rank = RANK_NOWHERE };
	enum transport transport = transport_of(l->transport);
	if (transport == TRANSPORTS || l->port > UINT16_MAX)
		return best;
	struct entry_walk walk = policy_find(policy, transport, (uint16_t)l->port);
	const struct entry *entry;
	while ((entry = policy_next(&walk)) != NULL) {
		unsigned text = 0;
		if (!is_in_scope(entry, l) || !may_bind(&entry->addresses, &l->ip))
			continue;
		enum match match = match_program(entry, l, &text);
		unsigned rank = match == MATCH_NO        ? RANK_PROGRAM
				: match == MATCH_UNKNOWN ? RANK_UNSURE
							 : RANK_EXPIRED;
		if (rank == RANK_EXPIRED && entry->expires_us > now_us)
			rank++;
		if (rank > best.rank)
			best = (struct best){ entry, rank, text };
	}
	return best;
}

enum policy_verdict policy_judge_listener(const struct policy *policy,
					  const struct listener_record *listener,
					  int64_t now_us, struct buf *reason)
{
	struct best best = best_entry(policy, listener, now_us);
	switch (best.rank) {
	case RANK_NOWHERE:
		say_unknown(reason, &listener->ip, listener->port, listener->transport);
		return POLICY_UNKNOWN_PORT;
	case RANK_PROGRAM:
		say_program(reason, best.entry, best.text, listener, true);
		return POLICY_OTHER_PROGRAM;
	case RANK_UNSURE:
		say_program(reason, best.entry, best.text, listener, false);
		return POLICY_UNSURE;
	case RANK_EXPIRED:
		say_expired(reason, best.entry);
		return POLICY_EXPIRED;
	default:
		return POLICY_ALLOWED;
	}
}

void policy_mark(const struct policy *policy, struct listener_record *listener,
		 int64_t now_us, struct buf *reason)
{
	listener->authorized = UNKNOWN_FLAG;
	listener->approval[0] = '\0';
	if (policy == NULL)
		return;
	enum policy_verdict verdict =
		policy_judge_listener(policy, listener, now_us, reason);
	if (verdict != POLICY_UNSURE)
		listener->authorized = verdict == POLICY_ALLOWED;
	struct best best = best_entry(policy, listener, now_us);
	if (best.rank >= RANK_EXPIRED)
		record_text(listener->approval, sizeof(listener->approval),
			    best.entry->id);
}

bool policy_expects(const struct policy *policy, const struct listener_record *l,
		    int64_t now_us)
{
	struct best best = best_entry(policy, l, now_us);
	return best.rank >= RANK_UNSURE && best.rank != RANK_EXPIRED &&
	       best.entry->first == best.entry->last && best.entry->expires_us > now_us;
}

bool policy_is_itself(const struct flow_record *flow)
{
	static const struct prefix v4 = {
		.addr = { .ip6 = { [10] = 0xff, [11] = 0xff, [12] = 127 } }, .len = 104
	};
	static const struct addr v6 = { .ip6 = { [15] = 1 } };
	return addr_equal(&flow->client_ip, &flow->server_ip) ||
	       prefix_holds(&v4, &flow->client_ip) || addr_equal(&v6, &flow->client_ip);
}

/* A group is not an address that a socket is bound to, but one it has joined. */
static bool takes_from(const struct entry *entry, const struct addr *server)
{
	return addr_is_group(server) || prefixes_hold(&entry->addresses, server);
}

static void say_client(struct buf *out, const struct entry *entry,
		       const struct addr *client)
{
	char text[ADDR_TEXT_MAX];
	addr_text(client, text);
	buf_text(out, "the register does not list ");
	buf_text(out, text);
	buf_text(out, " among the clients of ");
	entry_say_port(out, entry);
}

enum policy_verdict policy_judge_flow(const struct policy *policy,
				      const struct flow_record *flow, int64_t now_us,
				      struct buf *reason)
{
	enum transport transport = transport_of(flow->transport);
	if (policy_is_itself(flow) || transport == TRANSPORTS)
		return POLICY_ALLOWED;
	const struct entry *entry, *expired = NULL, *other = NULL;
	bool has_port = flow->server_port <= UINT16_MAX;
	struct entry_walk walk = policy_find(
		policy, transport, has_port ? (uint16_t)flow->server_port : 0);
	while ((entry = policy_next(&walk)) != NULL) {
		if (entry->scope == SCOPE_OTHER || !takes_from(entry, &flow->server_ip))
			continue;
		if (!prefixes_hold(&entry->clients, &flow->client_ip))
			other = entry;
		else if (entry->expires_us > now_us)
			return POLICY_ALLOWED;
		else
			expired = entry;
	}
	if (expired != NULL) {
		say_expired(reason, expired);
		return POLICY_EXPIRED;
	}
	if (other != NULL) {
		say_client(reason, other, &flow->client_ip);
		return POLICY_CLIENT;
	}
	say_unknown(reason, &flow->server_ip, flow->server_port, flow->transport);
	return POLICY_UNKNOWN_PORT;
}

static uint64_t known(uint64_t value)
{
	return value == UNKNOWN_U64 ? 0 : value;
}

bool policy_is_connection(const struct flow_record *flow)
{
	static const char *const established[] = { "SF", "S1",   "S2",
						   "S3", "RSTO", "RSTR" };
	enum transport transport = transport_of(flow->transport);
	if (transport != TRANSPORT_TCP)
		return transport != TRANSPORTS && known(flow->client_packets) > 0;
	for (size_t i = 0; i < sizeof(established) / sizeof(established[0]); i++)
		if (flow->state != NULL && strcmp(flow->state, established[i]) == 0)
			return true;
	/* Its beginning was not seen. */
	return known(flow->client_payload_bytes) > 0 &&
	       known(flow->server_payload_bytes) > 0;
}

const char *policy_protocol(const struct policy *policy,
			    const struct listener_record *listener)
{
	struct best best = best_entry(policy, listener, INT64_MIN);
	return best.rank >= RANK_UNSURE ? best.entry->texts[TEXT_PROTOCOL] : NULL;
}
