/*
 * probing.c: see probing.h.
 */
#include "cli/probing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "cli/asking.h"
#include "cli/own.h"
#include "cli/settings_told.h"
#include "probe/event.h"
#include "probe/failure_event.h"
#include "probe/target_file.h"

enum {
	SAID_US = 1000000,
	SILENT_S = 10, /* it is one loop that never waits for long */
};

/* ---- the process ---- */

static void say_if_not_confined(struct probing *p)
{
	char text[GUARD_TEXT_MAX];
	if (!probing_describe(p, text))
		fprintf(stderr, "breakwater: the process that asks services: %s\n",
			text);
}

int probing_fork(struct probing *p, const struct config *config)
{
	int error, status = asking_fork(config, &p->process, &error);
	if (error != 0)
		snprintf(p->why_not, sizeof(p->why_not), "could not start: %s",
			 strerror(error));
	if (probing_is_wanted(p))
		say_if_not_confined(p);
	return status;
}

void probing_close(struct probing *p)
{
	guard_close(p->process);
	free(p->last);
	free(p->index);
	*p = (struct probing){ 0 };
}

static void tell_settings(struct probing *p)
{
	if (p->has_settings_untold && p->process != NULL)
		p->has_settings_untold = !settings_tell(p->process, p->settings);
}

void probing_reload(struct probing *p, const struct config *config)
{
	p->settings = config;
	p->has_settings_untold = true;
	tell_settings(p);
}

int probing_fd(const struct probing *p)
{
	return p->process != NULL ? guard_fd(p->process) : -1;
}

/* ---- what was last said of each ---- */

static uint32_t *place_of(const struct probing *p, const char *target)
{
	uint64_t at = target_hash(target);
	while (p->index[at % p->room] != 0 &&
	       strcmp(p->last[p->index[at % p->room] - 1].target, target) != 0)
		at++;
	return &p->index[at % p->room];
}

bool probing_knows(const struct probing *p, const char *target)
{
	return p->room > 0 && *place_of(p, target) != 0;
}

/* Room for twice as many; false without memory. */
static bool grow(struct probing *p)
{
	size_t size = p->size == 0 ? 64 : p->size * 2;
	uint32_t *index = calloc(size * 2, sizeof(*index));
	struct probe_record *last =
		index != NULL ? realloc(p->last, size * sizeof(*last)) : NULL;
	if (last == NULL) {
		free(index);
		return false;
	}
	free(p->index);
	p->last = last;
	p->index = index;
	p->size = size;
	p->room = size * 2;
	for (size_t i = 0; i < p->count; i++)
		*place_of(p, p->last[i].target) = (uint32_t)i + 1;
	return true;
}

/* Those behind it in the index move up, or they would not be found any more. */
static void free_place(struct probing *p, size_t hole)
{
	p->index[hole] = 0;
	for (size_t at = (hole + 1) % p->room; p->index[at] != 0;
	     at = (at + 1) % p->room) {
		uint32_t number = p->index[at];
		p->index[at] = 0;
		*place_of(p, p->last[number - 1].target) = number;
	}
}

static void forget(struct probing *p, uint32_t *place)
{
	size_t i = *place - 1, last = p->count - 1;
	free_place(p, (size_t)(place - p->index));
	if (i != last) {
		*place_of(p, p->last[last].target) = (uint32_t)i + 1;
		p->last[i] = p->last[last];
	}
	p->count--;
}

/* More than can be configured are not ours. */
static bool has_room(struct probing *p)
{
	enum {
		MOST = CONFIG_LIST_MAX + CONFIG_PATHS_MAX * TARGETS_MAX +
		       OWN_TARGETS_MAX
	};
	return p->count < p->size || (p->count < MOST && grow(p));
}

/* What only asking tells stays as it was told when it was asked. */
static void take_facts(struct probe_record *last, const struct probe_record *before)
{
	memcpy(last->software, before->software, sizeof(last->software));
	memcpy(last->version, before->version, sizeof(last->version));
	memcpy(last->tls_version, before->tls_version, sizeof(last->tls_version));
	memcpy(last->cipher, before->cipher, sizeof(last->cipher));
	memcpy(last->cert_subject, before->cert_subject, sizeof(last->cert_subject));
	memcpy(last->cert_issuer, before->cert_issuer, sizeof(last->cert_issuer));
	last->cert_not_after = before->cert_not_after;
}

