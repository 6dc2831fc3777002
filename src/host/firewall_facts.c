/*
 * firewall_facts.c: see firewall_facts.h.
 *
 * Tables come one after the other, each behind a "metainfo".  Their order is that in
 * which they were made and says nothing, so the hash is over their hashes, sorted.
 */
#include "host/firewall_facts.h"

#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

enum { TABLES_MAX = 256, IPV4 = 1, IPV6 = 2, BOTH = 3 };

/* ---- the hash ---- */

struct tables {
	uint8_t sums[TABLES_MAX][FIREWALL_SHA256];
	size_t count;
	EVP_MD_CTX *open; /* of the table that is read */
	bool has_failed;
};

static void end_table(struct tables *tables)
{
	unsigned len = 0;
	if (tables->open == NULL)
		return;
	tables->has_failed =
		tables->has_failed || tables->count == TABLES_MAX ||
		EVP_DigestFinal_ex(tables->open, tables->sums[tables->count], &len) !=
			1 ||
		len != FIREWALL_SHA256;
	tables->count += !tables->has_failed;
	EVP_MD_CTX_free(tables->open);
	tables->open = NULL;
}

static void begin_table(struct tables *tables)
{
	tables->open = EVP_MD_CTX_new();
	tables->has_failed = tables->has_failed || tables->open == NULL ||
			     EVP_DigestInit_ex(tables->open, EVP_sha256(), NULL) != 1;
}

static const char *text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));
	return text != NULL ? text : "";
}

static bool begins_with(const char *text, const char *beginning)
{
	return strncmp(text, beginning, strlen(beginning)) == 0;
}

/* What iptables-nft rejects is a target of xtables, of which nft tells the name. */
static bool drops(const json_t *statement)
{
	return json_object_get(statement, "drop") != NULL ||
	       json_object_get(statement, "reject") != NULL ||
	       strcmp(text_of(json_object_get(statement, "xt"), "name"), "REJECT") == 0;
}

/*
 * Sets that a program puts in and takes out what it blocks, without a time: by the
 * names that it gives them.  Any other set is what somebody wrote.
 */
static bool is_of_a_program(const json_t *set)
{
	static const struct {
		const char *table, *set;
	} programs[] = {
		{ "f2b-table", "addr" }, /* fail2ban, action.d/nftables.conf */
		{ "sshguard", "attackers" },
	};
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		if (strcmp(text_of(set, "table"), programs[i].table) == 0 &&
		    begins_with(text_of(set, "name"), programs[i].set))
			return true;
	return false;
}

/*
 * The same in a rule for each, as fail2ban makes them by iptables-nft: in a chain of
 * its own, of one source, which it refuses.
 */
static bool is_ban(const json_t *rule)
{
	size_t i;
	const json_t *statement;
	bool is_of_one = false, refuses = false;
	if (!begins_with(text_of(rule, "chain"), "f2b-"))
		return false;
	json_array_foreach(json_object_get(rule, "expr"), i, statement)
	{
		const json_t *match = json_object_get(statement, "match");
		const json_t *left =
			json_object_get(json_object_get(match, "left"), "payload");
		is_of_one =
			is_of_one || (strcmp(text_of(left, "field"), "saddr") == 0 &&
				      text_of(match, "right")[0] != '@');
		refuses = refuses || drops(statement);
	}
	return is_of_one && refuses;
}

static bool holds_for_a_time(const json_t *set)
{
	size_t i;
	const json_t *flag;
	if (json_object_get(set, "timeout") != NULL)
		return true;
	json_array_foreach(json_object_get(set, "flags"), i, flag)
	{
		const char *name = json_string_value(flag);
		if (name != NULL &&
		    (strcmp(name, "timeout") == 0 || strcmp(name, "dynamic") == 0))
			return true;
	}
	return false;
}

static void hash_item(struct tables *tables, const json_t *item)
{
	if (is_ban(json_object_get(item, "rule")))
		return;
	json_t *copy = json_deep_copy(item);
	void *at = json_object_iter(copy);
	json_t *thing = at != NULL ? json_object_iter_value(at) : NULL;
	json_object_del(thing, "handle");
	if (holds_for_a_time(thing) || is_of_a_program(thing))
		json_object_del(thing, "elem");
	char *text = json_dumps(copy, JSON_COMPACT | JSON_SORT_KEYS);
	tables->has_failed = tables->has_failed || text == NULL ||
			     tables->open == NULL ||
			     EVP_DigestUpdate(tables->open, text, strlen(text)) != 1;
	free(text);
	json_decref(copy);
}

