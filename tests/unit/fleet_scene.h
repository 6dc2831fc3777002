/*
 * fleet_scene.h: sensors by hand, and what is found across them.
 *
 * Include after cmocka.h.  Sensor i is "web-i", and watches 198.18.i/256.i%256.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/home.h"
#include "detect/fleet.h"

#define T0     1800000000000000LL
#define SECOND 1000000LL
#define MINUTE (60 * SECOND)

enum { FLEET_SAID_MAX = 4096 };

struct fleet_scene {
	struct detect_fleet *fleet;
	struct finding_record said[FLEET_SAID_MAX];
	size_t count;
	int64_t now_us;
};

static inline void say(void *self, const struct finding_record *finding)
{
	struct fleet_scene *scene = self;
	assert_true(scene->count < FLEET_SAID_MAX);
	scene->said[scene->count++] = *finding;
}

static inline struct addr addr(const char *text)
{
	struct addr a;
	assert_true(addr_parse(text, &a));
	return a;
}

static inline int begin(void **state)
{
	struct fleet_scene *scene = calloc(1, sizeof(*scene));
	assert_non_null(scene);
	struct detect_sink sink = { .self = scene, .finding = say };
	scene->fleet = detect_fleet_new(&sink);
	assert_non_null(scene->fleet);
	scene->now_us = T0;
	*state = scene;
	return 0;
}

static inline int end(void **state)
{
	struct fleet_scene *scene = *state;
	detect_fleet_free(scene->fleet);
	free(scene);
	return 0;
}

static inline void pass(struct fleet_scene *scene, int64_t us)
{
	scene->now_us += us;
	detect_fleet_tick(scene->fleet, scene->now_us);
}

static inline void name_sensor(char *out, unsigned number)
{
	snprintf(out, 64, "web-%u", number);
}

static inline struct addr host(unsigned number)
{
	char text[32];
	snprintf(text, sizeof(text), "198.18.%u.%u", number / 256, number % 256);
	return addr(text);
}

static inline void heartbeat(struct fleet_scene *scene, unsigned number,
			     const char *site, const char *tags, const char *is)
{
	struct sensor_record s;
	record_init(RECORD_sensor, &s);
	s.at = scene->now_us;
	s.state = is;
	record_text(s.site, sizeof(s.site), site);
	record_text(s.tags, sizeof(s.tags), tags);
	name_sensor(s.sensor, number);
	detect_fleet_record(scene->fleet, RECORD_sensor, &s);
}

static inline void join(struct fleet_scene *scene, unsigned sensors, const char *site)
{
	for (unsigned i = 0; i < sensors; i++)
		heartbeat(scene, i, site, "web", "up");
}

static inline struct contact_record contact_of(struct fleet_scene *scene,
					       unsigned sensor, const char *client,
					       uint32_t port, const char *outcome)
{
	struct contact_record c;
	record_init(RECORD_contact, &c);
	c.at = scene->now_us;
	c.transport = "tcp";
	c.client_ip = addr(client);
	c.client_port = 40000;
	c.server_ip = host(sensor);
	c.port = port;
	c.technique = "syn";
	c.outcome = outcome;
	name_sensor(c.sensor, sensor);
	return c;
}

static inline void touch(struct fleet_scene *scene, unsigned sensor, const char *client,
			 uint32_t port, const char *outcome)
{
	struct contact_record c = contact_of(scene, sensor, client, port, outcome);
	detect_fleet_record(scene->fleet, RECORD_contact, &c);
}

static inline void log_in(struct fleet_scene *scene, unsigned sensor,
			  const char *client, const char *user, const char *outcome)
{
	struct login_record l;
	record_init(RECORD_login, &l);
	l.at = scene->now_us;
	l.transport = "tcp";
	l.client_ip = addr(client);
	l.client_port = (uint32_t)(20000 + scene->now_us / SECOND % 40000);
	l.server_ip = host(sensor);
	l.server_port = 22;
	l.outcome = outcome;
	l.method = "password";
	l.seen_by = "packets";
	record_text(l.protocol, sizeof(l.protocol), "ssh");
	record_text(l.user, sizeof(l.user), user);
	name_sensor(l.sensor, sensor);
	detect_fleet_record(scene->fleet, RECORD_login, &l);
}

/* What was said of that kind, last; NULL: nothing. */
static inline const struct finding_record *said_of(const struct fleet_scene *scene,
						   const char *kind)
{
	for (size_t i = scene->count; i-- > 0;)
		if (strcmp(scene->said[i].kind, kind) == 0)
			return &scene->said[i];
	return NULL;
}

/* How many findings of that kind there were. */
static inline unsigned count_of(const struct fleet_scene *scene, const char *kind)
{
	unsigned count = 0;
	for (size_t i = 0; i < scene->count; i++) {
		bool is_new = strcmp(scene->said[i].kind, kind) == 0;
		for (size_t j = 0; j < i && is_new; j++)
			is_new = strcmp(scene->said[i].id, scene->said[j].id) != 0;
		count += is_new;
	}
	return count;
}
