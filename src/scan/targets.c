/*
 * targets.c: see targets.h.
 */
#include "scan/targets.h"

#include <endian.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { WORD_MAX = 256, SHOWN_MAX = 80 };

/*
 * Ranges are so small that the upper half of an address never changes within one; what
 * is written across such a border is refused.
 */
static uint64_t half(const struct addr *addr, int which)
{
	uint64_t bits;
	memcpy(&bits, addr->ip6 + 8 * (size_t)which, sizeof(bits));
	return be64toh(bits);
}

static struct addr plus(const struct addr *addr, uint64_t by)
{
	struct addr sum = *addr;
	uint64_t low = htobe64(half(addr, 1) + by);
	memcpy(sum.ip6 + 8, &low, sizeof(low));
	return sum;
}

struct addr target_range_last(const struct target_range *range)
{
	return plus(&range->first, range->count - 1);
}

static bool complain(char *error, const char *text, const char *why)
{
	snprintf(error, TARGET_ERROR_MAX, "\"%.*s\": %s", SHOWN_MAX, text, why);
	return false;
}

static bool add(struct targets *targets, const char *text, const struct addr *first,
		uint64_t count, char *error)
{
	if (count > TARGET_HOSTS_MAX)
		return complain(error, text,
				"more than 1048576 hosts; at most an IPv4 /12 or an "
				"IPv6 /108");
	struct addr last = plus(first, count - 1);
	if (addr_is_group(first) || addr_is_group(&last) || addr_is_unspecified(first))
		return complain(error, text,
				"holds multicast, broadcast or the address of nobody; "
				"allowed are addresses of hosts");
	if (targets->count == targets->room) {
		size_t room = targets->room * 2 + 16;
		void *grown = realloc(targets->at, room * sizeof(*targets->at));
		if (grown == NULL)
			return complain(error, text, "out of memory");
		targets->at = grown;
		targets->room = room;
	}
	targets->at[targets->count++] =
		(struct target_range){ .first = *first, .count = (uint32_t)count };
	return true;
}

static bool add_prefix(struct targets *targets, const char *text, char *error)
{
	struct prefix prefix;
	if (!prefix_parse(text, &prefix))
		return complain(error, text,
				"not a network; write 10.0.0.0/24 or fd00::/120");
	unsigned bits = 128u - prefix.len;
	uint64_t count = bits > 32 ? UINT64_MAX : UINT64_C(1) << bits;
	return add(targets, text, &prefix.addr, count, error);
}

/* "10.0.0.1-9": the last part of an IPv4 address. */
static bool last_octet(const struct addr *first, const char *text, struct addr *last)
{
	char *end;
	unsigned long octet = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || octet > 255 ||
	    !addr_is_v4(first))
		return false;
	*last = *first;
	last->ip6[15] = (uint8_t)octet;
	return true;
}

static bool add_range(struct targets *targets, const char *text,
		      const struct addr *first, const char *end, char *error)
{
	struct addr last;
	if (!addr_parse(end, &last) && !last_octet(first, end, &last))
		return complain(error, text,
				"not a range; write 10.0.0.1-10.0.0.9, 10.0.0.1-9 or "
				"fd00::1-fd00::9");
	if (addr_is_v4(first) != addr_is_v4(&last) || half(first, 0) != half(&last, 0))
		return complain(error, text, "begins and ends in different networks");
	if (half(&last, 1) < half(first, 1))
		return complain(error, text, "ends before it begins");
	uint64_t more = half(&last, 1) - half(first, 1);
	return add(targets, text, first, more == UINT64_MAX ? more : more + 1, error);
}

static bool add_name(struct targets *targets, const char *text, char *error)
{
	struct addrinfo wanted = { .ai_socktype = SOCK_STREAM }, *found = NULL;
	int failed = getaddrinfo(text, NULL, &wanted, &found);
	if (failed != 0) {
		snprintf(error, TARGET_ERROR_MAX,
			 "\"%.*s\": %s; allowed are addresses, ranges, networks and "
			 "names",
			 SHOWN_MAX, text, gai_strerror(failed));
		return false;
	}
	bool added = true;
	for (const struct addrinfo *one = found; one != NULL && added;
	     one = one->ai_next) {
		struct addr addr;
		if (addr_of_socket(one->ai_addr, &addr))
			added = add(targets, text, &addr, 1, error);
	}
	freeaddrinfo(found);
	return added;
}

