/*
 * probing.h: the process that asks configured targets, and what it last said of each.
 */
#pragma once

#include "cli/probe_page.h"
#include "config/config.h"
#include "probe/event.h"
#include "record/record.h"

struct probing {
	struct guard *process;        /* NULL: nothing is to be asked, or see why_not */
	char why_not[GUARD_TEXT_MAX]; /* it could not start, or has ended; or "" */
	uint32_t ends;                /* until then */
	struct probe_record *last;    /* of each target; owned */
	size_t count, size;
	uint32_t *index; /* by the target's hash: number in last + 1; owned */
	size_t room;
	size_t untold;  /* of last: how many are still to be told as not asked any more
			 */
	uint32_t asker; /* process that told what is in last */
	bool has_news;  /* who asks has ended, or is silent, and nobody was told yet */
	const struct config *settings; /* in place of those of the start; or NULL */
	bool has_settings_untold;
	int64_t said_us;  /* when somebody was last told; monotonic */
	unsigned quiet_s; /* how long nothing has been heard of who asks */
	bool is_silent;   /* it is there, and does not answer */
	struct probe_pages pages;
	/* A socket of a probe connects; NULL: nobody wants to know. */
	void (*take_ends)(void *to, const struct probe_ends *ends);
	/* A record of a failure, of the flight recorder; NULL: nobody wants it. */
	void (*take_failure)(void *to, enum record_kind kind, const void *record);
	void *take_ends_to;   /* of both */
	char unrecorded[128]; /* why failures have no packets; "": they have */
};

/*
 * Reads the targets; STATUS_USAGE, with what is wrong on standard error, if one is
 * none. Then makes the process, before any thread.
 */
int probing_fork(struct probing *p, const struct config *config);
void probing_close(struct probing *p);

/* GET /probe; as web_source has it. */
bool probing_page(struct probing *p, const struct web_probe *probe,
		  web_probe_answer answer, void *to, const char **why);

/* What somebody says of a heartbeat; as web_source has it. */
bool probing_push(struct probing *p, const struct web_push *push,
		  web_probe_answer answer, void *to, const char **why);

/* 0: there is none. */
uint32_t probing_pid(const struct probing *p);

/* Has a service asked from now on, or proven by its clients. False: not now. */
bool probing_tell_own(const struct probing *p, const struct probe_own *own);
/* Has anything been said of that target? */
bool probing_knows(const struct probing *p, const char *target);
bool probing_tell_maintained(const struct probing *p,
			     const struct probe_maintained *told);
bool probing_tell_proof(const struct probing *p, const struct probe_proof *proof);

/* How many of each state there are, by enum probe_state. */
void probing_count(const struct probing *p, uint64_t counts[static PROBE_down + 1]);

/* Settings that changed; borrowed: those of the next call, or for good. */
void probing_reload(struct probing *p, const struct config *config);
/* Once a second: tells what could not be told before, and whether who asks still
 * answers: if not, that is told as an end is. */
void probing_second(struct probing *p);

/* To wait for; -1: there is nothing. */
int probing_fd(const struct probing *p);
/*
 * The next answer, or a target that has gone (its state is NULL); false if none waits,
 * or the process is gone (see probing_has_ended).
 */
bool probing_next(struct probing *p, struct probe_record *out);
/* It is what was last said of its target; one that has gone is forgotten. */
void probing_keep(struct probing *p, const struct probe_record *record);
/*
 * Once after each end of it, but not twice a second; text says how, and when it is
 * started again.  If it is not, there is no process any more.  All that it asked is
 * told as unknown by probing_next().
 */
bool probing_has_ended(struct probing *p, char text[static GUARD_TEXT_MAX]);

/* False if it is not there, does not answer, or is not confined as it should be; with
 * why. */
bool probing_describe(struct probing *p, char text[static GUARD_TEXT_MAX]);
/* How often it has ended unasked. */
uint32_t probing_ends(const struct probing *p);
/* True if something is to be asked. */
bool probing_is_wanted(const struct probing *p);