void probing_keep(struct probing *p, const struct probe_record *record)
{
	if (!has_room(p))
		return;
	uint32_t *place = place_of(p, record->target);
	bool is_gone = record->state == NULL;
	if (is_gone && *place != 0)
		forget(p, place);
	if (is_gone)
		return;
	bool is_new = *place == 0;
	if (is_new)
		*place = (uint32_t)++p->count;
	struct probe_record *last = &p->last[*place - 1];
	const struct probe_record before = *last;
	*last = *record;
	if (!is_new && record->by != NULL && strcmp(record->by, "traffic") == 0)
		take_facts(last, &before);
}

/* ---- nobody asks any more ---- */

/* What was up may be down since, and nobody looks. */
static void note_end(struct probing *p)
{
	p->untold = p->count;
	p->has_news = true;
	p->has_settings_untold = p->settings != NULL;
	probe_pages_end(&p->pages);
}

static void make_unknown(const struct probe_record *last, struct probe_record *out)
{
	struct probe_record unknown;
	record_init(RECORD_probe, &unknown);
	unknown.at = clock_us(CLOCK_REALTIME);
	memcpy(unknown.target, last->target, sizeof(unknown.target));
	memcpy(unknown.protocol, last->protocol, sizeof(unknown.protocol));
	unknown.transport = last->transport;
	unknown.ip = last->ip;
	unknown.port = last->port;
	unknown.state = unknown.hard_state = probe_state_word(PROBE_unknown);
	unknown.hard_since = unknown.at;
	unknown.reason = reason_word(REASON_not_asked);
	record_text(unknown.detail, sizeof(unknown.detail),
		    "nobody asks: the process that does has ended, or hangs");
	*out = unknown;
}

static bool tell_unknown(struct probing *p, struct probe_record *out)
{
	if (p->untold == 0)
		return false;
	struct probe_record *last = &p->last[--p->untold];
	make_unknown(last, out);
	*last = *out;
	return true;
}

/* It lives, and says nothing: it was stopped, or hangs. */
static void ask_alive(struct probing *p)
{
	const struct probe_alive ask = { .kind = PROBE_TOLD_ASK_ALIVE };
	if (probing_pid(p) == 0) {
		p->quiet_s = 0;
		return;
	}
	if (p->quiet_s > 0)
		guard_tell(p->process, &ask, sizeof(ask));
	if (++p->quiet_s != SILENT_S)
		return;
	p->is_silent = true;
	note_end(p);
}

static void note_heard(struct probing *p)
{
	p->quiet_s = 0;
	p->is_silent = false;
}

void probing_second(struct probing *p)
{
	tell_settings(p);
	ask_alive(p);
}

/* True if it is of the flight recorder. */
static bool take_failure(struct probing *p, const void *event, size_t len)
{
	struct failure_piece piece;
	struct probe_recorder_event recorder;
	if (probe_recorder_read(event, len, &recorder)) {
		memcpy(p->unrecorded, recorder.why_not, sizeof(p->unrecorded));
		return true;
	}
	if (!failure_event_read(event, len, &piece))
		return false;
	if (p->take_failure != NULL)
		p->take_failure(p->take_ends_to, piece.kind, &piece.failure);
	return true;
}

/* Who is started again tells of its own; what it does not ask was taken out meanwhile.
 */
static void know_asker(struct probing *p)
{
	uint32_t pid = probing_pid(p);
	if (pid == p->asker)
		return;
	p->asker = pid;
	p->count = 0;
	if (p->room > 0)
		memset(p->index, 0, p->room * sizeof(p->index[0]));
}

