/*
 * login_scene.h: attempts to log in, made by hand, and the findings they lead to.
 *
 * Include after cmocka.h.
 */
#pragma once

#include <stdio.h>

#include "detect_scene.h"

#define MINUTE 60
#define HOUR   3600

static inline struct login_record login_of(struct scene *scene, const char *client,
					   const char *user, const char *outcome)
{
	struct login_record login;
	record_init(RECORD_login, &login);
	login.at = scene->now_us;
	login.transport = "tcp";
	login.client_ip = addr(client);
	login.client_port = 40000;
	login.server_ip = addr("192.0.2.1");
	login.server_port = 22;
	login.outcome = outcome;
	login.method = "password";
	login.seen_by = "packets";
	record_text(login.protocol, sizeof(login.protocol), "ssh");
	record_text(login.user, sizeof(login.user), user);
	return login;
}

static inline void try_login(struct scene *scene, const char *client, const char *user,
			     const char *outcome)
{
	struct login_record login = login_of(scene, client, user, outcome);
	detect_login(scene->detect, &login);
}

static inline void fail_login(struct scene *scene, const char *client, const char *user)
{
	try_login(scene, client, user, "failure");
}

static inline void get_in(struct scene *scene, const char *client, const char *user)
{
	try_login(scene, client, user, "success");
}

/* So many, that many seconds apart. */
static inline void fail_often(struct scene *scene, const char *client, const char *user,
			      int times, int seconds)
{
	for (int i = 0; i < times; i++) {
		fail_login(scene, client, user);
		pass(scene, seconds);
	}
}

/* Findings said so far that are new ones. */
static inline unsigned begun(const struct scene *scene, const char *kind)
{
	unsigned count = 0;
	for (size_t i = 0; i < scene->count; i++) {
		bool is_new = true;
		for (size_t j = 0; j < i; j++)
			is_new &= strcmp(scene->said[j].id, scene->said[i].id) != 0;
		count += is_new &&
			 (kind == NULL || strcmp(scene->said[i].kind, kind) == 0);
	}
	return count;
}

static inline const struct finding_record *last_said(const struct scene *scene,
						     const char *kind)
{
	for (size_t i = scene->count; i-- > 0;)
		if (strcmp(scene->said[i].kind, kind) == 0)
			return &scene->said[i];
	fail_msg("no %s was said", kind);
	return NULL;
}

/* Nothing beyond a notice was said. */
static inline void said_no_more_than_notices(const struct scene *scene)
{
	for (size_t i = 0; i < scene->count; i++)
		if (strcmp(scene->said[i].severity, "notice") != 0)
			fail_msg("%s: %s: %s", scene->said[i].severity,
				 scene->said[i].summary, scene->said[i].evidence);
}
