/*
 * probing.c: see probing.h.
 */
#include "cli/probing.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "cli/cli.h"
#include "cli/own.h"
#include "probe/event.h"
#include "probe/target_files.h"

_Static_assert(sizeof(struct probe_event) <= GUARD_EVENT_MAX,
	       "one event is one message");

/* ---- in the process of its own ---- */

enum {
	FILES_US = 5000000, /* how often files are looked at */
	MODULES_BYTES_MAX = 1 << 20,
	PASSIVE_MAX =
		9, /* every tenth round is asked: traffic and answer are compared */
};

struct asking_process {
	const struct config *config;
	const char *paths[CONFIG_PATHS_MAX];
	struct target_files files;
	struct round_rules rules, own_rules;
	struct windows maintenance; /* of all */
	struct rounds *rounds;
	struct page_asker pages;
	uint64_t stamp;     /* of the files as they were read */
	int64_t look_at_us; /* when they are looked at again; monotonic */
};

static void tell(void *to, const struct probe_record *record)
{
	struct probe_event event;
	(void)to;
	probe_event_make(record, &event);
	guard_emit(&event, sizeof(event));
}

static void tell_ends(void *to, const struct probe_ends *ends)
{
	struct probe_ends_event event;
	(void)to;
	memset(&event, 0, sizeof(event)); /* padding, too: it leaves the process */
	event.kind = PROBE_EVENT_ENDS;
	event.ends = *ends;
	guard_emit(&event, sizeof(event));
}

static bool add(void *to, struct target *target, const struct round_rules *rules)
{
	return rounds_add(to, target, rules);
}

static void set_targets(struct asking_process *process)
{
	const struct config_texts *targets = &process->config->probe_targets;
	struct buf errors = { 0 };
	process->stamp = target_files_stamp(&process->files);
	rounds_begin_set(process->rounds);
	for (size_t i = 0; i < targets->count; i++) {
		struct target target;
		char why[TARGET_WHY_MAX];
		if (target_parse(&target, targets->at[i], why))
			rounds_add(process->rounds, &target, &process->rules);
	}
	const struct target_sink sink = { .take = add, .to = process->rounds };
	target_files_read(&process->files, &process->rules, &sink, &errors);
	rounds_end_set(process->rounds);
	/* They were read before, perhaps by root. */
	if (errors.len > 0)
		fprintf(stderr, "%s", buf_cstr(&errors));
	buf_free(&errors);
}

static bool drop(void *to, struct target *target, const struct round_rules *rules)
{
	(void)to;
	(void)rules;
	target_free(target);
	return true;
}

/* All that is wrong with the files; the targets of the configuration may be parents. */
static bool check_files(const struct asking_process *process, struct buf *errors)
{
	const struct config_texts *targets = &process->config->probe_targets;
	struct parents parents = { 0 };
	const struct target_sink sink = { .take = drop, .parents = &parents };
	for (size_t i = 0; i < targets->count; i++) {
		struct target target;
		char why[TARGET_WHY_MAX];
		if (!target_parse(&target, targets->at[i], why))
			continue;
		parents_add_target(&parents, target.text);
		target_free(&target);
	}
	bool good = target_files_read(&process->files, &process->rules, &sink, errors);
	parents_free(&parents);
	return good;
}

/* A file that is not right changes nothing; whoever wrote it is told where. */
static void look_at_files(struct asking_process *process)
{
	struct buf errors = { 0 };
	uint64_t stamp = target_files_stamp(&process->files);
	process->look_at_us = clock_us(CLOCK_MONOTONIC) + FILES_US;
	if (stamp == process->stamp)
		return;
	process->stamp = stamp;
	if (check_files(process, &errors))
		set_targets(process);
	else
		fprintf(stderr, "%sbreakwater: targets not changed\n",
			buf_cstr(&errors));
	buf_free(&errors);
}

