/*
 * fleet_seen.c: at which sensors something was seen; see fleet_guess.h.
 */
#include <stdio.h>

#include "detect/fleet_guess.h"

static uint32_t *each_of(struct fleet_seen *seen, uint32_t number)
{
	uint32_t i = 0;
	while (i < seen->count && seen->numbers[i] != number)
		i++;
	if (i == FLEET_SEEN_MAX)
		return NULL;
	if (i == seen->count) {
		seen->numbers[seen->count++] = number;
		seen->each[i] = 0;
	}
	return &seen->each[i];
}

void fleet_seen_note(struct fleet_seen *seen, const struct detect_fleet *fleet,
		     const struct fleet_sensor *sensor, const struct addr *server)
{
	uint32_t *each = each_of(seen, fleet_sensor_number(fleet, sensor));
	seen->times++;
	if (each != NULL)
		++*each;
	cardinality_add(&seen->sensors, sensor->head.key.rest);
	/* Some logs don't say at which of its addresses: then the sensor is the host.
	 */
	cardinality_add(&seen->hosts, addr_is_unset(server)
					      ? sensor->head.key.rest
					      : fleet_host_of(sensor, server));
}

uint64_t fleet_seen_sensors(const struct fleet_seen *seen)
{
	return cardinality_estimate(&seen->sensors);
}

uint64_t fleet_seen_most(const struct fleet_seen *seen)
{
	uint64_t most = 0;
	for (uint32_t i = 0; i < seen->count; i++)
		if (seen->each[i] > most)
			most = seen->each[i];
	return most;
}

uint64_t fleet_seen_at(const struct fleet_seen *seen, const struct detect_fleet *fleet,
		       const struct fleet_sensor *sensor)
{
	uint32_t number = fleet_sensor_number(fleet, sensor);
	for (uint32_t i = 0; i < seen->count; i++)
		if (seen->numbers[i] == number)
			return seen->each[i];
	return 0;
}

void fleet_seen_text(const struct fleet_seen *seen, const struct detect_fleet *fleet,
		     char *out, size_t size)
{
	char names[96];
	uint64_t sensors = fleet_seen_sensors(seen);
	fleet_sensor_names(fleet, seen->numbers, seen->count, sensors, names,
			   sizeof(names));
	snprintf(out, size, "at %llu hosts, at most %llu at one of %llu sensors: %s",
		 (unsigned long long)cardinality_estimate(&seen->hosts),
		 (unsigned long long)fleet_seen_most(seen), (unsigned long long)sensors,
		 names);
}

void fleet_seen_add(const struct fleet_seen *seen, const struct detect_fleet *fleet,
		    struct finding_record *evidence)
{
	fleet_add_sensors(evidence, fleet, seen->numbers, seen->count, &seen->sensors);
}
