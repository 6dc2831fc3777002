/*
 * ruleset_statement.c: what a rule does; see ruleset.h.
 *
 * Most statements beside the verdicts may also end the rule, when a set is full or a
 * connection is not tracked: these are conditions that may hold.
 */
#include <netinet/in.h>
#include <string.h>

#include "host/ruleset_reader.h"

enum reaction {
	REACT_UNKNOWN,
	REACT_NOTHING,
	REACT_MAYBE, /* goes on, perhaps */
	REACT_DROP,
	REACT_ACCEPT,
};

struct statement {
	const char *name;
	enum reaction reaction;
	uint8_t effects;
};

static const struct statement statements_known[] = {
	{ "comment", REACT_NOTHING, 0 },
	{ "counter", REACT_NOTHING, 0 },
	{ "log", REACT_NOTHING, 0 },
	{ "reject", REACT_DROP, 0 },
	{ "limit", REACT_MAYBE, 0 },
	{ "quota", REACT_MAYBE, 0 },
	{ "last", REACT_MAYBE, 0 },
	{ "ct count", REACT_MAYBE, 0 },
	{ "ct timeout", REACT_MAYBE, 0 },
	{ "ct expectation", REACT_MAYBE, EFFECT_HELPS },
	{ "ct helper", REACT_MAYBE, EFFECT_HELPS },
	{ "secmark", REACT_MAYBE, 0 },
	{ "set", REACT_MAYBE, 0 },
	{ "map", REACT_MAYBE, 0 },
	{ "meter", REACT_MAYBE, 0 },
	{ "flow", REACT_MAYBE, 0 },
	{ "reset", REACT_MAYBE, 0 },
	{ "notrack", REACT_MAYBE, EFFECT_UNTRACKS },
	{ "snat", REACT_ACCEPT, 0 },
	{ "masquerade", REACT_ACCEPT, 0 },
	{ "dnat", REACT_ACCEPT, EFFECT_REWRITES },
	{ "redirect", REACT_ACCEPT, EFFECT_REWRITES },
	{ NULL, REACT_UNKNOWN, EFFECT_DIVERTS },
};

/* Extensions of iptables; their parameters are out of sight. */
static const struct statement targets_known[] = {
	{ "REJECT", REACT_DROP, 0 },
	{ "LOG", REACT_NOTHING, 0 },
	{ "NFLOG", REACT_NOTHING, 0 },
	{ "TRACE", REACT_NOTHING, 0 },
	{ "AUDIT", REACT_MAYBE, 0 },
	{ "CHECKSUM", REACT_MAYBE, 0 },
	{ "CLASSIFY", REACT_MAYBE, 0 },
	{ "CONNMARK", REACT_MAYBE, 0 },
	{ "CONNSECMARK", REACT_MAYBE, 0 },
	{ "DSCP", REACT_MAYBE, 0 },
	{ "HL", REACT_MAYBE, 0 },
	{ "MARK", REACT_MAYBE, 0 },
	{ "SECMARK", REACT_MAYBE, 0 },
	{ "SET", REACT_MAYBE, 0 },
	{ "TCPMSS", REACT_MAYBE, 0 },
	{ "TOS", REACT_MAYBE, 0 },
	{ "TTL", REACT_MAYBE, 0 },
	{ "CT", REACT_MAYBE, EFFECT_UNTRACKS | EFFECT_HELPS },
	{ "NOTRACK", REACT_MAYBE, EFFECT_UNTRACKS },
	{ "MASQUERADE", REACT_ACCEPT, 0 },
	{ "SNAT", REACT_ACCEPT, 0 },
	{ "DNAT", REACT_ACCEPT, EFFECT_REWRITES },
	{ "NETMAP", REACT_ACCEPT, EFFECT_REWRITES },
	{ "REDIRECT", REACT_ACCEPT, EFFECT_REWRITES },
	{ NULL, REACT_UNKNOWN, EFFECT_DIVERTS },
};

static const struct statement *find(const struct statement *known, const char *name)
{
	while (known->name != NULL && strcmp(known->name, name) != 0)
		known++;
	return known;
}

static struct rule_step *add_step(struct ruleset_reader *reader,
				  enum rule_step_kind kind)
{
	uint32_t place = reader_step(reader);
	if (place == UINT32_MAX)
		return NULL;
	reader->out->steps[place].kind = kind;
	return &reader->out->steps[place];
}

static void add_verdict(struct ruleset_reader *reader, enum rule_verdict verdict,
			uint32_t chain)
{
	struct rule_step *step = add_step(reader, STEP_VERDICT);
	if (step == NULL)
		return;
	step->verdict = (uint8_t)verdict;
	step->chain = chain;
}

static uint8_t react(struct ruleset_reader *reader, const struct statement *statement)
{
	/* Translation may be for one family or transport. */
	if (statement->reaction == REACT_ACCEPT)
		add_step(reader, STEP_MAYBE);
	if (statement->reaction == REACT_DROP)
		add_verdict(reader, VERDICT_DROP, 0);
	else if (statement->reaction == REACT_ACCEPT)
		add_verdict(reader, VERDICT_ACCEPT, 0);
	else if (statement->reaction != REACT_NOTHING)
		add_step(reader, STEP_MAYBE);
	return statement->effects;
}