static int by_sum(const void *left, const void *right)
{
	return memcmp(left, right, FIREWALL_SHA256);
}

static bool hash_all(const json_t *items, uint8_t out[static FIREWALL_SHA256])
{
	struct tables tables = { .count = 0 };
	size_t i;
	const json_t *item;
	json_array_foreach(items, i, item)
	{
		if (json_object_get(item, "metainfo") != NULL)
			end_table(&tables);
		else if (tables.open == NULL)
			begin_table(&tables);
		if (json_object_get(item, "metainfo") == NULL)
			hash_item(&tables, item);
	}
	end_table(&tables);
	if (tables.has_failed)
		return false;
	qsort(tables.sums, tables.count, FIREWALL_SHA256, by_sum);
	return EVP_Digest(tables.sums, tables.count * FIREWALL_SHA256, out, NULL,
			  EVP_sha256(), NULL) == 1;
}

/* ---- what no rule names ---- */

static bool is_in_chain(const json_t *rule, const json_t *chain)
{
	return strcmp(text_of(rule, "family"), text_of(chain, "family")) == 0 &&
	       strcmp(text_of(rule, "table"), text_of(chain, "table")) == 0 &&
	       strcmp(text_of(rule, "chain"), text_of(chain, "name")) == 0;
}

/* Of every packet that comes to it. */
static bool drops_all(const json_t *rule)
{
	size_t i;
	const json_t *statement;
	bool has_verdict = false;
	json_array_foreach(json_object_get(rule, "expr"), i, statement)
	{
		if (drops(statement))
			has_verdict = true;
		else if (json_object_get(statement, "counter") == NULL &&
			 json_object_get(statement, "log") == NULL)
			return false;
	}
	return has_verdict;
}

/* NULL: it has none. */
static const json_t *last_rule(const json_t *items, const json_t *chain)
{
	size_t i;
	const json_t *item, *last = NULL;
	json_array_foreach(items, i, item)
	{
		const json_t *rule = json_object_get(item, "rule");
		if (rule != NULL && is_in_chain(rule, chain))
			last = rule;
	}
	return last;
}

static int families_of(const json_t *chain)
{
	const char *family = text_of(chain, "family");
	return strcmp(family, "inet") == 0  ? BOTH
	       : strcmp(family, "ip") == 0  ? IPV4
	       : strcmp(family, "ip6") == 0 ? IPV6
					    : 0;
}

static int families_dropped(const json_t *items, const json_t *chain)
{
	if (strcmp(text_of(chain, "hook"), "input") != 0)
		return 0;
	bool does = strcmp(text_of(chain, "policy"), "drop") == 0 ||
		    drops_all(last_rule(items, chain));
	return does ? families_of(chain) : 0;
}

bool firewall_facts(const json_t *document, struct firewall_facts *out)
{
	const json_t *items = json_object_get(document, "nftables");
	size_t i;
	const json_t *item;
	int families = 0;
	*out = (struct firewall_facts){ .tables = 0 };
	if (!json_is_array(items) || !hash_all(items, out->sha256))
		return false;
	json_array_foreach(items, i, item)
	{
		const json_t *chain = json_object_get(item, "chain");
		out->tables += json_object_get(item, "table") != NULL;
		out->chains += chain != NULL;
		out->rules += json_object_get(item, "rule") != NULL;
		if (chain != NULL)
			families |= families_dropped(items, chain);
	}
	out->drops_unnamed = families == BOTH;
	return true;
}

/* ---- counters ---- */

static void count_rule(const json_t *rule, struct firewall_counts *sum)
{
	size_t i;
	const json_t *statement;
	json_int_t packets = 0, bytes = 0;
	bool has_verdict = false;
	json_array_foreach(json_object_get(rule, "expr"), i, statement)
	{
		const json_t *counter = json_object_get(statement, "counter");
		packets += json_integer_value(json_object_get(counter, "packets"));
		bytes += json_integer_value(json_object_get(counter, "bytes"));
		has_verdict = has_verdict || drops(statement);
	}
	if (!has_verdict)
		return;
	sum->packets += (uint64_t)packets;
	sum->bytes += (uint64_t)bytes;
}

struct firewall_counts firewall_counts(const json_t *document)
{
	struct firewall_counts sum = { .packets = 0 };
	size_t i;
	const json_t *item;
	json_array_foreach(json_object_get(document, "nftables"), i, item)
	{
		const json_t *rule = json_object_get(item, "rule");
		if (rule != NULL)
			count_rule(rule, &sum);
	}
	return sum;
}
