/*
 * asking.c: see asking.h.
 */
#include "cli/asking.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/file.h"
#include "cli/cli.h"
#include "cli/fleet_identity.h"
#include "cli/maintain.h"
#include "cli/probe_page.h"
#include "cli/settings_told.h"
#include "probe/event.h"
#include "probe/failure.h"
#include "probe/failure_event.h"
#include "probe/recorder.h"
#include "probe/target_files.h"

_Static_assert(sizeof(struct probe_event) <= GUARD_EVENT_MAX,
	       "one event is one message");

enum {
	MODULES_BYTES_MAX = 1 << 20,
	PASSIVE_MAX =
		9, /* every tenth round is asked: traffic and answer are compared */
};

/* What the process must be able to reach, later, too. */
struct readable {
	char **at; /* owned, as each is */
	size_t count;
	bool needs_netns; /* and go to other network namespaces */
};

struct asking_process {
	const struct config *config;
	const char *paths[CONFIG_PATHS_MAX];
	char site[64]; /* of a sensor; "": none */
	bool is_sensor;
	struct target_files files;
	struct target_texts texts; /* of them; until they are in force */
	struct target_watch watch;
	struct readable readable;
	struct round_rules rules, own_rules;
	struct windows maintenance;    /* of all */
	struct maintenance maintained; /* by command */
	struct maintenance told;       /* of which not all has come yet */
	bool hears_maintained;         /* the first of it has */
	struct rounds *rounds;
	struct recorder *recorder; /* NULL: packets are not recorded */
	char unrecorded[RECORDER_WHY_MAX];
	struct page_asker pages;
	struct config coming; /* what the daemon has begun to tell of another */
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
	rounds_begin_set(process->rounds);
	for (size_t i = 0; i < targets->count; i++) {
		struct target target;
		char why[TARGET_WHY_MAX];
		if (target_parse(&target, targets->at[i], why))
			rounds_add(process->rounds, &target, &process->rules);
	}
	const struct target_sink sink = { .take = add,
					  .to = process->rounds,
					  .site = process->is_sensor ? process->site
								     : NULL };
	target_texts_parse(&process->texts, &process->rules, &sink, &errors);
	rounds_end_set(process->rounds);
	target_texts_free(&process->texts);
	buf_free(&errors); /* there are none: they were looked at before */
}

static void add_readable(void *to, const char *path)
{
	struct readable *readable = to;
	size_t size = (readable->count + 1) * sizeof(*readable->at);
	char **grown = realloc(readable->at, size);
	if (grown == NULL)
		return;
	readable->at = grown;
	readable->at[readable->count] = strdup(path);
	readable->count += readable->at[readable->count] != NULL;
}

static void free_readable(struct readable *readable)
{
	for (size_t i = 0; i < readable->count; i++)
		free(readable->at[i]);
	free(readable->at);
	*readable = (struct readable){ 0 };
}

static bool drop(void *to, struct target *target, const struct round_rules *rules)
{
	struct readable *readable = to;
	(void)rules;
	readable->needs_netns |= target->netns != NULL;
	if (target_token_file(target) != NULL)
		add_readable(to, target_token_file(target));
	target_free(target);
	return true;
}

/*
 * All that is wrong with the files; the targets of the configuration may be parents.
 * What the process that asks must be able to read is told.
 */
static bool check_texts(const struct asking_process *process,
			const struct target_texts *texts, struct readable *readable,
			struct buf *errors)
{
	const struct config_texts *targets = &process->config->probe_targets;
	struct parents parents = { 0 };
	const struct target_sink sink = { .take = drop,
					  .to = readable,
					  .parents = &parents };
	for (size_t i = 0; i < targets->count; i++) {
		struct target target;
		char why[TARGET_WHY_MAX];
		if (!target_parse(&target, targets->at[i], why))
			continue;
		parents_add_target(&parents, target.text);
		drop(readable, &target, &process->rules);
	}
	bool good = target_texts_parse(texts, &process->rules, &sink, errors);
	parents_free(&parents);
	return good;
}

/* Puts these in force if all is right with them, and takes them over. */
static bool take_texts(struct asking_process *process, struct target_texts *texts,
		       struct buf *errors)
{
	struct readable unused = { 0 }; /* too late: the process is confined */
	bool good = check_texts(process, texts, &unused, errors);
	free_readable(&unused);
	target_texts_free(good ? &process->texts : texts);
	if (good)
		process->texts = *texts;
	return good;
}

static void say_not_changed(struct buf *errors)
{
	fprintf(stderr, "%sbreakwater: targets not changed\n", buf_cstr(errors));
}

/* A file that is not right changes nothing; whoever wrote it is told where. */
static void look_at_files(struct asking_process *process)
{
	struct buf errors = { 0 };
	struct target_texts texts;
	enum target_look look =
		target_watch_look(&process->watch, &process->files,
				  clock_us(CLOCK_MONOTONIC), &texts, &errors);
	if (look == LOOK_CHANGED && take_texts(process, &texts, &errors))
		set_targets(process);
	else if (look != LOOK_SAME)
		say_not_changed(&errors);
	buf_free(&errors);
}

