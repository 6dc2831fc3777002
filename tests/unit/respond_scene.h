/*
 * respond_scene.h: somebody who attacks, somebody who is served, and what is answered.
 *
 * Of every block, order and decision the last is kept, and how many there were.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/config.h"
#include "respond/respond.h"

#define SECOND 1000000LL
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)
#define BEGIN  (1700000000 * SECOND)

struct scene {
	struct respond *respond;
	struct config config;
	struct never never;
	int64_t now_us;
	unsigned blocks, adds, removes, audits, findings;
	struct block_record block;  /* the last */
	struct respond_order order; /* its block is ordered */
	struct block_record ordered;
	struct audit_record audit;
	struct decision_record decision;
	unsigned decisions;
};

static inline void scene_block(void *self, const struct block_record *block)
{
	struct scene *scene = self;
	scene->block = *block;
	scene->blocks++;
}

static inline void scene_order(void *self, const struct respond_order *order)
{
	struct scene *scene = self;
	scene->order = *order;
	scene->ordered = *order->block;
	scene->adds += order->kind == RESPOND_ADD;
	scene->removes += order->kind == RESPOND_REMOVE;
}

static inline void scene_audit(void *self, const struct audit_record *audit)
{
	struct scene *scene = self;
	scene->audit = *audit;
	scene->audits++;
}

static inline void scene_decision(void *self, const struct decision_record *decision)
{
	struct scene *scene = self;
	scene->decision = *decision;
	scene->decisions++;
}

static inline void scene_rules(struct scene *scene)
{
	respond_set_rules(scene->respond, &scene->config, scene->now_us);
}

static inline struct respond *scene_respond(struct scene *scene)
{
	const struct respond_sink sink = { scene, scene_block, scene_order, scene_audit,
					   scene_decision };
	scene->respond = respond_new(&sink);
	assert_non_null(scene->respond);
	scene_rules(scene);
	respond_set_never(scene->respond, &scene->never);
	return scene->respond;
}

static inline int scene_begin(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));
	assert_non_null(scene);
	config_init(&scene->config);
	record_text(scene->config.block_mode, sizeof(scene->config.block_mode), "on");
	never_init(&scene->never);
	scene->now_us = BEGIN;
	scene_respond(scene);
	*state = scene;
	return 0;
}

static inline int scene_end(void **state)
{
	struct scene *scene = *state;
	respond_free(scene->respond);
	free(scene);
	return 0;
}

static inline struct addr scene_addr(const char *text)
{
	struct addr addr;
	assert_true(addr_parse(text, &addr));
	return addr;
}

static inline void scene_pass(struct scene *scene, int64_t us)
{
	scene->now_us += us;
	respond_tick(scene->respond, scene->now_us);
}

/* Of one source, each of another id, with all its evidence now. */
static inline struct finding_record scene_finding(struct scene *scene, const char *kind,
						  const char *client, const char *proof)
{
	struct finding_record f;
	record_init(RECORD_finding, &f);
	snprintf(f.id, sizeof(f.id), "f%u", ++scene->findings);
	f.at = f.first = f.last = scene->now_us;
	f.state = "open";
	f.kind = kind;
	f.severity = "high";
	f.client_ip = scene_addr(client);
	f.client_prefix = addr_is_v4(&f.client_ip) ? 32 : 64;
	f.server_ip = scene_addr("192.0.2.1");
	f.proof = proof;
	f.transport = "tcp";
	record_text(f.summary, sizeof(f.summary), "of a test");
	return f;
}

static inline void scene_scan(struct scene *scene, const char *client,
			      const char *proof)
{
	const struct finding_record f =
		scene_finding(scene, "port_scan", client, proof);
	respond_finding(scene->respond, &f);
}

static inline struct finding_record scene_guesses(struct scene *scene,
						  const char *client, uint32_t port)
{
	struct finding_record f =
		scene_finding(scene, "brute_force", client, "dialogue");
	f.port = port;
	f.ports = 1;
	return f;
}

/* What became of a connection to us. */
static inline void scene_contact(struct scene *scene, const char *client, uint32_t port,
				 const char *outcome)
{
	struct contact_record c;
	record_init(RECORD_contact, &c);
	c.at = scene->now_us;
	c.transport = "tcp";
	c.outcome = outcome;
	c.client_ip = scene_addr(client);
	c.server_ip = scene_addr("192.0.2.1");
	c.port = port;
	respond_contact(scene->respond, &c);
}

static inline void scene_handshake(struct scene *scene, const char *client)
{
	scene_contact(scene, client, 443, "handshake");
}

/* It was completed, and ended without a word, as who scans does it. */
static inline void scene_unused(struct scene *scene, const char *client)
{
	scene_contact(scene, client, 443, "handshake");
	scene_contact(scene, client, 443, "unused");
}

/* A connection that was served, until now. */
static inline void scene_served(struct scene *scene, struct addr client,
				uint32_t client_port, int64_t for_us)
{
	struct flow_record f;
	record_init(RECORD_flow, &f);
	f.start = scene->now_us - for_us;
	f.end = scene->now_us;
	f.transport = "tcp";
	f.state = "SF";
	f.client_ip = client;
	f.client_port = client_port;
	f.server_ip = scene_addr("192.0.2.1");
	f.server_port = 443;
	f.handshake_us = 1000;
	f.responses = 2;
	f.server_payload_bytes = 5000;
	respond_flow(scene->respond, &f);
}

/* A connection of ours, with a handshake or picked up in the middle. */
static inline void scene_asked(struct scene *scene, const char *server,
			       uint64_t handshake_us)
{
	struct flow_record f;
	record_init(RECORD_flow, &f);
	f.start = f.end = scene->now_us;
	f.transport = "tcp";
	f.handshake_us = handshake_us;
	f.client_ip = scene_addr("192.0.2.1");
	f.client_port = 40000;
	f.server_ip = scene_addr(server);
	f.server_port = 5432;
	f.server_payload_bytes = 100;
	respond_own_flow(scene->respond, &f);
}

static inline void scene_login(struct scene *scene, const char *client,
			       const char *user)
{
	struct login_record l;
	record_init(RECORD_login, &l);
	l.at = scene->now_us;
	l.transport = "tcp";
	l.client_ip = scene_addr(client);
	l.server_port = 22;
	l.outcome = "success";
	record_text(l.user, sizeof(l.user), user);
	respond_login(scene->respond, &l);
}

static inline struct addr scene_number(uint32_t number)
{
	const uint8_t four[4] = { 10, (uint8_t)(number >> 16), (uint8_t)(number >> 8),
				  (uint8_t)number };
	return addr_v4(four);
}

static inline void scene_active(struct scene *scene)
{
	const struct respond_result result = { .id = scene->order.id,
					       .state = "active" };
	respond_result(scene->respond, &result, scene->now_us);
}
