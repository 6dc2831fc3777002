/*
 * fleet_odd.c: a port that is open on one of forty alike servers, or missing there.
 *
 * Servers of one site with the same tags are alike as far as somebody said so; whether
 * they are is seen by their ports.  Once a minute all are looked at anew: what most of
 * those have that told something is common; who has half of that is a member; what at
 * most one member in twenty has, or has not, is odd.  Where many members have something
 * odd, the group is none.  Ports from 32768 on are given out at random, so there the
 * program's name counts.
 */
#include "detect/fleet_odd.h"

#include <stdlib.h>
#include <string.h>

#include "detect/scan_attempt.h"

enum {
	LISTENERS_MAX = 262144,
	PORTS_MAX = 65536,
	GROUPS_MAX = 4096,
	MEMBERS_LEAST = 8, /* of fewer, one is no exception */
	FEW_OF = 20,       /* one in twenty */
	ODD_OF = 10,       /* more than one in ten with something odd: not alike */
	DYNAMIC_PORT = 32768,
	LOOK_S = 60,
	/* Who deploys does one server after the other. */
	SETTLED_S = 600,
};

static void close_odd(void *state)
{
	struct odd *odd = state;
	roster_close(&odd->listeners);
	roster_close(&odd->ports);
	roster_close(&odd->groups);
	free(odd->sensors);
}

static bool open_odd(struct detect_fleet *fleet, void *state)
{
	struct odd *odd = state;
	(void)fleet;
	odd->sensors = calloc(FLEET_SENSORS_MAX, sizeof(*odd->sensors));
	if (odd->sensors == NULL ||
	    !roster_open(&odd->listeners, sizeof(struct odd_listener), LISTENERS_MAX) ||
	    !roster_open(&odd->ports, sizeof(struct odd_port), PORTS_MAX) ||
	    !roster_open(&odd->groups, sizeof(struct odd_group), GROUPS_MAX))
		return false;
	return true;
}

/* ---- who listens ---- */

static uint64_t what_of(const struct listener_record *l)
{
	unsigned transport = scan_attempt_transport_of(l->transport);
	if (l->port < DYNAMIC_PORT || l->process[0] == '\0')
		return (uint64_t)transport << 32 | l->port;
	return fleet_text_hash(l->process) | 1ULL << 63;
}

/* Nobody else can reach it, or it is a container's. */
static bool is_private(const struct listener_record *l)
{
	return l->netns != UNKNOWN_U64 || findings_same_word(l->reach, "loopback") ||
	       findings_same_word(l->reach, "namespace");
}

static uint32_t address_of(const struct listener_record *l)
{
	uint64_t words[3] = { l->port };
	static const struct hash_key fixed;
	memcpy(words + 1, l->ip.ip6, sizeof(l->ip.ip6));
	return (uint32_t)hash_words(&fixed, words, 3);
}

static void open_address(struct odd_listener *listener, uint32_t address)
{
	for (unsigned i = 0; i < listener->count; i++)
		if (listener->addresses[i] == address)
			return;
	/* With more than that, one is enough to be open. */
	if (listener->count < ODD_ADDRESSES)
		listener->addresses[listener->count++] = address;
}

static void close_address(struct odd_listener *listener, uint32_t address)
{
	for (unsigned i = 0; i < listener->count; i++)
		if (listener->addresses[i] == address)
			listener->addresses[i] = listener->addresses[--listener->count];
}

static struct odd_listener *listener_of(struct odd *odd,
					const struct detect_fleet *fleet,
					const struct fleet_sensor *sensor,
					uint64_t what)
{
	struct roster_key key = { .rest = what };
	memcpy(key.first.ip6, &sensor->head.key.rest, sizeof(uint64_t));
	struct odd_listener *listener = roster_take(&odd->listeners, &key);
	listener->what = what;
	listener->sensor = fleet_sensor_number(fleet, sensor);
	return listener;
}

static void take_listener(struct detect_fleet *fleet, void *state,
			  struct fleet_sensor *sensor, const struct listener_record *l)
{
	if (l->transport == NULL || l->port == UNKNOWN_U32 || l->at == UNKNOWN_TIME ||
	    is_private(l))
		return;
	struct odd_listener *listener = listener_of(state, fleet, sensor, what_of(l));
	bool was_open = listener->count > 0;
	bool stays = l->sockets != UNKNOWN_U32 && l->sockets > 0;
	if (findings_same_word(l->change, "closed") && !stays)
		close_address(listener, address_of(l));
	else
		open_address(listener, address_of(l));
	if (was_open == (listener->count > 0) && listener->transport != NULL)
		return;
	listener->changed_us = l->at;
	listener->port = l->port;
	listener->transport = l->transport;
	listener->is_judged = l->authorized != UNKNOWN_FLAG;
	listener->is_owned = l->package[0] != '\0';
	record_text(listener->process, sizeof(listener->process), l->process);
}

/* What was told of it stays: so its end can be. */
static void forget_listeners(void *state)
{
	struct odd *odd = state;
	for (uint32_t i = 0; i < odd->listeners.used; i++) {
		struct odd_listener *listener =
			(struct odd_listener *)(odd->listeners.at +
						i * odd->listeners.entry_size);
		listener->count = 0;
	}
}

