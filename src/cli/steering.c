/*
 * steering.c: see steering.h.  Asking, taking, and what follows once a second;
 * steering_put.c puts each kind of document in force.
 */
#include "cli/steering.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/hash.h"
#include "cli/fleet_identity.h"
#include "cli/monitor.h"
#include "cli/settings.h"
#include "cli/steering_put.h"
#include "fleet/keyring.h"
#include "guard/guard.h"

#define SECOND_US 1000000LL
enum {
	ASK_S = 60,    /* whether news was lost or not */
	ANSWER_S = 30, /* then it is asked again */
	SHARE_S = 10,
	QUESTION = 1,     /* the only kind that is asked */
	SERVER_S = 86400, /* told once an hour; whoever tells may be away */
};

/* ---- what is kept ---- */

static void say(const char *text)
{
	run_clear_progress();
	fprintf(stderr, "breakwater: fleet: %s\n", text);
}

static void say_lines(struct buf *errors)
{
	const char *text = buf_cstr(errors);
	if (errors->len > 0 && text != NULL)
		fputs(text, stderr);
	buf_free(errors);
}

/* False: it has joined none, which others say. */
static bool know_me(struct steering *s, const char *state)
{
	struct fleet_identity me;
	char error[FLEET_IDENTITY_ERROR_MAX];
	if (fleet_identity_read(state, &me, error) != 0)
		return false;
	memcpy(s->me.sensor, me.name, sizeof(s->me.sensor));
	memcpy(s->me.site, me.site, sizeof(s->me.site));
	memcpy(s->me.tags, me.tags, sizeof(s->me.tags));
	return true;
}

static void open_kept(struct steering *s, const struct config *config)
{
	char error[KEYRING_ERROR_MAX], path[KEYRING_PATH_MAX];
	struct nkey key;
	struct buf errors = { 0 };
	if (!know_me(s, config->state) || !keyring_path(config->state, NULL, path))
		return;
	if (keyring_read_public(config->state, &key, error) != 0) {
		say(error);
		say("so nothing that it steers is taken until \"breakwater fleet "
		    "join\" was here again");
		return;
	}
	if (steering_put_folders(config->state, config->user, &errors))
		s->kept = steered_open(path, &key, &s->me, &errors);
	say_lines(&errors);
}

static void prepare(struct steering *s, const struct config *config,
		    const char *config_path)
{
	if (config->fleet_servers.count == 0)
		return;
	s->config_path = config_path;
	s->state = config->state;
	s->user = config->user;
	open_kept(s, config);
	if (s->kept == NULL)
		return;
	steering_put_clear(s->state);
	steered_again(s->kept, steering_put, s);
	if (steered_refused(s->kept)[0] != '\0')
		say(steered_refused(s->kept));
	s->has_files = false; /* they are read next */
}

void steering_over(struct monitor *m)
{
	const struct config_prefixes home = m->config.home;
	struct buf errors = { 0 };
	prepare(&m->steering, &m->config, m->config_path);
	config_steer(&m->config, NULL, m->config.state, &errors);
	say_lines(&errors);
	if (m->home_given)
		m->config.home = home;
	else
		settings_home(&m->config, &m->home);
}

void steering_close(struct steering *s)
{
	steered_close(s->kept);
	free(s->targets);
	s->kept = NULL;
	s->targets = NULL;
}

static void put_again(void *to, const struct document *document)
{
	struct steering *s = to;
	struct buf why = { 0 };
	if (document->kind == DOCUMENT_SILENCES || document->kind == DOCUMENT_SHARED)
		steering_put(s, document, &why);
	buf_free(&why);
}

static void take_connected(void *self)
{
	steering_news(self);
}

static void take_news(void *self, const void *bytes, size_t len)
{
	(void)bytes;
	(void)len;
	steering_news(self);
}

static void take_answer(void *self, uint64_t id, const void *bytes, size_t len)
{
	if (id == QUESTION)
		steering_answer(self, bytes, len);
}

static void take_servers(void *self, const struct server_addresses *servers)
{
	const struct steering *s = self;
	for (uint32_t i = 0; i < servers->count; i++)
		blocking_spare_server(&s->monitor->blocking, &servers->at[i],
				      SERVER_S * SECOND_US);
}

