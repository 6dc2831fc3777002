/*
 * target_options.c: the options that every target takes; not passed to dialogues.
 */
#include <stdlib.h>
#include <string.h>

#include "base/netns.h"
#include "probe/http.h"
#include "probe/limits.h"
#include "probe/resolvers.h"

static bool take_timeout(struct target *t, const char *value)
{
	return target_timeout_parse(value, &t->timeout_ms);
}

static bool take_family(struct target *t, const char *value)
{
	t->wants_both_families = strcmp(value, "both") == 0;
	if (t->wants_both_families)
		return true;
	t->family = (uint8_t)(value[0] - '0');
	return (t->family == 4 || t->family == 6) && value[1] == '\0';
}

static bool take_addresses(struct target *t, const char *value)
{
	t->wants_all_addresses = strcmp(value, "all") == 0;
	return t->wants_all_addresses || strcmp(value, "one") == 0;
}

static bool take_address(struct target *t, const char *value)
{
	t->has_address = addr_parse(value, &t->address);
	return t->has_address;
}

static bool take_source(struct target *t, const char *value)
{
	return addr_parse(value, &t->source);
}

static bool take_interface(struct target *t, const char *value)
{
	t->interface = value;
	return value[0] != '\0';
}

static bool take_netns(struct target *t, const char *value)
{
	t->netns = value;
	return netns_is_name(value);
}

static bool take_resolver(struct target *t, const char *value)
{
	char normal[RESOLVER_TEXT_MAX];
	t->resolver = value;
	return resolver_parse(value, normal);
}

static bool take_server_name(struct target *t, const char *value)
{
	t->server_name = value;
	return value[0] != '\0';
}

static bool take_verify(struct target *t, const char *value)
{
	t->verifies = strcmp(value, "no") != 0;
	t->verifies_dates = strcmp(value, "dates") == 0;
	return !t->verifies || t->verifies_dates || strcmp(value, "yes") == 0;
}

static bool take_slow(struct target *t, const char *value)
{
	return limit_slow_parse(value, &t->limits.slow_ms);
}

static bool take_days(struct target *t, const char *value)
{
	return limit_days_parse(value, &t->limits.certificate_days);
}

static const struct target_option {
	const char *name, *allowed;
	bool (*take)(struct target *t, const char *value);
} all[] = {
	{ "timeout", TARGET_TIMEOUT_ALLOWED, take_timeout },
	{ "family", "4, 6 and both", take_family },
	{ "addresses", "one and all", take_addresses },
	{ "address", "an address, such as 192.0.2.1", take_address },
	{ "source", "an address of this machine, such as 192.0.2.1", take_source },
	{ "interface", "an interface's name", take_interface },
	{ "netns", "a name in /run/netns", take_netns },
	{ "resolver", "an address, or address:port", take_resolver },
	{ "server_name", "a host's name", take_server_name },
	{ "verify", "yes, no and dates", take_verify },
	{ "slow", LIMIT_SLOW_ALLOWED, take_slow },
	{ "certificate_days", LIMIT_DAYS_ALLOWED, take_days },
};

const struct target_option *target_option_find(const char *name)
{
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (strcmp(all[i].name, name) == 0)
			return &all[i];
	return NULL;
}

bool target_option_take(struct target *t, const struct target_option *option,
			const char *value, char why[TARGET_WHY_MAX])
{
	return option->take(t, value) ||
	       target_refuse(why, "%s=%s: allowed are %s", option->name, value,
			     option->allowed);
}