/* ---- one look ---- */

bool odd_is_alike(const struct odd_group *group)
{
	uint32_t odd_most = group->members / ODD_OF;
	return group->members >= MEMBERS_LEAST && group->common > 0 &&
	       group->odd <= (odd_most > 0 ? odd_most : 1);
}

uint32_t odd_few(const struct odd_group *group)
{
	uint32_t few = group->members / FEW_OF;
	return few > 0 ? few : 1;
}

static struct odd_group *group_of(struct odd *odd, const struct fleet_sensor *sensor)
{
	struct roster_key key = { .rest = sensor->group };
	return roster_take(&odd->groups, &key);
}

static struct odd_port *port_of(struct odd *odd, const struct fleet_sensor *sensor,
				uint64_t what)
{
	struct roster_key key = { .rest = what };
	memcpy(key.first.ip6, &sensor->group, sizeof(uint64_t));
	struct odd_port *port = roster_take(&odd->ports, &key);
	port->what = what;
	return port;
}

/* Calls take with each port that is open at a sensor that is up and of a group. */
typedef void (*take_open)(struct odd *odd, const struct fleet_sensor *sensor,
			  struct odd_listener *listener);
static void each_open(const struct detect_fleet *fleet, struct odd *odd, take_open take)
{
	for (uint32_t i = 0; i < odd->listeners.used; i++) {
		struct odd_listener *listener =
			(struct odd_listener *)(odd->listeners.at +
						i * odd->listeners.entry_size);
		const struct fleet_sensor *sensor =
			fleet_sensor_at(fleet, listener->sensor);
		if (listener->count > 0 && sensor->is_up && sensor->group != 0)
			take(odd, sensor, listener);
	}
}

static struct odd_sensor *of_sensor(struct odd *odd,
				    const struct odd_listener *listener)
{
	return &odd->sensors[listener->sensor];
}

static void clear(struct odd *odd, uint32_t sensors)
{
	memset(odd->sensors, 0, sensors * sizeof(*odd->sensors));
	odd->open = 0;
	for (uint32_t i = 0; i < odd->groups.used; i++) {
		struct odd_group *group =
			(struct odd_group *)(odd->groups.at +
					     i * odd->groups.entry_size);
		group->tellers = group->common = group->members = group->odd = 0;
	}
	for (uint32_t i = 0; i < odd->ports.used; i++) {
		struct odd_port *port =
			(struct odd_port *)(odd->ports.at + i * odd->ports.entry_size);
		port->tellers = port->members = 0;
	}
}

static void count_teller(struct odd *odd, const struct fleet_sensor *sensor,
			 struct odd_listener *listener)
{
	struct odd_port *port = port_of(odd, sensor, listener->what);
	/* Used now: who makes room are those of sensors that have gone. */
	roster_find(&odd->listeners, &listener->head.key);
	odd->open++;
	if (of_sensor(odd, listener)->listeners++ == 0)
		group_of(odd, sensor)->tellers++;
	port->tellers++;
	port->port = listener->port;
	port->transport = listener->transport;
	memcpy(port->process, listener->process, sizeof(port->process));
	if (listener->changed_us > port->changed_us)
		port->changed_us = listener->changed_us;
}

static bool is_common(const struct odd_port *port, const struct odd_group *group)
{
	return port->tellers * 2 >= group->tellers;
}

static void count_common(struct odd *odd, const struct fleet_sensor *sensor,
			 struct odd_listener *listener)
{
	of_sensor(odd, listener)->common +=
		is_common(port_of(odd, sensor, listener->what), group_of(odd, sensor));
}

static bool is_member(const struct odd *odd, uint32_t sensor,
		      const struct odd_group *group)
{
	return odd->sensors[sensor].listeners > 0 &&
	       odd->sensors[sensor].common * 2 >= group->common;
}

static void count_member(struct odd *odd, const struct fleet_sensor *sensor,
			 struct odd_listener *listener)
{
	port_of(odd, sensor, listener->what)->members +=
		is_member(odd, listener->sensor, group_of(odd, sensor));
}

static void count_odd(struct odd *odd, const struct fleet_sensor *sensor,
		      struct odd_listener *listener)
{
	struct odd_group *group = group_of(odd, sensor);
	struct odd_sensor *of = of_sensor(odd, listener);
	bool is_odd = is_member(odd, listener->sensor, group) &&
		      port_of(odd, sensor, listener->what)->members <= odd_few(group);
	group->odd += is_odd && !of->is_odd;
	of->is_odd |= is_odd;
}

/* Of the group, which ports are common and who is a member. */
static void count_groups(const struct detect_fleet *fleet, struct odd *odd)
{
	for (uint32_t i = 0; i < odd->ports.used; i++) {
		const struct odd_port *port = roster_at(&odd->ports, i);
		struct roster_key key = { 0 };
		memcpy(&key.rest, port->head.key.first.ip6, sizeof(uint64_t));
		struct odd_group *group = roster_find(&odd->groups, &key);
		if (group != NULL && port->tellers > 0)
			group->common += is_common(port, group);
	}
	each_open(fleet, odd, count_common);
	for (uint32_t i = 0; i < fleet->sensors.used; i++) {
		const struct fleet_sensor *sensor = fleet_sensor_at(fleet, i);
		if (odd->sensors[i].listeners == 0)
			continue;
		struct odd_group *group = group_of(odd, sensor);
		group->members += is_member(odd, i, group);
	}
	each_open(fleet, odd, count_member);
	each_open(fleet, odd, count_odd);
}

