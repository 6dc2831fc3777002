/*
 * detect_scene.h: records by hand into detectors, and what was said of them.
 *
 * Include after cmocka.h.  Time passes by pass(), and a test looks at what was said
 * since it last looked.
 */
#pragma once

#include <stdlib.h>
#include <string.h>

#include "base/home.h"
#include "detect/detect.h"

#define T0     1800000000000000LL
#define SECOND 1000000LL

enum { SAID_MAX = 512 };

/* What was said, and the world it was said of. */
struct scene {
	struct detect *detect;
	struct policy *policy;
	struct finding_record said[SAID_MAX];
	size_t count;
	int64_t now_us;
};

static inline void say(void *self, const struct finding_record *finding)
{
	struct scene *scene = self;
	assert_true(scene->count < SAID_MAX);
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
	struct scene *scene = calloc(1, sizeof(*scene));
	assert_non_null(scene);
	struct detect_sink sink = { .self = scene, .finding = say };
	struct home own = { .count = 0 };
	static const char *const addresses[] = { "127.0.0.0/8", "192.0.2.1",
						 "2001:db8::1" };
	for (size_t i = 0; i < 3; i++) {
		struct prefix prefix;
		assert_true(prefix_parse(addresses[i], &prefix));
		assert_true(home_add(&own, &prefix));
	}
	scene->detect = detect_new(&sink);
	assert_non_null(scene->detect);
	detect_set_own(scene->detect, &own);
	scene->now_us = T0;
	*state = scene;
	return 0;
}

static inline int end(void **state)
{
	struct scene *scene = *state;
	detect_free(scene->detect);
	policy_free(scene->policy);
	free(scene);
	return 0;
}

static inline void put_in_force(struct scene *scene, const char *text)
{
	struct buf errors = { 0 };
	struct policy *policy = policy_parse(text, strlen(text), "f", &errors);
	if (policy == NULL)
		fail_msg("%s", buf_cstr(&errors));
	detect_set_policy(scene->detect, policy, scene->now_us);
	policy_free(scene->policy);
	scene->policy = policy;
}

static inline void pass(struct scene *scene, int seconds)
{
	for (int i = 0; i < seconds; i++) {
		scene->now_us += SECOND;
		detect_tick(scene->detect, scene->now_us);
	}
}

static inline struct listener_record sshd(struct scene *scene, const char *change)
{
	struct listener_record l;
	record_init(RECORD_listener, &l);
	l.at = scene->now_us;
	l.transport = "tcp";
	l.ip = addr("0.0.0.0");
	l.port = 22;
	l.pid = 700;
	l.reach = "outside";
	l.change = change;
	record_text(l.process, sizeof(l.process), "sshd");
	record_text(l.exe, sizeof(l.exe), "/usr/sbin/sshd");
	record_text(l.package, sizeof(l.package), "openssh-server");
	record_text(l.user, sizeof(l.user), "root");
	record_text(l.unit, sizeof(l.unit), "ssh.service");
	return l;
}

static inline void see(struct scene *scene, struct listener_record l)
{
	l.at = scene->now_us;
	detect_listener(scene->detect, &l);
}

static inline void know_sshd(struct scene *scene)
{
	struct listener_record l = sshd(scene, NULL);
	detect_known_listener(scene->detect, &l);
	see(scene, sshd(scene, "opened"));
}

/* What came of a SYN, and of nothing before, to 192.0.2.1, which is ours. */
static inline struct contact_record contact_of(struct scene *scene, const char *client,
					       uint32_t port, const char *outcome)
{
	struct contact_record c;
	record_init(RECORD_contact, &c);
	c.at = scene->now_us;
	c.transport = "tcp";
	c.client_ip = addr(client);
	c.server_ip = addr("192.0.2.1");
	c.port = port;
	c.technique = "syn";
	c.outcome = outcome;
	return c;
}

/* A connection there that was completed, in which nothing is known of what was said. */
static inline struct flow_record flow_of(struct scene *scene, const char *client,
					 uint32_t port)
{
	struct flow_record f;
	record_init(RECORD_flow, &f);
	f.start = f.end = scene->now_us;
	f.transport = "tcp";
	f.client_ip = addr(client);
	f.server_ip = addr("192.0.2.1");
	f.server_port = port;
	f.handshake_us = 100;
	f.end_reason = "closed";
	return f;
}

static inline uint64_t open_count(struct scene *scene)
{
	struct detect_stats stats;
	detect_stats(scene->detect, &stats);
	return stats.open;
}

/* Exactly one thing was said since the last look, and it is this. */
static inline const struct finding_record *
said_once(struct scene *scene, const char *kind, const char *technique,
	  const char *severity, const char *is)
{
	if (scene->count != 1)
		fail_msg("%zu findings were said, the last: %s", scene->count,
			 scene->count > 0 ? scene->said[scene->count - 1].summary : "");
	const struct finding_record *f = &scene->said[0];
	scene->count = 0;
	assert_string_equal(f->kind, kind);
	assert_string_equal(f->technique != NULL ? f->technique : "", technique);
	assert_string_equal(f->severity, severity);
	assert_string_equal(f->state, is);
	assert_int_equal(strlen(f->id), 16);
	assert_int_equal(f->at, scene->now_us);
	return f;
}

static inline void said_nothing(struct scene *scene)
{
	if (scene->count != 0)
		fail_msg("%s: %s", scene->said[0].kind, scene->said[0].summary);
}
