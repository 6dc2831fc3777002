/*
 * fleet_who.c: whose address it is, and how sensors are named; see fleet_inside.h.
 */
#include <stdio.h>
#include <string.h>

#include "base/name_list.h"
#include "detect/fleet_inside.h"

/* A replay counts the same; the tables have their own keys. */
static const struct hash_key fixed;

struct addr fleet_source_of(const struct fleet_sensor *sensor, const struct addr *addr)
{
	struct addr source = addr_source(addr);
	uint64_t words[3];
	if (addr_is_global(addr))
		return source;
	memcpy(words, source.ip6, sizeof(source.ip6));
	words[2] = sensor->realm;
	uint64_t hash = hash_words(&fixed, words, 3);
	/* A /64 of a network that nobody has (RFC 4193 with its L bit off). */
	memset(&source, 0, sizeof(source));
	memcpy(source.ip6, &hash, sizeof(hash));
	source.ip6[0] = 0xfc;
	return source;
}

uint64_t fleet_host_of(const struct fleet_sensor *sensor, const struct addr *addr)
{
	uint64_t words[3];
	memcpy(words, addr->ip6, sizeof(addr->ip6));
	words[2] = !addr_is_global(addr) ? sensor->realm : 0;
	return hash_words(&fixed, words, 3) | 1;
}

uint64_t fleet_place(uint64_t host, unsigned transport, uint32_t port)
{
	const uint64_t words[2] = { host, (uint64_t)transport << 32 | port };
	return hash_words(&fixed, words, 2);
}

void fleet_who(const struct fleet_sensor *sensor, const struct addr *client,
	       char out[static FLEET_WHO_MAX])
{
	struct addr source = addr_source(client);
	const char *site = sensor->site[0] != '\0' ? sensor->site : sensor->name;
	char text[ADDR_TEXT_MAX];
	bool is_local = !addr_is_global(client);
	addr_text(&source, text);
	snprintf(out, FLEET_WHO_MAX, "%s%s%s%s%s", text,
		 addr_is_v4(client) ? "" : "/64", is_local ? " (of " : "",
		 is_local ? site : "", is_local ? ")" : "");
}

void fleet_set_client(struct finding_record *evidence,
		      const struct fleet_sensor *sensor, const struct addr *client)
{
	evidence->client_ip = addr_source(client);
	evidence->client_prefix = addr_is_v4(client) ? 32 : 64;
	if (!addr_is_global(client))
		record_text(evidence->sensor, sizeof(evidence->sensor), sensor->name);
}

void fleet_sensor_names(const struct detect_fleet *fleet, const uint32_t *numbers,
			size_t count, uint64_t all, char *out, size_t size)
{
	enum { MORE = 24 }; /* room for " and 18446744 more" */
	size_t len = 0, named = 0;
	out[0] = '\0';
	for (; named < count; named++) {
		const char *name = fleet_sensor_at(fleet, numbers[named])->name;
		if (len + strlen(name) + 2 + MORE > size)
			break;
		len += (size_t)snprintf(out + len, size - len, "%s%s",
					named > 0 ? ", " : "", name);
	}
	if (all > named)
		snprintf(out + len, size - len, named > 0 ? " and %llu more" : "%llu",
			 (unsigned long long)(all - named));
}

void fleet_add_sensor(struct finding_record *evidence,
		      const struct fleet_sensor *sensor)
{
	name_list_add(evidence->sensors, sizeof(evidence->sensors), sensor->name);
}

void fleet_add_sensors(struct finding_record *evidence,
		       const struct detect_fleet *fleet, const uint32_t *numbers,
		       size_t count, const struct cardinality *all)
{
	/* Beyond few the count is an estimate, which may be too low. */
	bool has_more = all != NULL &&
			(cardinality_estimate(all) > count ||
			 (all->count > CARDINALITY_FEW && count <= CARDINALITY_FEW));
	for (size_t i = 0; i < count; i++)
		fleet_add_sensor(evidence, fleet_sensor_at(fleet, numbers[i]));
	if (has_more)
		name_list_add(evidence->sensors, sizeof(evidence->sensors),
			      NAME_LIST_MORE);
}