/* What it matches is in the JSON only if firewall_extension.c found it out. */
static void add_match_extension(struct ruleset_reader *reader, const json_t *extension)
{
	struct rule_match match;
	bool is_known = reader_extension(reader, extension, &match);
	struct rule_step *step = add_step(reader, is_known ? STEP_MATCH : STEP_MAYBE);
	if (step != NULL && is_known)
		step->match = match;
}

static uint8_t add_extension(struct ruleset_reader *reader, const json_t *extension)
{
	const char *type = reader_text(extension, "type");
	const char *name = reader_text(extension, "name");
	if (strcmp(type, "target") == 0)
		return react(reader, find(targets_known, name));
	if (strcmp(type, "match") != 0)
		return EFFECT_DIVERTS;
	if (strcmp(name, "comment") != 0)
		add_match_extension(reader, extension);
	return 0;
}

/*
 * What it answers with is only for packets of that kind; nft leaves out conditions that
 * follow from it.
 */
static void add_reject(struct ruleset_reader *reader, const json_t *reject)
{
	const char *type = reader_text(reject, "type");
	struct rule_step *step = add_step(reader, STEP_MATCH);
	if (step == NULL)
		return;
	/* None of no values: holds for all that it is looked at in. */
	step->match = (struct rule_match){ .field = FIELD_NETWORK, .is_negated = true };
	if (strcmp(type, "icmp") == 0)
		step->match.network = 4;
	else if (strcmp(type, "icmpv6") == 0)
		step->match.network = 6;
	else if (strcmp(type, "tcp reset") == 0)
		step->match.transport = IPPROTO_TCP;
	reader_imply(reader, &step->match);
	/* Before this one it leaves out, too, which network it was for. */
	if (step->match.transport != 0 && strcmp(reader->family, "ip") != 0)
		add_step(reader, STEP_MAYBE);
}

/* What changes where a packet goes, and not only how it travels. */
static uint8_t mangle_effects(const json_t *mangle)
{
	static const char *const harmless[] = { "dscp", "ecn", "ttl", "hoplimit",
						"flowlabel" };
	const json_t *payload =
		json_object_get(json_object_get(mangle, "key"), "payload");
	if (payload == NULL)
		return 0;
	for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
		if (strcmp(reader_text(payload, "field"), harmless[i]) == 0)
			return 0;
	return EFFECT_REWRITES;
}

/* Which counter may be asked of a map, which may not have it. */
static bool is_looked_up(const json_t *value)
{
	return json_is_object(value) && json_object_get(value, "map") != NULL;
}

static uint8_t add_statement(struct ruleset_reader *reader, const char *name,
			     const json_t *value, const json_t *statement)
{
	uint32_t chain = 0;
	enum rule_verdict verdict = reader_verdict(reader, statement, &chain);
	if (verdict != VERDICT_NONE) {
		add_verdict(reader, verdict, chain);
		return 0;
	}
	if (strcmp(name, "xt") == 0)
		return add_extension(reader, value);
	if (strcmp(name, "mangle") == 0) {
		add_step(reader, STEP_MAYBE);
		return mangle_effects(value);
	}
	bool is_match = strcmp(name, "match") == 0;
	if (is_match || strcmp(name, "vmap") == 0) {
		struct rule_step *step =
			add_step(reader, is_match ? STEP_MATCH : STEP_MAP);
		if (step == NULL)
			return 0;
		if (is_match)
			reader_match(reader, value, &step->match);
		else if (!reader_map(reader, value, &step->match))
			return EFFECT_DIVERTS;
		return 0;
	}
	if (is_looked_up(value))
		add_step(reader, STEP_MAYBE);
	if (strcmp(name, "reject") == 0)
		add_reject(reader, value);
	return react(reader, find(statements_known, name));
}

uint8_t reader_statements(struct ruleset_reader *reader, const json_t *statements)
{
	uint8_t effects = 0;
	for (size_t i = 0; i < json_array_size(statements); i++) {
		const json_t *statement = json_array_get(statements, i);
		/* An object with one member. */
		void *at = json_object_iter((json_t *)statement);
		if (at == NULL)
			return EFFECT_DIVERTS;
		effects |= add_statement(reader, json_object_iter_key(at),
					 json_object_iter_value(at), statement);
	}
	return effects;
}

void reader_note_filled(struct ruleset_reader *reader, const json_t *statements)
{
	static const char *const kinds[] = { "set", "map", "meter" };
	for (size_t i = 0; i < json_array_size(statements); i++) {
		const json_t *statement = json_array_get(statements, i);
		for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
			const json_t *body = json_object_get(statement, kinds[k]);
			const char *name = reader_text(
				body,
				strcmp(kinds[k], "meter") == 0 ? "name" : kinds[k]);
			json_t *set = reader_find(reader, reader->sets,
						  name[0] == '@' ? name + 1 : name);
			if (body != NULL && set != NULL)
				json_object_set_new(set, "filled", json_true());
		}
	}
}
