/*
 * ruleset.h: the packet filter's rules, in the form in which firewall.c walks them.
 *
 * They come as the JSON that nft(8) prints.  What is not understood is kept as "may
 * match", and what may lead packets somewhere else as an effect of its chain: so the
 * reader never has to refuse a ruleset, and nothing in it is taken for less than it is.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

struct json_t;

/* What of a packet is compared. */
enum rule_field {
	FIELD_UNKNOWN,     /* something we know nothing of */
	FIELD_TRANSPORT,   /* protocol above IP */
	FIELD_NEXT_HEADER, /* of IPv6: of the first header only */
	FIELD_NETWORK,     /* 4 or 6 */
	FIELD_PORT,        /* destination */
	FIELD_SOURCE,
	FIELD_DESTINATION,
	FIELD_IFACE,      /* it came in by; only lo is told from others */
	FIELD_TRACK,      /* state of connection tracking: TRACK_ */
	FIELD_TRANSLATED, /* has its destination been translated */
	FIELD_TCP_FLAGS,
};

/* As the kernel numbers them. */
enum {
	TRACK_INVALID = 1,
	TRACK_ESTABLISHED = 2,
	TRACK_RELATED = 4,
	TRACK_NEW = 8,
	TRACK_UNTRACKED = 64,
	TRACK_ALL = 79,
};

enum rule_verdict {
	VERDICT_NONE,
	VERDICT_ACCEPT,
	VERDICT_DROP,
	VERDICT_RETURN,
	VERDICT_JUMP,
	VERDICT_GOTO,
	VERDICT_CONTINUE,
};

/* Numbers are an address's last bytes, so that one comparison does for all. */
struct rule_range {
	struct addr first, last;
};

/* What a field is compared with. */
struct rule_value {
	struct rule_range range;
	uint32_t bits;   /* of FIELD_TRACK, FIELD_TCP_FLAGS */
	uint32_t chain;  /* where its verdict leads */
	uint8_t verdict; /* in a map */
	bool is_any;     /* "*": whatever no other value holds */
	bool is_lo;
};

struct rule_match {
	enum rule_field field;
	uint8_t transport, network; /* no other packet matches; 0: any may */
	uint8_t mask;               /* of FIELD_TCP_FLAGS */
	bool has_any_bit;           /* one of the bits will do */
	bool is_negated;
	/* nft prints "tcp dport" also where only TCP without headers of IPv6 before it
	 * was meant: then it may not match after all. */
	bool is_partial;
	bool is_vague;   /* the values are not all known, or may change unnoticed */
	uint32_t values; /* place of the first */
	uint32_t count;
};

enum rule_step_kind { STEP_MATCH, STEP_MAYBE, STEP_VERDICT, STEP_MAP };

/* A statement; those that do nothing to a packet's way are left out. */
struct rule_step {
	enum rule_step_kind kind;
	uint8_t verdict;
	uint32_t chain;
	struct rule_match match;
};

struct rule {
	uint32_t steps, count;
	uint32_t next; /* in its chain; RULE_NONE: the last */
};
#define RULE_NONE UINT32_MAX

enum chain_hook { HOOK_NONE, HOOK_INGRESS, HOOK_PREROUTING, HOOK_INPUT, HOOK_OTHER };

/* What its rules may do to packets beside letting them pass. */
enum {
	EFFECT_DIVERTS = 1,  /* gives them to somebody else; or nobody knows */
	EFFECT_REWRITES = 2, /* changes where they go */
	EFFECT_UNTRACKS = 4,
	EFFECT_HELPS = 8, /* has connections expected */
};

struct rule_chain {
	uint8_t network; /* 4 or 6; 0: both */
	uint8_t hook;    /* enum chain_hook */
	bool is_nat;
	bool drops;       /* by policy */
	bool is_foreign;  /* of a family whose rules are not walked */
	bool is_doubtful; /* whether it is in force at all is not known */
	uint8_t effects;
	uint8_t marked; /* while reading */
	int32_t priority;
	uint32_t first, last; /* rules */
};

enum { SOURCES_MAX = 16 };

struct ruleset {
	struct rule_chain *chains;
	struct rule *rules;
	struct rule_step *steps;
	struct rule_value *values;
	size_t chain_count, rule_count, step_count, value_count;
	uint8_t early_effects, input_effects; /* before routing, and after */
	bool drops_early; /* before what is walked, there are rules as well */
	/* Senders that some rule names. */
	struct addr sources[SOURCES_MAX];
	size_t source_count;
};

/* NULL: it is no such document, too large, or there is no memory. */
struct ruleset *ruleset_read(const struct json_t *document);
struct ruleset *ruleset_parse(const char *text, size_t len);
void ruleset_free(struct ruleset *ruleset);
