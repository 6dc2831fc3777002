/*
 * dns_tunnel.c: names and answers that carry data; see dns_tunnel.h.
 *
 * Only names with a long label count, and no lookup counts twice; what is short (block
 * lists of IPv4 and IPv6 addresses, content networks), under "arpa" or has an
 * underscored label (RFC 8552: keys for mail, services) does not count.  What then
 * remains is judged by three rules, from what nobody else does to what needs much
 * evidence.
 */
#include "protocol/dns_tunnel.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "protocol/line.h"

enum {
	/*
	 * Two windows are kept, so two to four minutes are looked at: a client that
	 * asks once every few seconds is found, a page that asks for fifty names is
	 * not.
	 */
	WINDOW_US = 120000000,
	WAYS = 4, /* of a bucket */
	BUCKETS = 128,
	/*
	 * Shorter labels carry little: a base32 label of 12 holds seven octets, which a
	 * tunnel's own header fills.  Words of host names are mostly shorter.
	 */
	LONG_LABEL = 12,
	/* So many are needed to judge at all. */
	LEAST_NAMES = 8,
	/*
	 * Rule 1: NULL and private types, which no other software asks for, and names
	 * of octets that no host has.
	 */
	STRANGE_NAMES = LEAST_NAMES,
	/*
	 * Rule 2: data in both directions, in types that have room for it.  A tunnel
	 * that only polls needs 9 octets, 18 hexadecimal digits; every answer is
	 * another one, where lists of bad things have a few.
	 */
	BOTH_NAMES = 24,
	BOTH_NAMES_OF_WORDS = 96, /* if they look like words */
	BOTH_OCTETS = 16,         /* of a name, on average */
	/* As few are enough if they are so long: base32 of fifty octets. */
	LONG_NAMES = LEAST_NAMES,
	LONG_OCTETS = 80,
	/*
	 * Rule 3: data in one direction, whatever is asked.  Pages with names made of
	 * hashes (IPFS: 59 octets) come to a hundred names in a window.
	 */
	OUT_NAMES = 200,
	OUT_OCTETS = 40,
	OUT_SUM_OCTETS = 16384,
	/*
	 * Encoded data has digits (base32: 1 of 5, hexadecimal: 5 of 8) or octets that
	 * no host name has; words hardly have any.
	 */
	CODED_SHARE = 8, /* at least 1 of 8 */

	BITS = 512, /* for counting distinct things: up to 2,000 */
};

struct window {
	uint32_t asked;        /* names with a long label, each once */
	uint32_t name_octets;  /* in their long labels */
	uint32_t coded_octets; /* of these, digits and what no host name has */
	uint32_t strange;      /* names, or types of them, that nobody else asks for */
	uint32_t carriers;     /* asked or answered with a type that has room */
	uint64_t names[BITS / 64], data[BITS / 64]; /* linear counting */
};

struct suspect {
	uint64_t key; /* client and domain; 0: free */
	int64_t since_us;
	bool told;
	struct window now, before;
};

struct dns_tunnels {
	struct hash_key key;
	struct suspect at[BUCKETS][WAYS];
};

struct dns_tunnels *dns_tunnels_new(const struct hash_key *key)
{
	struct dns_tunnels *tunnels = calloc(1, sizeof(*tunnels));
	if (tunnels != NULL)
		tunnels->key = *key;
	return tunnels;
}

void dns_tunnels_free(struct dns_tunnels *tunnels)
{
	free(tunnels);
}

/* ---- names ---- */

static uint64_t hash_of(const struct dns_tunnels *tunnels, struct bytes bytes,
			const struct addr *client)
{
	enum { MOST = 256 };
	uint64_t words[3 + MOST / 8];
	size_t len = bytes.len < MOST ? bytes.len : MOST, last = 3 + (len + 7) / 8;
	words[0] = bytes.len;
	words[1] = words[2] = words[last - 1] = 0;
	if (client != NULL)
		memcpy(words + 1, client->ip6, sizeof(client->ip6));
	if (len > 0)
		memcpy(words + 3, bytes.at, len);
	return hash_words(&tunnels->key, words, last);
}

/* Second-level labels under which countries register (co.uk, com.br, ac.jp). */
static bool is_registry(struct bytes label)
{
	static const char *const labels[] = {
		"ac", "co",  "com", "edu", "gob", "gov", "go",  "id",  "ltd",
		"me", "mil", "ne",  "net", "nom", "or",  "org", "plc", "sch"
	};
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
		if (line_is_nocase(label, labels[i]))
			return true;
	return false;
}