void steering_begin(struct steering *s, struct monitor *m)
{
	s->monitor = m;
	m->fleet.output = (struct courier_output){ s, take_connected, take_answer,
						   take_news, take_servers };
	if (s->kept == NULL)
		return;
	steered_each(s->kept, put_again, s);
	steering_note_targets(s);
}

void steering_retry(struct steering *s)
{
	if (s->kept == NULL)
		return;
	steered_retry(s->kept);
	steering_news(s);
}

/* ---- with the hubs ---- */

bool steering_question(struct steering *s, struct buf *out)
{
	int64_t now_us = clock_us(CLOCK_MONOTONIC);
	if (s->kept == NULL || now_us < s->ask_us)
		return false;
	s->ask_us = now_us + ANSWER_S * SECOND_US;
	s->is_asking = true;
	steered_ask(s->kept, out);
	return buf_ok(out);
}

void steering_news(struct steering *s)
{
	s->ask_us = 0;
}

static void take_register(void *to, const struct document *document)
{
	const struct document **last = to;
	if (document->kind == DOCUMENT_REGISTER && document->len > 0)
		*last = document;
}

/* The narrowest was taken out: the next one is in force. */
static void put_register(struct steering *s)
{
	const struct document *last = NULL;
	struct buf why = { 0 };
	s->has_register = false;
	steered_each(s->kept, take_register, &last);
	if (last != NULL && !steering_put(s, last, &why))
		say(buf_cstr(&why) != NULL ? why.at : "no memory");
	buf_free(&why);
}

/* Apart from each other, so that hubs are not asked by all at once. */
static int64_t next_us(const struct steering *s)
{
	uint64_t apart = hash_sum(s->me.sensor, strlen(s->me.sensor));
	return clock_us(CLOCK_MONOTONIC) + ASK_S * SECOND_US +
	       (int64_t)(apart % (ASK_S / 2 * SECOND_US));
}

static void follow_up(struct steering *s)
{
	if (s->has_register)
		put_register(s);
	if (s->has_files) {
		monitor_reload(s->monitor);
		steering_note_targets(s);
	}
	s->has_files = false;
}

void steering_answer(struct steering *s, const void *bytes, size_t len)
{
	char error[STEERED_ERROR_MAX] = "", refused[STEERED_REFUSED_MAX];
	if (s->kept == NULL || !s->is_asking || s->monitor == NULL)
		return;
	s->is_asking = false;
	s->ask_us = next_us(s);
	if (bytes == NULL)
		return;
	snprintf(refused, sizeof(refused), "%s", steered_refused(s->kept));
	int taken = steered_answer(s->kept, bytes, len, steering_put, s, error);
	if (error[0] != '\0')
		say(error);
	if (strcmp(refused, steered_refused(s->kept)) != 0 &&
	    steered_refused(s->kept)[0] != '\0')
		say(steered_refused(s->kept));
	follow_up(s);
	if (taken > 0)
		steering_news(s); /* an answer holds only so much */
}

static void ask(struct steering *s, struct fleet_member *member)
{
	struct buf question = { 0 };
	if (member->courier != NULL && steering_question(s, &question))
		fleet_courier_ask(member->courier, QUESTION, question.at, question.len);
	buf_free(&question);
}

/* For the heartbeat. */
static void note(const struct steering *s, struct fleet_member *member)
{
	bool reaches =
		member->courier != NULL && fleet_courier_counts(member->courier).is_up;
	uint64_t version = steered_version(s->kept);
	member->steered.config_version = version != 0 ? version : UNKNOWN_U64;
	record_text(member->steered.config_refused,
		    sizeof(member->steered.config_refused), steered_refused(s->kept));
	member->steered.cut_off = steering_is_cut_off(s, &s->monitor->probing, reaches);
}

void steering_second(struct steering *s)
{
	if (s->kept == NULL || s->monitor == NULL)
		return;
	ask(s, &s->monitor->fleet);
	note(s, &s->monitor->fleet);
	if (++s->seconds % SHARE_S == 0)
		steering_put_shared_again(s);
}