/* ---- what is odd ---- */

static bool is_settled(const struct detect_fleet *fleet, const struct odd_port *port,
		       const struct odd_listener *listener)
{
	int64_t last_us = port->changed_us > listener->changed_us
				  ? port->changed_us
				  : listener->changed_us;
	return fleet->now_us - last_us >= SETTLED_S * SECOND_US;
}

static void judge_open(struct detect_fleet *fleet, struct odd *odd,
		       struct odd_listener *listener)
{
	const struct fleet_sensor *sensor = fleet_sensor_at(fleet, listener->sensor);
	const struct odd_group *group = group_of(odd, sensor);
	const struct odd_port *port = port_of(odd, sensor, listener->what);
	bool is_odd = odd_is_alike(group) && !listener->is_judged &&
		      is_member(odd, listener->sensor, group) &&
		      port->members <= odd_few(group);
	if (!is_odd && listener->is_told)
		odd_end(fleet, listener);
	else if (is_odd && !listener->is_told && is_settled(fleet, port, listener))
		odd_tell(fleet, listener, group, port);
}

/* Most members have it, and this one has not. */
static void judge_missing(struct detect_fleet *fleet, struct odd *odd, uint32_t number,
			  const struct odd_port *port)
{
	const struct fleet_sensor *sensor = fleet_sensor_at(fleet, number);
	const struct odd_group *group = group_of(odd, sensor);
	struct odd_listener *listener = listener_of(odd, fleet, sensor, port->what);
	if (listener->count > 0 || listener->is_told ||
	    !is_settled(fleet, port, listener))
		return;
	listener->changed_us = fleet->now_us;
	odd_tell_missing(fleet, listener, group, port);
}

static void look_for_missing(struct detect_fleet *fleet, struct odd *odd,
			     const struct odd_port *port)
{
	struct roster_key key = { 0 };
	memcpy(&key.rest, port->head.key.first.ip6, sizeof(uint64_t));
	const struct odd_group *group = roster_find(&odd->groups, &key);
	if (group == NULL || !odd_is_alike(group) || port->members == group->members ||
	    port->members + odd_few(group) < group->members)
		return;
	for (uint32_t i = 0; i < fleet->sensors.used; i++)
		if (fleet_sensor_at(fleet, i)->group == key.rest &&
		    is_member(odd, i, group))
			judge_missing(fleet, odd, i, port);
}

/* What was missing is there, or is not common any more. */
static void judge_closed(struct detect_fleet *fleet, struct odd *odd,
			 struct odd_listener *listener)
{
	const struct fleet_sensor *sensor = fleet_sensor_at(fleet, listener->sensor);
	const struct odd_group *group = group_of(odd, sensor);
	const struct odd_port *port = port_of(odd, sensor, listener->what);
	bool is_missing = listener->count == 0 && odd_is_alike(group) &&
			  is_member(odd, listener->sensor, group) &&
			  port->members + odd_few(group) >= group->members;
	if (listener->is_told && !is_missing)
		odd_end(fleet, listener);
}

static void judge_listeners(struct detect_fleet *fleet, struct odd *odd)
{
	for (uint32_t i = 0; i < odd->listeners.used; i++) {
		struct odd_listener *listener =
			(struct odd_listener *)(odd->listeners.at +
						i * odd->listeners.entry_size);
		const struct fleet_sensor *sensor =
			fleet_sensor_at(fleet, listener->sensor);
		/* What is not heard of is neither there nor missing. */
		if (!sensor->is_up || sensor->group == 0)
			continue;
		if (listener->count > 0)
			judge_open(fleet, odd, listener);
		else
			judge_closed(fleet, odd, listener);
	}
}

static void look(struct detect_fleet *fleet, void *state, int64_t now_us)
{
	struct odd *odd = state;
	if (odd->looked_us != 0 && now_us - odd->looked_us < LOOK_S * SECOND_US)
		return;
	odd->looked_us = now_us;
	clear(odd, fleet->sensors.used);
	each_open(fleet, odd, count_teller);
	/* Some were forgotten: what is missing is not known. */
	if (odd->open == LISTENERS_MAX)
		return;
	count_groups(fleet, odd);
	judge_listeners(fleet, odd);
	for (uint32_t i = 0; i < odd->ports.used; i++) {
		const struct odd_port *port = roster_at(&odd->ports, i);
		if (port->members > 0)
			look_for_missing(fleet, odd, port);
	}
}

const struct fleet_detector fleet_detector_odd = {
	.state_size = sizeof(struct odd),
	.open = open_odd,
	.close = close_odd,
	.listener = take_listener,
	.forget_listeners = forget_listeners,
	.tick = look,
};