/* Top-level domains are letters, or "xn--" and more (RFC 3696 2). */
static bool is_top_level(struct bytes label)
{
	if (line_starts(label, "xn--"))
		return true;
	for (size_t i = 0; i < label.len; i++)
		if (label.at[i] < 'a' || label.at[i] > 'z')
			return false;
	return label.len > 0;
}

/*
 * Where the part of the name begins that somebody registered: its last two labels, or
 * three; 0: it is all of it.  Who speaks with the tunnel's server itself needs no
 * domain: all of the name is data, its end is the root.
 */
static size_t domain_of(const struct dns_name *name)
{
	size_t starts[3] = { 0 }; /* of the last three labels, the last one last */
	unsigned labels = 0;
	for (size_t at = 0; at + 1 < name->len; at += 1 + (size_t)name->at[at]) {
		starts[0] = starts[1];
		starts[1] = starts[2];
		starts[2] = at;
		labels++;
	}
	if (labels == 0 || !is_top_level(dns_label(name, starts[2])))
		return name->len - 1;
	bool is_country = labels >= 3 && name->at[starts[2]] == 2;
	if (is_country && is_registry(dns_label(name, starts[1])))
		return labels > 3 ? starts[0] : 0;
	return labels > 2 ? starts[1] : 0;
}

static struct dns_name parent_of(const struct dns_name *name)
{
	size_t domain = domain_of(name);
	struct dns_name parent = { .len = (uint8_t)(name->len - domain) };
	memcpy(parent.at, name->at + domain, parent.len);
	return parent;
}

/*
 * Services that are asked about things by putting them, or their hash, into a name:
 * virus and spam scanners, and the names within a cluster.  A stranger can't have a
 * name under these.
 */
