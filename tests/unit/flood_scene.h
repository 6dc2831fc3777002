/*
 * flood_scene.h: seconds of traffic by hand, for the detectors of floods.
 *
 * Include after cmocka.h.
 */
#pragma once

#include "detect_scene.h"

#define SERVER_IP "192.0.2.1"

/* One second of a service. */
struct second {
	const char *transport;
	uint32_t port;
	uint64_t syns, handshakes, flows, rejected, active; /* TCP */
	uint64_t client_packets, server_packets, clients;
};

static inline struct port_record port_of(struct scene *scene, const struct second *is)
{
	struct port_record p;
	record_init(RECORD_port, &p);
	p.start = scene->now_us;
	p.interval_s = 1;
	p.server_ip = addr(SERVER_IP);
	p.port = is->port;
	p.transport = is->transport;
	p.flows = is->flows;
	p.rejected = is->rejected;
	p.active = is->active;
	p.client_packets = is->client_packets;
	p.client_bytes = is->client_packets * 100;
	p.server_packets = is->server_packets;
	p.clients = is->clients;
	if (strcmp(is->transport, "tcp") == 0) {
		p.syns = is->syns;
		p.handshakes = is->handshakes;
	}
	return p;
}

/* So many seconds of it, and they are over. */
static inline void serve(struct scene *scene, const struct second *is, int seconds)
{
	for (int i = 0; i < seconds; i++) {
		struct port_record p = port_of(scene, is);
		detect_port(scene->detect, &p, UNKNOWN_FLAG);
		pass(scene, 1);
	}
}

/* What was said of that kind since the last look; NULL: nothing. */
static inline const struct finding_record *last_of(struct scene *scene,
						   const char *kind)
{
	const struct finding_record *last = NULL;
	for (size_t i = 0; i < scene->count; i++)
		if (strcmp(scene->said[i].kind, kind) == 0)
			last = &scene->said[i];
	scene->count = 0;
	return last;
}

/* Of all that was said, how many findings there are of that kind. */
static inline size_t count_of(const struct scene *scene, const char *kind)
{
	size_t count = 0;
	for (size_t i = 0; i < scene->count; i++) {
		bool is_new = strcmp(scene->said[i].kind, kind) == 0;
		for (size_t k = 0; k < i; k++)
			is_new = is_new &&
				 strcmp(scene->said[i].id, scene->said[k].id) != 0;
		count += is_new;
	}
	return count;
}

static inline void is_finding(const struct finding_record *f, const char *technique,
			      const char *severity, const char *state)
{
	assert_non_null(f);
	assert_string_equal(f->technique, technique);
	assert_string_equal(f->severity, severity);
	assert_string_equal(f->state, state);
	assert_string_equal(f->detector, f->kind);
}