static void prepare(struct asking_process *process, const struct config *config)
{
	*process = (struct asking_process){
		.config = config,
		.files = { process->paths, config->probe_files.count },
		.rules = { .interval_s = config->probe_interval,
			   .retry_s = config->probe_retry,
			   .passive_max = config->probe_passive ? PASSIVE_MAX : 0,
			   .health = { .fails = (uint8_t)config->probe_fails,
				       .of = (uint8_t)config->probe_of,
				       .recovers = (uint8_t)config->probe_recovers },
			   .limits = { config->probe_slow,
				       config->probe_certificate_days } },
	};
	for (size_t i = 0; i < config->probe_maintenance.count; i++)
		windows_add(&process->maintenance, config->probe_maintenance.at[i]);
	tzset(); /* windows of maintenance are in the machine's zone */
	process->own_rules = process->rules;
	process->own_rules.interval_s = config->probe_own_interval;
	process->pages.allow = config->probe_allow.at;
	process->pages.allow_count = config->probe_allow.count;
	for (size_t i = 0; i < config->probe_files.count; i++)
		process->paths[i] = config->probe_files.at[i];
}

static bool open_rounds(void *self)
{
	struct asking_process *process = self;
	process->rounds = rounds_new(tell, NULL);
	if (process->rounds == NULL)
		return false;
	process->pages.prober = rounds_prober(process->rounds);
	rounds_set_maintenance(process->rounds, &process->maintenance);
	prober_tell_ends(process->pages.prober, tell_ends, NULL);
	set_targets(process);
	if (guard_predecessor_ended_us() != 0)
		rounds_missed_since(process->rounds, guard_predecessor_ended_us());
	process->look_at_us = clock_us(CLOCK_MONOTONIC) + FILES_US;
	return true;
}

static int rounds_wait_for(void *self)
{
	struct asking_process *process = self;
	return rounds_fd(process->rounds);
}

static int rounds_wait_ms(void *self)
{
	struct asking_process *process = self;
	int ms = rounds_timeout_ms(process->rounds);
	int64_t us = process->look_at_us - clock_us(CLOCK_MONOTONIC);
	int look_ms = us <= 0 ? 0 : (int)(us / 1000) + 1;
	return ms < 0 || look_ms < ms ? look_ms : ms;
}

static void run_rounds(void *self)
{
	struct asking_process *process = self;
	rounds_run(process->rounds);
	if (clock_us(CLOCK_MONOTONIC) >= process->look_at_us)
		look_at_files(process);
}

static void take_own(struct asking_process *process, const struct probe_own *own)
{
	struct target target;
	char why[TARGET_WHY_MAX];
	if (own->is_gone) {
		rounds_drop_own(process->rounds, own->text);
		return;
	}
	if (!target_parse(&target, own->asked, why))
		return;
	snprintf(target.text, sizeof(target.text), "%s", own->text);
	rounds_add_own(process->rounds, &target, &process->own_rules);
}

static void take_message(void *self, const void *message, size_t len)
{
	struct asking_process *process = self;
	struct probe_own own;
	struct probe_proof proof;
	if (probe_own_read(message, len, &own))
		take_own(process, &own);
	else if (probe_proof_read(message, len, &proof))
		rounds_prove(process->rounds, proof.target, &proof.proof);
	else if (process->pages.modules != NULL)
		page_take(&process->pages, message, len);
}

static void close_rounds(void *self)
{
	struct asking_process *process = self;
	rounds_free(process->rounds);
	blackbox_free(process->pages.modules);
}

/* ---- in the daemon ---- */

static bool targets_are_good(const struct config_texts *targets)
{
	bool good = true;
	for (size_t i = 0; i < targets->count; i++) {
		struct target target;
		char why[TARGET_WHY_MAX];
		if (target_parse(&target, targets->at[i], why)) {
			target_free(&target);
			continue;
		}
		fprintf(stderr, "breakwater: probe.targets: %s\n", why);
		good = false;
	}
	return good;
}

static bool rules_are_good(const struct config *config)
{
	if (config->probe_fails <= config->probe_of)
		return true;
	fprintf(stderr,
		"breakwater: probe.fails is %u, probe.of is %u: nothing would ever be "
		"down\n",
		(unsigned)config->probe_fails, (unsigned)config->probe_of);
	return false;
}

static bool files_are_good(const struct asking_process *process)
{
	struct buf errors = { 0 };
	bool good = check_files(process, &errors);
	if (!good)
		fprintf(stderr, "%s", buf_cstr(&errors));
	buf_free(&errors);
	return good;
}