bool targets_add(struct targets *targets, const char *text,
		 char error[static TARGET_ERROR_MAX])
{
	struct addr addr;
	char left[WORD_MAX];
	if (addr_parse(text, &addr))
		return add(targets, text, &addr, 1, error);
	if (strchr(text, '/') != NULL)
		return add_prefix(targets, text, error);
	/* Names may have a dash, too: only an address in front makes it a range. */
	size_t dash = strcspn(text, "-");
	if (dash < sizeof(left) && text[dash] == '-') {
		memcpy(left, text, dash);
		left[dash] = '\0';
		if (addr_parse(left, &addr))
			return add_range(targets, text, &addr, text + dash + 1, error);
	}
	return add_name(targets, text, error);
}

static int by_address(const void *left, const void *right)
{
	const struct target_range *a = left, *b = right;
	return memcmp(a->first.ip6, b->first.ip6, sizeof(a->first.ip6));
}

/* Joins b to a if they touch or overlap; b begins no earlier. */
static bool join(struct target_range *a, const struct target_range *b)
{
	if (half(&a->first, 0) != half(&b->first, 0))
		return false;
	uint64_t from = half(&b->first, 1) - half(&a->first, 1);
	if (from > a->count)
		return false;
	uint64_t end = from + b->count;
	if (end > a->count)
		a->count = (uint32_t)end;
	return true;
}

bool targets_finish(struct targets *targets, char error[static TARGET_ERROR_MAX])
{
	if (targets->count == 0) {
		snprintf(error, TARGET_ERROR_MAX,
			 "no targets; allowed are addresses, ranges, networks and "
			 "names");
		return false;
	}
	qsort(targets->at, targets->count, sizeof(*targets->at), by_address);
	size_t kept = 0;
	for (size_t i = 1; i < targets->count; i++)
		if (!join(&targets->at[kept], &targets->at[i]))
			targets->at[++kept] = targets->at[i];
	targets->count = kept + 1;
	uint64_t hosts = 0;
	for (size_t i = 0; i < targets->count && hosts <= TARGET_HOSTS_MAX; i++) {
		targets->at[i].before = (uint32_t)hosts;
		hosts += targets->at[i].count;
	}
	targets->hosts = (uint32_t)hosts;
	if (hosts > TARGET_HOSTS_MAX)
		snprintf(error, TARGET_ERROR_MAX,
			 "more than %d hosts; scan them in parts", TARGET_HOSTS_MAX);
	return hosts <= TARGET_HOSTS_MAX;
}

void targets_free(struct targets *targets)
{
	free(targets->at);
	*targets = (struct targets){ 0 };
}

const struct target_range *targets_range(const struct targets *targets, uint32_t host)
{
	size_t low = 0, high = targets->count;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (targets->at[middle].before <= host)
			low = middle;
		else
			high = middle;
	}
	return &targets->at[low];
}

struct addr targets_addr(const struct targets *targets, uint32_t host)
{
	const struct target_range *range = targets_range(targets, host);
	return plus(&range->first, host - range->before);
}

bool targets_find(const struct targets *targets, const struct addr *addr,
		  uint32_t *host)
{
	size_t low = 0, high = targets->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct target_range *range = &targets->at[middle];
		if (memcmp(range->first.ip6, addr->ip6, sizeof(addr->ip6)) > 0) {
			high = middle;
			continue;
		}
		uint64_t from = half(addr, 1) - half(&range->first, 1);
		if (half(addr, 0) == half(&range->first, 0) && from < range->count) {
			*host = range->before + (uint32_t)from;
			return true;
		}
		low = middle + 1;
	}
	return false;
}

static bool holds_both(const struct home *home, const struct addr *first,
		       const struct addr *last)
{
	for (size_t i = 0; i < home->count; i++)
		if (prefix_holds(&home->at[i], first) &&
		    prefix_holds(&home->at[i], last))
			return true;
	return false;
}

/* What addr_is_private() and addr_is_loopback() know, as prefixes. */
static void add_private(struct home *home)
{
	static const char *const texts[] = { "127.0.0.0/8",    "::1",
					     "10.0.0.0/8",     "172.16.0.0/12",
					     "192.168.0.0/16", "169.254.0.0/16",
					     "fc00::/7",       "fe80::/10" };
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct prefix prefix;
		if (prefix_parse(texts[i], &prefix))
			home_add(home, &prefix);
	}
}

const struct target_range *targets_outside(const struct targets *targets,
					   const struct home *home)
{
	struct home near = { .count = 0 };
	add_private(&near);
	for (size_t i = 0; i < targets->count; i++) {
		const struct target_range *range = &targets->at[i];
		struct addr last = target_range_last(range);
		if (!holds_both(&near, &range->first, &last) &&
		    !holds_both(home, &range->first, &last))
			return range;
	}
	return NULL;
}