/* False if it is an answer, or garbage. */
static bool take_beside(struct probing *p, const void *event, size_t len)
{
	struct probe_ends ends;
	if (probe_pages_take(&p->pages, event, len) || take_failure(p, event, len) ||
	    probe_alive_read(event, len, PROBE_EVENT_ALIVE))
		return true;
	if (!probe_ends_read(event, len, &ends))
		return false;
	if (p->take_ends != NULL)
		p->take_ends(p->take_ends_to, &ends);
	return true;
}

bool probing_next(struct probing *p, struct probe_record *out)
{
	enum { BESIDE = 256 }; /* who floods us must not keep us for ever */
	_Alignas(8) uint8_t event[GUARD_EVENT_MAX];
	for (int i = 0; i < BESIDE; i++) {
		if (tell_unknown(p, out))
			return true;
		int len = p->process != NULL
				  ? guard_next(p->process, event, sizeof(event))
				  : 0;
		if (len == -ECHILD)
			note_end(p);
		if (len <= 0)
			return tell_unknown(p, out);
		know_asker(p);
		note_heard(p);
		if (!take_beside(p, event, (size_t)len))
			return probe_event_read(event, (size_t)len, out);
	}
	return false;
}

uint32_t probing_pid(const struct probing *p)
{
	return p->process != NULL ? (uint32_t)guard_pid(p->process) : 0;
}

/* False: not now. */
static bool tell(const struct probing *p, const void *message, size_t len)
{
	return p->process != NULL && guard_tell(p->process, message, len) == 0;
}

bool probing_tell_own(const struct probing *p, const struct probe_own *own)
{
	return tell(p, own, sizeof(*own));
}

bool probing_tell_maintained(const struct probing *p,
			     const struct probe_maintained *told)
{
	return tell(p, told, sizeof(*told));
}

bool probing_tell_proof(const struct probing *p, const struct probe_proof *proof)
{
	return tell(p, proof, sizeof(*proof));
}

void probing_count(const struct probing *p, uint64_t counts[static PROBE_down + 1])
{
	memset(counts, 0, (PROBE_down + 1) * sizeof(counts[0]));
	for (size_t i = 0; i < p->count; i++)
		counts[probe_state_of(p->last[i].hard_state)]++;
}

bool probing_has_ended(struct probing *p, char text[static GUARD_TEXT_MAX])
{
	if (p->process == NULL)
		return false;
	bool is_over = !guard_is_alive(p->process);
	int64_t now_us = clock_us(CLOCK_MONOTONIC);
	/* The news may be forged, as often as anybody likes. */
	if (!is_over && (!p->has_news || now_us - p->said_us < SAID_US))
		return false;
	probing_describe(p, text);
	p->has_news = false;
	p->said_us = now_us;
	if (!is_over)
		return true;
	note_end(p);
	p->has_news = false;
	memcpy(p->why_not, text, sizeof(p->why_not));
	p->ends = guard_ends(p->process) + 1;
	guard_close(p->process);
	p->process = NULL;
	return true;
}

bool probing_is_wanted(const struct probing *p)
{
	return p->process != NULL || p->why_not[0] != '\0';
}

bool probing_describe(struct probing *p, char text[static GUARD_TEXT_MAX])
{
	if (p->process != NULL && p->is_silent && guard_is_alive(p->process)) {
		snprintf(text, GUARD_TEXT_MAX, "pid %u does not answer",
			 (unsigned)probing_pid(p));
		return false;
	}
	if (p->process != NULL)
		return guard_describe(p->process, text);
	memcpy(text, p->why_not, sizeof(p->why_not));
	return false;
}

uint32_t probing_ends(const struct probing *p)
{
	return p->process != NULL ? guard_ends(p->process) : p->ends;
}

bool probing_push(struct probing *p, const struct web_push *push,
		  web_probe_answer answer, void *to, const char **why)
{
	*why = "nothing is asked here, so there are no heartbeats";
	return p->process != NULL &&
	       probe_pages_push(&p->pages, p->process, push, answer, to, why);
}

bool probing_page(struct probing *p, const struct web_probe *probe,
		  web_probe_answer answer, void *to, const char **why)
{
	*why = "the process that asks has ended";
	return p->process != NULL &&
	       probe_pages_ask(&p->pages, p->process, probe, answer, to, why);
}