/* False, and said, if they are not right. */
static bool read_again(struct asking_process *process)
{
	struct buf errors = { 0 };
	struct target_texts texts;
	bool good = target_files_load(&process->files, &texts, &errors);
	process->watch.taken = texts.stamp;
	good = good && take_texts(process, &texts, &errors);
	if (!good)
		say_not_changed(&errors);
	buf_free(&errors);
	return good;
}

static void use(struct asking_process *process, const struct config *config)
{
	process->config = config;
	process->rules = (struct round_rules){
		.interval_s = config->probe_interval,
		.retry_s = config->probe_retry,
		.passive_max = config->probe_passive ? PASSIVE_MAX : 0,
		.health = { .fails = (uint8_t)config->probe_fails,
			    .of = (uint8_t)config->probe_of,
			    .recovers = (uint8_t)config->probe_recovers },
		.limits = { config->probe_slow, config->probe_certificate_days },
	};
	process->own_rules = process->rules;
	process->own_rules.interval_s = config->probe_own_interval;
	process->maintenance = (struct windows){ 0 };
	for (size_t i = 0; i < config->probe_maintenance.count; i++)
		windows_add(&process->maintenance, config->probe_maintenance.at[i]);
}

/* What somebody had in maintenance before this start; of another process it is told. */
static void take_up_maintenance(struct asking_process *process)
{
	struct maintaining kept;
	int64_t now_us = clock_us(CLOCK_REALTIME);
	maintaining_open(&kept, process->config->state, now_us);
	for (size_t i = 0; i < kept.count; i++)
		maintenance_set(&process->maintained, maintaining_target(&kept.at[i]),
				kept.at[i].until_us, now_us);
}

/* What sites are named for says nothing to a machine that is of no fleet. */
static void take_site(struct asking_process *process, const struct config *config)
{
	struct fleet_identity me;
	char error[FLEET_IDENTITY_ERROR_MAX];
	process->is_sensor = config->fleet_servers.count > 0 &&
			     fleet_identity_read(config->state, &me, error) == 0;
	if (process->is_sensor)
		memcpy(process->site, me.site, sizeof(process->site));
}

static void prepare(struct asking_process *process, const struct config *config)
{
	*process = (struct asking_process){
		.files = { process->paths, config->probe_files.count },
	};
	use(process, config);
	process->coming = *config;
	take_up_maintenance(process);
	take_site(process, config);
	tzset(); /* windows of maintenance are in the machine's zone */
	process->pages.allow = config->probe_allow.at;
	process->pages.allow_count = config->probe_allow.count;
	for (size_t i = 0; i < config->probe_files.count; i++) {
		process->paths[i] = config->probe_files.at[i];
		add_readable(&process->readable, process->paths[i]);
	}
}

/* ---- the flight recorder ---- */

static void tell_piece(enum record_kind kind, const void *record)
{
	struct failure_event event;
	guard_emit(&event, failure_event_make(kind, record, &event));
}

static void tell_recorded(void *to, const struct failure *failure)
{
	(void)to;
	for (size_t i = 0; i < failure->line_count; i++)
		tell_piece(RECORD_transcript, &failure->lines[i]);
	for (size_t i = 0; i < failure->packet_count; i++)
		tell_piece(RECORD_packet, &failure->packets[i]);
	tell_piece(RECORD_failure, &failure->record);
}

static void open_recorder(void *self)
{
	struct asking_process *process = self;
	process->recorder = recorder_open(process->unrecorded);
}

static void begin_recording(struct asking_process *process)
{
	struct probe_recorder_event event;
	memset(&event, 0, sizeof(event)); /* padding, too: it leaves the process */
	event.kind = PROBE_EVENT_RECORDER;
	snprintf(event.why_not, sizeof(event.why_not), "%s", process->unrecorded);
	prober_record(rounds_prober(process->rounds), process->recorder,
		      process->unrecorded);
	rounds_record(process->rounds, tell_recorded);
	guard_emit(&event, sizeof(event));
}

static bool open_rounds(void *self)
{
	struct asking_process *process = self;
	process->rounds = rounds_new(tell, NULL);
	if (process->rounds == NULL)
		return false;
	process->pages.prober = rounds_prober(process->rounds);
	prober_set_netns(process->pages.prober, guard_netns_socket);
	begin_recording(process);
	process->watch.taken = process->texts.stamp;
	if (guard_predecessor_ended_us() != 0)
		read_again(process); /* else those of the start are in force */
	rounds_set_maintenance(process->rounds, &process->maintenance);
	bool is_first = guard_predecessor_ended_us() == 0;
	rounds_maintain(process->rounds, is_first ? &process->maintained : NULL);
	prober_tell_ends(process->pages.prober, tell_ends, NULL);
	set_targets(process);
	if (guard_predecessor_ended_us() != 0)
		rounds_missed_since(process->rounds, guard_predecessor_ended_us());
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
	int64_t us = process->watch.look_at_us - clock_us(CLOCK_MONOTONIC);
	int look_ms = us <= 0 ? 0 : (int)(us / 1000) + 1;
	return ms < 0 || look_ms < ms ? look_ms : ms;
}

