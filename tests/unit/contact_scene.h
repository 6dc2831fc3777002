/*
 * contact_scene.h: contacts by hand into the detectors of scans, and what was found.
 *
 * Include after cmocka.h.  Everything comes from 203.0.113.7 to 192.0.2.1, which is
 * ours, unless a test says otherwise.
 */
#pragma once

#include "detect_scene.h"

#define SCANNER "203.0.113.7"
#define TARGET  "192.0.2.1"

static inline struct contact_record contact(struct scene *scene, uint32_t port,
					    const char *outcome)
{
	struct contact_record c = contact_of(scene, SCANNER, port, outcome);
	c.start = scene->now_us - 1000;
	c.client_port = 40000;
	c.ttl = 57;
	c.window = 1024;
	c.tool = "nmap";
	return c;
}

static inline void give(struct scene *scene, const struct contact_record *c)
{
	detect_contact(scene->detect, c);
}

static inline void meet(struct scene *scene, uint32_t port, const char *outcome)
{
	struct contact_record c = contact(scene, port, outcome);
	give(scene, &c);
}

static inline bool is_addr(const struct addr *a, const char *text)
{
	struct addr b = addr(text);
	return addr_equal(a, &b);
}

/* The n-th of a row of addresses that have nothing to do with each other. */
static inline struct addr stranger(uint32_t n)
{
	uint8_t four[4] = { 11, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n };
	return addr_v4(four);
}

/* A connection that ended, in which the client said so much. */
static inline void connection_ends(struct scene *scene, const struct contact_record *c,
				   uint64_t client_bytes)
{
	struct flow_record f = flow_of(scene, SCANNER, c->port);
	f.start = c->start;
	f.client_ip = c->client_ip;
	f.server_ip = c->server_ip;
	f.client_payload_bytes = client_bytes;
	f.server_payload_bytes = 0;
	f.end_reason = "reset";
	detect_flow(scene->detect, &f);
}

struct found {
	const char *kind;
	struct finding_record findings[64];
	size_t count;
};

static inline void find_one(void *to, const struct finding_record *f)
{
	struct found *found = to;
	bool is_one = found->kind == NULL || strcmp(f->kind, found->kind) == 0;
	if (is_one && found->count < 64)
		found->findings[found->count++] = *f;
}

/* The open ones of that kind; NULL: of all. */
static inline size_t count_open(struct scene *scene, const char *kind)
{
	static struct found found;
	found = (struct found){ .kind = kind };
	detect_each(scene->detect, find_one, &found);
	return found.count;
}

/* The only one that is open. */
static inline const struct finding_record *only_open(struct scene *scene,
						     const char *kind)
{
	static struct found found;
	found = (struct found){ .kind = NULL };
	detect_tick(scene->detect, scene->now_us);
	detect_each(scene->detect, find_one, &found);
	if (found.count != 1)
		fail_msg("%zu findings, of them: %s", found.count,
			 found.count > 0 ? found.findings[0].summary : "none");
	assert_string_equal(found.findings[0].kind, kind);
	return &found.findings[0];
}

/* What is said on the way there is not looked at. */
static inline void wait_s(struct scene *scene, int64_t seconds)
{
	scene->now_us += seconds * SECOND;
	detect_tick(scene->detect, scene->now_us);
	scene->count = 0;
}