static bool is_known_service(const char *domain)
{
	static const char *const services[] = {
		"sophosxl.net",   "mcafee.com",       "e5.sk",
		"mailshell.net",  "spamhaus.org",     "spamhaus.net",
		"surbl.org",      "uribl.com",        "cymru.com",
		"trendmicro.com", "senderbase.org",   "barracudabrts.com",
		"msbl.org",       "avast.com",        "webcfs.com",
		"cluster.local",  "rfc-clueless.org",
	};
	for (size_t i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		if (strcmp(domain, services[i]) == 0)
			return true;
	return false;
}

static bool is_under_arpa(const struct dns_name *name)
{
	static const uint8_t arpa[] = { 4, 'a', 'r', 'p', 'a', 0 };
	return name->len >= sizeof(arpa) &&
	       memcmp(name->at + name->len - sizeof(arpa), arpa, sizeof(arpa)) == 0;
}

static bool has_long_label(const struct dns_name *name)
{
	for (size_t at = 0; at < name->len; at += 1 + (size_t)name->at[at])
		if (name->at[at] >= LONG_LABEL)
			return true;
	return false;
}

/*
 * How many octets the long labels before the domain have; none if one of all labels
 * there is underscored.
 */
static uint32_t carried_by(const struct dns_name *name, size_t domain)
{
	uint32_t octets = 0;
	for (size_t at = 0; at < domain; at += 1 + (size_t)name->at[at]) {
		uint8_t len = name->at[at];
		if (len > 0 && name->at[at + 1] == '_')
			return 0;
		octets += len >= LONG_LABEL ? len : 0;
	}
	return octets;
}

/* Of the octets in long labels. */
struct coding {
	uint32_t coded; /* digits and */
	uint32_t raw;   /* what no host name has (RFC 1123 2.1) */
};

static struct coding coding_of(const struct dns_name *name, size_t domain)
{
	struct coding coding = { 0 };
	for (size_t at = 0; at < domain; at += 1 + (size_t)name->at[at]) {
		struct bytes label = dns_label(name, at);
		for (size_t i = 0; label.len >= LONG_LABEL && i < label.len; i++) {
			uint8_t c = label.at[i];
			bool is_digit = c >= '0' && c <= '9';
			bool is_raw = !is_digit && !(c >= 'a' && c <= 'z') &&
				      c != '-' && c != '_';
			coding.coded += is_digit || is_raw;
			coding.raw += is_raw;
		}
	}
	return coding;
}

/* ---- counting ---- */

/* True if it was not there. */
static bool add_bit(uint64_t bits[BITS / 64], uint64_t hash)
{
	uint64_t *word = &bits[hash / 64 % (BITS / 64)], bit = 1ULL << hash % 64;
	bool is_new = (*word & bit) == 0;
	*word |= bit;
	return is_new;
}

/* How many distinct things set these bits (Whang et al., linear counting). */
static uint32_t distinct(const uint64_t bits[BITS / 64])
{
	int set = 0;
	for (size_t i = 0; i < BITS / 64; i++)
		set += __builtin_popcountll(bits[i]);
	if (set == BITS)
		set--;
	return (uint32_t)lround(-BITS * log((double)(BITS - set) / BITS));
}

static uint32_t weight(const struct suspect *suspect)
{
	return suspect->key == 0 ? 0 : 1 + suspect->now.asked + suspect->before.asked;
}

static void turn_window(struct suspect *suspect, int64_t at_us)
{
	if (at_us - suspect->since_us < WINDOW_US)
		return;
	bool is_next = at_us - suspect->since_us < 2 * (int64_t)WINDOW_US;
	suspect->before = is_next ? suspect->now : (struct window){ 0 };
	suspect->now = (struct window){ 0 };
	suspect->since_us = is_next ? suspect->since_us + WINDOW_US : at_us;
	suspect->told = false;
}

/* The one of a bucket that may go: the least suspicious. */
static struct suspect *least_of(struct suspect bucket[WAYS], int64_t at_us)
{
	struct suspect *least = bucket;
	for (struct suspect *s = bucket; s < bucket + WAYS; s++) {
		if (s->key != 0)
			turn_window(s, at_us);
		if (weight(s) < weight(least))
			least = s;
	}
	return least;
}

/* The suspect of that key; if it may be made, in place of the least one. */
static struct suspect *find(struct dns_tunnels *tunnels, uint64_t key, int64_t at_us,
			    bool may_make)
{
	struct suspect *bucket = tunnels->at[(key >> 32) % BUCKETS];
	for (struct suspect *s = bucket; s < bucket + WAYS; s++) {
		if (s->key != key)
			continue;
		turn_window(s, at_us);
		return s;
	}
	if (!may_make)
		return NULL;
	struct suspect *least = least_of(bucket, at_us);
	*least = (struct suspect){ .key = key, .since_us = at_us };
	return least;
}

/* What a lookup says, for whom it is about to be counted. */
struct burden {
	size_t domain;   /* where it begins in the name */
	uint32_t octets; /* before it, in long labels; 0: it does not count */
};

/* Most names are done with by the first question. */
static struct burden burden_of(const struct dns_name *name)
{
	struct burden burden = { 0 };
	if (!has_long_label(name) || is_under_arpa(name))
		return burden;
	burden.domain = domain_of(name);
	burden.octets = carried_by(name, burden.domain);
	return burden;
}

/* The suspect that a lookup is of; NULL: nobody is, or there is none yet. */
static struct suspect *suspect_of(struct dns_tunnels *tunnels,
				  const struct dns_lookup *lookup,
				  const struct burden *burden, bool may_make)
{
	const struct dns_name *name = lookup->name;
	struct addr source = addr_source(lookup->client);
	if (burden->octets == 0)
		return NULL;
	struct bytes parent =
		bytes_of(name->at + burden->domain, name->len - burden->domain);
	uint64_t key = hash_of(tunnels, parent, &source);
	return find(tunnels, key | 1, lookup->at_us, may_make);
}

/* ---- judging ---- */

static bool is_strange(uint16_t type)
{
	return type == DNS_NULL || (type >= DNS_PRIVATE && type < UINT16_MAX);
}

static bool has_room(uint16_t type)
{
	enum { SPF = 99 };
	return is_strange(type) || type == DNS_TXT || type == DNS_CNAME ||
	       type == DNS_MX || type == DNS_SRV || type == DNS_KEY ||
	       type == DNS_URI || type == SPF;
}

static struct window both_windows(const struct suspect *suspect)
{
	struct window sum = suspect->now;
	const struct window *before = &suspect->before;
	sum.asked += before->asked;
	sum.name_octets += before->name_octets;
	sum.coded_octets += before->coded_octets;
	sum.strange += before->strange;
	sum.carriers += before->carriers;
	for (size_t i = 0; i < BITS / 64; i++) {
		sum.names[i] |= before->names[i];
		sum.data[i] |= before->data[i];
	}
	return sum;
}

static bool is_much(const struct window *seen)
{
	uint32_t names = distinct(seen->names), answers = distinct(seen->data);
	uint32_t each = seen->name_octets / seen->asked;
	bool is_encoded = seen->coded_octets * CODED_SHARE >= seen->name_octets;
	bool has_way_back = 2 * seen->carriers >= seen->asked && 2 * answers >= names;
	if (seen->strange >= STRANGE_NAMES)
		return true;
	if (has_way_back && is_encoded && each >= LONG_OCTETS && names >= LONG_NAMES)
		return true;
	if (has_way_back && each >= BOTH_OCTETS &&
	    names >= (is_encoded ? BOTH_NAMES : BOTH_NAMES_OF_WORDS))
		return true;
	return names >= OUT_NAMES && each >= OUT_OCTETS && is_encoded &&
	       seen->name_octets >= OUT_SUM_OCTETS;
}

static bool is_tunnel(struct suspect *suspect, const struct dns_lookup *lookup,
		      char text[static DNS_TUNNEL_TEXT_MAX])
{
	if (suspect->told || suspect->now.asked + suspect->before.asked < LEAST_NAMES)
		return false;
	struct window seen = both_windows(suspect);
	if (!is_much(&seen))
		return false;
	char domain[64];
	struct dns_name parent = parent_of(lookup->name);
	dns_name_text(&parent, domain, sizeof(domain));
	suspect->told = true;
	snprintf(text, DNS_TUNNEL_TEXT_MAX,
		 "%u new names under %s with %u octets each in long labels, last of "
		 "type %s",
		 distinct(seen.names), domain, seen.name_octets / seen.asked,
		 dns_type_name(lookup->type));
	return !is_known_service(domain);
}

bool dns_tunnel_asked(struct dns_tunnels *tunnels, const struct dns_lookup *lookup,
		      char text[static DNS_TUNNEL_TEXT_MAX])
{
	const struct dns_name *name = lookup->name;
	struct burden burden = burden_of(name);
	struct suspect *suspect = suspect_of(tunnels, lookup, &burden, true);
	if (suspect == NULL)
		return false;
	struct window *now = &suspect->now;
	struct bytes whole = bytes_of(name->at, name->len);
	if (!add_bit(now->names, hash_of(tunnels, whole, NULL)))
		return false;
	struct coding coding = coding_of(name, burden.domain);
	now->asked++;
	now->name_octets += burden.octets;
	now->coded_octets += coding.coded;
	now->strange +=
		is_strange(lookup->type) || coding.raw * CODED_SHARE >= burden.octets;
	now->carriers += has_room(lookup->type);
	return is_tunnel(suspect, lookup, text);
}

/*
 * An address that is asked for may be answered with a name that carries data: one of
 * the same domain with a long label.
 */
static bool answers_with_name(const struct dns_lookup *lookup,
			      const struct dns_message *message,
			      const struct dns_rr *first)
{
	struct dns_name target;
	size_t at = first->data_at;
	if (first->type != DNS_CNAME || has_room(lookup->type) ||
	    dns_name_read(message->bytes, &at, &target) != DNS_SOUND ||
	    carried_by(&target, domain_of(&target)) == 0)
		return false;
	struct dns_name its = parent_of(&target), asked = parent_of(lookup->name);
	return its.len == asked.len && memcmp(its.at, asked.at, its.len) == 0;
}

bool dns_tunnel_answered(struct dns_tunnels *tunnels, const struct dns_lookup *lookup,
			 const struct dns_message *message, const struct dns_rr *first,
			 char text[static DNS_TUNNEL_TEXT_MAX])
{
	struct burden burden = burden_of(lookup->name);
	struct suspect *suspect = suspect_of(tunnels, lookup, &burden, false);
	if (suspect == NULL)
		return false;
	struct window *now = &suspect->now;
	struct bytes data =
		bytes_of(message->bytes.at + first->data_at, first->data_len);
	if (!add_bit(now->data, hash_of(tunnels, data, NULL)))
		return false;
	now->carriers += answers_with_name(lookup, message, first);
	return is_tunnel(suspect, lookup, text);
}
