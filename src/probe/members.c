/*
 * members.c: see members.h.
 */
#include "probe/members.h"

#include <stdio.h>
#include <string.h>

#include "probe/http.h"

enum { URL_MAX = 2 * TARGET_TEXT_MAX };

static const char all_addresses[] = "addresses=all", both_families[] = "family=both";

/* ---- asked itself ---- */

static void begin(struct asked *a)
{
	a->record.ip = addr_unset();
	asked_judge(a, REASON_NONE, "%s", "");
	asked_end(a);
}

const struct way members_way = { .begin = begin };

/* ---- how they are written ---- */

static const char *find_option(const struct target *t, const char *option)
{
	const char *at = strchr(t->url, t->kind == TARGET_HTTP ? '#' : '?');
	size_t len = strlen(option);
	for (; at != NULL; at = strchr(at + 1, '&'))
		if (strncmp(at + 1, option, len) == 0 &&
		    (at[1 + len] == '&' || at[1 + len] == '#' || at[1 + len] == '\0'))
			return at + 1;
	return NULL;
}

bool members_with_option(const struct target *t, const char *option,
			 const char *instead, char *out, size_t size)
{
	const char *at = find_option(t, option);
	return at != NULL && snprintf(out, size, "%.*s%s%s", (int)(at - t->url), t->url,
				      instead, at + strlen(option)) < (int)size;
}

bool members_with_host(const struct target *t, const char *host, uint16_t port,
		       char *out, size_t size)
{
	const char *from = strstr(t->url, "://") + 3;
	const char *end = from + strcspn(from, "/?#");
	const char *user = memrchr(from, '@', (size_t)(end - from));
	if (user != NULL)
		from = user + 1;
	return snprintf(out, size, "%.*s%s:%u%s", (int)(from - t->url), t->url, host,
			port, end) < (int)size;
}

bool members_check(struct target *t, char why[TARGET_WHY_MAX])
{
	if (t->wants_all_addresses && find_option(t, all_addresses) == NULL)
		return target_refuse(why, "addresses: write it as %s", all_addresses);
	if (t->wants_both_families && find_option(t, both_families) == NULL)
		return target_refuse(why, "family: write it as %s", both_families);
	return true;
}

/* ---- which they are ---- */

/* What was said of all of them beside their URL is said of each. */
static void give(const struct target *t, const char *url, member_take take, void *to)
{
	struct target member;
	char why[TARGET_WHY_MAX];
	if (!target_parse(&member, url, why))
		return;
	member.timeout_ms = t->timeout_ms;
	member.limits = t->limits;
	member.burst = t->burst;
	take(to, &member);
}

static void give_families(const struct target *t, member_take take, void *to)
{
	static const char *const one_family[] = { "family=4", "family=6" };
	char url[URL_MAX];
	for (size_t i = 0; i < 2; i++)
		if (members_with_option(t, both_families, one_family[i], url,
					sizeof(url)))
			give(t, url, take, to);
}

static bool member_url(const struct target *t, const struct name_one *one,
		       char url[URL_MAX])
{
	char instead[ADDR_TEXT_MAX + 16] = "address=";
	if (t->members == MEMBERS_SERVICES)
		return members_with_host(t, one->host, one->port, url, URL_MAX);
	addr_text(&one->addr, instead + strlen(instead));
	return members_with_option(t, all_addresses, instead, url, URL_MAX);
}

void prober_members(struct prober *p, const struct target *t, member_take take,
		    void *to)
{
	char url[URL_MAX];
	if (t->members == MEMBERS_FAMILIES) {
		give_families(t, take, to);
		return;
	}
	const struct name *name = name_of(p, t, NULL);
	for (size_t i = 0; name != NULL && i < name->count; i++)
		if (member_url(t, &name->at[i], url))
			give(t, url, take, to);
}

void member_name(const struct target *t, const struct target *member, char *out,
		 size_t size)
{
	char addr[ADDR_TEXT_MAX];
	if (t->members == MEMBERS_FAMILIES) {
		snprintf(out, size, "IPv%u", member->family);
	} else if (t->members == MEMBERS_ADDRESSES) {
		addr_text(&member->address, addr);
		snprintf(out, size, "%s", addr);
	} else {
		snprintf(out, size, "%.64s:%u", member->question.host, member->port);
	}
}
