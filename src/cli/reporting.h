/*
 * reporting.h: reports that are made by themselves: when, and what came of it.  A
 * process of its own makes them (GUARD_REPORTER, reporting_process.c), so that one that
 * takes long, much memory, or never ends, costs the monitor nothing.
 *
 * Of each entry of report.schedule the period of the calendar that ended last is made
 * once, also when nobody was there when it was due; a new entry begins with the next
 * period that ends.  What was made, and is on its way to all who are mailed, is in
 * reports.json of the state folder.  What fails is tried again after a minute, two ...
 * an hour, until the next period is due.
 *
 * Time is an argument: now_us by the clock on the wall, which may be set.
 */
#pragma once

#include "base/buf.h"
#include "base/period.h"
#include "cli/reporting_wire.h"
#include "config/config.h"
#include "record/record.h"

/* What is made known of a report, for who mails it; text borrowed. */
struct reporting_mail {
	const char *sink, *key, *title, *text;
	const char *const *files; /* names in the folder of reports */
	size_t file_count;
	bool is_asked; /* by a person, perhaps again */
	bool is_told;  /* it was TOLD before: what became of it */
	int64_t at_us; /* the same of each try */
};

enum reporting_mailed {
	REPORTING_MAILED, /* it is on disk */
	REPORTING_MAIL_TOLD,
	REPORTING_MAIL_LATER,
	REPORTING_MAIL_REFUSED, /* it was told, and could not be kept */
	REPORTING_MAIL_NEVER
};

struct reporting_sink {
	void *self;
	/* A report_made record; action: of the audit chain, NULL: no news for it. */
	void (*made)(void *self, const struct report_made_record *record,
		     const char *action);
	/* REFUSED, NEVER: why says why. */
	enum reporting_mailed (*mail)(void *self, const struct reporting_mail *mail,
				      const char **why);
};

enum { REPORTING_MADE_MAX = 16 };

/* An entry of the schedule, as known over restarts. */
struct reporting_item {
	char report[CONFIG_WORD_MAX];
	struct config_choice of;
	enum period_kind every;
	int64_t since_us;                 /* when it was first there */
	int64_t made[REPORTING_MADE_MAX]; /* ends of the periods that were made */
	size_t made_count;                /* ever; round and round */
	int64_t again_us;                 /* not before, as it failed */
	uint32_t tries;                   /* of what is due */
	int64_t tried_until_us;           /* end of that */
	bool is_asked;                    /* by a person, who is actor */
	field_text64 actor;
	struct report_made_record last; /* at UNKNOWN_TIME: none in this life */
};

enum { REPORTING_ITEMS_MAX = 2 * CONFIG_SCHEDULES_MAX };

struct reporting {
	const struct config *config; /* in force */
	bool is_fleets;
	struct reporting_sink sink;
	struct guard
		*process; /* NULL: nothing was scheduled at the start, or why_not */
	char why_not[GUARD_TEXT_MAX];
	char path[CONFIG_TEXT_MAX + 16]; /* of reports.json */
	struct reporting_item items[REPORTING_ITEMS_MAX];
	size_t item_count;
	bool is_unkept; /* reports.json could not be written, and that was said */
	bool has_heard; /* of what another hub made, since it was written */
	/* What is being made, or mailed: */
	struct reporting_item *busy; /* NULL: nothing */
	struct reporting_order order;
	struct reporting_event event; /* of busy, once is_answered */
	bool is_answered;
	struct config_words mail; /* sinks, as they were when it was ordered */
	/* Bit per sink that was told of it, has it, could not keep it, or never will.
	 */
	uint32_t told, mailed, refused, given_up;
	bool is_unmailed;    /* not all have it, and that is not waited for */
	int64_t since_us;    /* by CLOCK_MONOTONIC: when it was ordered, or answered */
	int64_t answered_us; /* by the clock on the wall */
	uint64_t ids;
};

/* Makes the process, before any thread, if anything is scheduled. depot: a fleet's, as
 * depot_open(); "": reports are of this machine. */
void reporting_fork(struct reporting *r, const struct config *config,
		    const char *depot);
/* What was made before. */
void reporting_open(struct reporting *r, const struct reporting_sink *sink,
		    int64_t now_us, struct buf *said);
void reporting_close(struct reporting *r);

/* Another schedule is in force. */
void reporting_reload(struct reporting *r, int64_t now_us, struct buf *said);

/* Once a second; steady_us: CLOCK_MONOTONIC. said: what somebody should know. */
void reporting_second(struct reporting *r, int64_t now_us, int64_t steady_us,
		      struct buf *said);

/* Another hub has made that one: it is not made here once more. */
void reporting_heard(struct reporting *r, const struct report_made_record *record);
/* Once a second, also of who follows: what was heard is written. */
void reporting_keep_heard(struct reporting *r, struct buf *said);
/* What is being made counts no more, as another hub leads. */
void reporting_stand_down(struct reporting *r);

/* To wait for; -1: there is nothing.  What it has to tell. */
int reporting_fd(const struct reporting *r);
void reporting_take(struct reporting *r, int64_t now_us, int64_t steady_us,
		    struct buf *said);

/*
 * A form: report, and every, sensor, site and tag if it is scheduled more than once.
 * The period that ended last is made, also again.  0 or -errno, and a sentence.
 */
int reporting_run(struct reporting *r, const char *form, const char *actor,
		  struct buf *message);

/* {"schedule":[...],"process":{...}}, in JSON. */
void reporting_json(struct reporting *r, int64_t now_us, struct buf *out);

/* ---- reporting_made.c: what came of one ---- */

/* To those who are mailed; when all have it, or will not, it is finished. */
void reporting_hand_over(struct reporting *r, int64_t now_us, int64_t steady_us,
			 struct buf *said);
/* What the audit chain says of one: which, and what came of it. */
void reporting_audit_texts(const struct report_made_record *record, struct buf *subject,
			   struct buf *after);
/* Nothing is being made any more. */
void reporting_finish(struct reporting *r, int64_t now_us, struct buf *said);

/* ---- reporting_plan.c: which is due; without process and files but its own ---- */

/* The item that has to be made now; NULL: none. period: what of. */
struct reporting_item *reporting_due(struct reporting *r, int64_t now_us,
				     struct period *period);
/* It was made, or failed. */
void reporting_note_made(struct reporting_item *item, int64_t until_us);
void reporting_note_failed(struct reporting_item *item, int64_t until_us,
			   int64_t now_us);
/* As many items as entries, those that are known already kept. */
void reporting_plan(struct reporting *r, int64_t now_us);
/* "site:berlin, tag:web"; of all "all", of one machine "". */
void reporting_chosen(const struct reporting *r, const struct reporting_item *item,
		      field_text256 out);
/* The entry of an item; NULL: it is not scheduled. */
const struct config_schedule *reporting_entry(const struct reporting *r,
					      const struct reporting_item *item);
/* ---- reports.json ---- */

/* Written; what is wrong with that is said once. */
void reporting_save(struct reporting *r, struct buf *said);
/* Read, and written: 0 or -errno. */
void reporting_recall(struct reporting *r);
int reporting_keep(const struct reporting *r);