/* False, and said, if there is such a file and it is not good. */
static bool read_modules(struct asking_process *process)
{
	const char *path = process->config->probe_blackbox;
	struct buf text = { 0 }, errors = { 0 };
	int error = path[0] != '\0' ? file_read(path, MODULES_BYTES_MAX, &text) : 0;
	if (error != 0)
		fprintf(stderr, "breakwater: probe.blackbox_modules: %s: %s\n", path,
			strerror(-error));
	else if (path[0] != '\0')
		process->pages.modules =
			blackbox_parse(text.at, text.len, path, &errors);
	if (process->pages.modules != NULL)
		blackbox_prepare(process->pages.modules);
	if (errors.len > 0)
		fprintf(stderr, "%s", buf_cstr(&errors));
	buf_free(&text);
	buf_free(&errors);
	return path[0] == '\0' || process->pages.modules != NULL;
}

static bool has_something_to_ask(const struct asking_process *process)
{
	return process->config->probe_own || process->config->probe_targets.count > 0 ||
	       process->config->probe_files.count > 0 || process->pages.modules != NULL;
}

static void say_if_not_confined(struct probing *p)
{
	char text[GUARD_TEXT_MAX];
	if (!probing_describe(p, text))
		fprintf(stderr, "breakwater: the process that asks services: %s\n",
			text);
}

int probing_fork(struct probing *p, const struct config *config)
{
	struct asking_process process;
	prepare(&process, config);
	bool good = targets_are_good(&config->probe_targets);
	good &= rules_are_good(config);
	good &= files_are_good(&process);
	good &= read_modules(&process);
	if (!good)
		return STATUS_USAGE;
	if (!has_something_to_ask(&process))
		return STATUS_OK;
	struct guard_task task = { .kind = GUARD_PROBER,
				   .user = config->user,
				   .self = &process,
				   .readable = process.paths,
				   .readable_count = config->probe_files.count,
				   .open = open_rounds,
				   .fd = rounds_wait_for,
				   .timeout_ms = rounds_wait_ms,
				   .run = run_rounds,
				   .take = take_message,
				   .close = close_rounds };
	p->process = guard_fork(&task);
	if (p->process == NULL)
		snprintf(p->why_not, sizeof(p->why_not), "could not start: %s",
			 strerror(errno));
	say_if_not_confined(p);
	blackbox_free(process.pages.modules); /* it has its own */
	return STATUS_OK;
}

void probing_close(struct probing *p)
{
	guard_close(p->process);
	free(p->last);
	free(p->index);
	*p = (struct probing){ 0 };
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
		    "nobody asks: the process that does has ended");
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

bool probing_next(struct probing *p, struct probe_record *out)
{
	_Alignas(8) uint8_t event[GUARD_EVENT_MAX];
	struct probe_ends ends;
	while (!tell_unknown(p, out)) {
		int len = p->process != NULL
				  ? guard_next(p->process, event, sizeof(event))
				  : 0;
		if (len == -ECHILD)
			note_end(p);
		if (len <= 0)
			return tell_unknown(p, out);
		if (probe_pages_take(&p->pages, event, (size_t)len))
			continue;
		if (probe_ends_read(event, (size_t)len, &ends)) {
			if (p->take_ends != NULL)
				p->take_ends(p->take_ends_to, &ends);
			continue;
		}
		return probe_event_read(event, (size_t)len, out);
	}
	return true;
}

uint32_t probing_pid(const struct probing *p)
{
	return p->process != NULL ? (uint32_t)guard_pid(p->process) : 0;
}

bool probing_tell_own(const struct probing *p, const struct probe_own *own)
{
	return p->process != NULL && guard_tell(p->process, own, sizeof(*own)) == 0;
}

bool probing_tell_proof(const struct probing *p, const struct probe_proof *proof)
{
	return p->process != NULL && guard_tell(p->process, proof, sizeof(*proof)) == 0;
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
	bool is_over = !guard_is_alive(p->process), had_news = p->has_news;
	guard_describe(p->process, text);
	p->has_news = false;
	if (!is_over)
		return had_news;
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
	if (p->process != NULL)
		return guard_describe(p->process, text);
	memcpy(text, p->why_not, sizeof(p->why_not));
	return false;
}

uint32_t probing_ends(const struct probing *p)
{
	return p->process != NULL ? guard_ends(p->process) : p->ends;
}

bool probing_page(struct probing *p, const struct web_probe *probe,
		  web_probe_answer answer, void *to, const char **why)
{
	*why = "the process that asks has ended";
	return p->process != NULL &&
	       probe_pages_ask(&p->pages, p->process, probe, answer, to, why);
}