static void run_rounds(void *self)
{
	struct asking_process *process = self;
	rounds_run(process->rounds);
	if (clock_us(CLOCK_MONOTONIC) >= process->watch.look_at_us)
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

/* All of them or, with files that are not right, none. */
static void take_settings(struct asking_process *process)
{
	static struct config in_force;
	const struct config *before = process->config;
	use(process, &process->coming);
	if (!read_again(process)) {
		use(process, before);
		return;
	}
	in_force = process->coming;
	use(process, &in_force);
	rounds_set_maintenance(process->rounds, &process->maintenance);
	set_targets(process);
}

/* All of it at once: between two messages an answer may be judged. */
static void take_maintained(struct asking_process *process,
			    const struct probe_maintained *message)
{
	if (message->is_first) {
		process->told.count = 0;
		process->hears_maintained = true;
	}
	if (!message->is_none)
		maintenance_set(&process->told, message->target, message->until_us,
				clock_us(CLOCK_REALTIME));
	if (message->is_last && process->hears_maintained)
		rounds_maintain(process->rounds, &process->told);
}

static void answer_alive(void)
{
	const struct probe_alive alive = { .kind = PROBE_EVENT_ALIVE };
	guard_emit(&alive, sizeof(alive));
}

static void take_message(void *self, const void *message, size_t len)
{
	struct asking_process *process = self;
	enum settings_taken taken = settings_take(&process->coming, message, len);
	struct probe_own own;
	struct probe_proof proof;
	struct probe_push push;
	if (taken == SETTINGS_WHOLE)
		take_settings(process);
	if (taken != SETTINGS_NONE)
		return;
	struct probe_maintained maintained;
	if (probe_own_read(message, len, &own))
		take_own(process, &own);
	else if (probe_proof_read(message, len, &proof))
		rounds_prove(process->rounds, proof.target, &proof.proof);
	else if (probe_maintained_read(message, len, &maintained))
		take_maintained(process, &maintained);
	else if (probe_push_read(message, len, &push))
		page_answer_push(push.id, rounds_push(process->rounds, &push.push));
	else if (probe_alive_read(message, len, PROBE_TOLD_ASK_ALIVE))
		answer_alive();
	else if (process->pages.modules != NULL)
		page_take(&process->pages, message, len);
}

static void close_rounds(void *self)
{
	struct asking_process *process = self;
	rounds_free(process->rounds);
	recorder_close(process->recorder);
	blackbox_free(process->pages.modules);
}

/* ---- before there is a process ---- */

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

bool asking_check(const struct config *config)
{
	bool good = targets_are_good(&config->probe_targets);
	return good & rules_are_good(config);
}

static bool files_are_good(struct asking_process *process)
{
	struct buf errors = { 0 };
	bool good = target_files_load(&process->files, &process->texts, &errors) &&
		    check_texts(process, &process->texts, &process->readable, &errors);
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
	if (process->pages.modules != NULL) {
		blackbox_prepare(process->pages.modules);
		blackbox_each_secret_file(process->pages.modules, add_readable,
					  &process->readable);
	}
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

static bool is_good(struct asking_process *process)
{
	bool good = asking_check(process->config);
	good &= files_are_good(process);
	return good & read_modules(process);
}

static struct guard *start(struct asking_process *process)
{
	struct guard_task task = { .kind = GUARD_PROBER,
				   .user = process->config->user,
				   .needs_netns = process->readable.needs_netns,
				   .self = process,
				   .readable =
					   (const char *const *)process->readable.at,
				   .readable_count = process->readable.count,
				   .prepare = open_recorder,
				   .open = open_rounds,
				   .fd = rounds_wait_for,
				   .timeout_ms = rounds_wait_ms,
				   .run = run_rounds,
				   .take = take_message,
				   .close = close_rounds };
	return guard_fork(&task);
}

int asking_fork(const struct config *config, struct guard **out, int *error)
{
	struct asking_process process;
	prepare(&process, config);
	bool good = is_good(&process);
	*out = NULL;
	*error = 0;
	if (good && has_something_to_ask(&process)) {
		*out = start(&process);
		*error = *out == NULL ? errno : 0;
	}
	/* The process has its own. */
	blackbox_free(process.pages.modules);
	target_texts_free(&process.texts);
	free_readable(&process.readable);
	return good ? STATUS_OK : STATUS_USAGE;
}
