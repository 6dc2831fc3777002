/*
 * plan.h: which version of each document is in force, and the one that is being rolled
 * out: the one text about steering that hubs change, in their bucket, each change only
 * if it is still the one that was read.
 *
 * A rollout goes in steps: a share of the sensors has the new version, the others the
 * one before.  One at a time, in the whole fleet: whatever goes wrong then has one
 * cause. Who has it is decided by the plan and a sensor's name alone, so all hubs
 * answer alike.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fleet/document.h"
#include "record/record.h"

enum {
	PLAN_ENTRIES_MAX = 512,
	PLAN_STEPS_MAX = 8,
	PLAN_WHY_MAX = 256,
	PLAN_TEXT_MAX = 128 * 1024,
	PLAN_KEY_MAX = 192,
};

/* "doc.site=berlin.config.17": one version in the bucket, never changed. */
void plan_key(const struct document_scope *scope, enum document_kind kind,
	      uint64_t version, char out[static PLAN_KEY_MAX]);
#define PLAN_KEY       "doc.plan"
#define PLAN_SHARED    "doc.shared"
#define PLAN_DOCUMENTS "doc."

struct plan_entry {
	struct document_scope scope;
	enum document_kind kind;
	uint64_t version; /* 0: none yet */
};

enum plan_state { PLAN_IDLE, PLAN_ROLLING, PLAN_DONE, PLAN_HALTED, PLAN_STATES };
const char *plan_state_name(enum plan_state state);

/* The one that goes on, or the last. */
struct plan_rollout {
	enum plan_state state;
	struct document_scope scope;
	enum document_kind kind;
	uint64_t before, coming;
	uint8_t steps[PLAN_STEPS_MAX]; /* percent, growing, the last is 100 */
	uint8_t step_count, step;
	uint64_t share;                 /* of 2^32: whose number is below it has it */
	uint32_t wait_s;                /* for so long a step is to be well */
	int64_t begun_us;               /* by a hub's clock, as what follows */
	int64_t step_us;                /* when the step began; 0: it has not */
	int64_t ended_us;               /* 0: it goes on */
	char by[DOCUMENT_BY_MAX];       /* who began it */
	char ended_by[DOCUMENT_BY_MAX]; /* who halted it, and why; "": nobody has */
	char why[PLAN_WHY_MAX];
};

struct plan {
	uint64_t last_version; /* ever given away */
	struct plan_rollout rollout;
	struct plan_entry entries[PLAN_ENTRIES_MAX]; /* in order of scope, then kind */
	size_t count;
};

void plan_write(const struct plan *plan, struct buf *out);
/* An empty text is a plan without anything.  False, and why. */
bool plan_read(const void *text, size_t len, struct plan *out,
	       char why[static DOCUMENT_WHY_MAX]);

struct plan_entry *plan_find(struct plan *plan, const struct document_scope *scope,
			     enum document_kind kind);
/* The version of it that is being rolled out; 0: none is. */
uint64_t plan_coming(const struct plan *plan, const struct plan_entry *entry);
/* Which version of it that sensor is to have; 0: none. */
uint64_t plan_version_for(const struct plan *plan, const struct plan_entry *entry,
			  const char *sensor);

/* What somebody wants rolled out. */
struct plan_wish {
	struct document_scope scope;
	enum document_kind kind;
	uint8_t steps[PLAN_STEPS_MAX];
	uint8_t step_count;
	uint32_t wait_s;
	const char *by;
};
/* "5%,25%,100%" */
bool plan_steps_parse(const char *text, struct plan_wish *wish);
#define PLAN_STEPS_ALLOWED                                                             \
	"1 to 8 shares that grow, the last of them 100%, such as 5%,25%,100%"
/* Begins it, as version plan->rollout.coming.  False, and why: not now. */
bool plan_begin(struct plan *plan, const struct plan_wish *wish, int64_t now_us,
		char why[static PLAN_WHY_MAX]);
/*
 * It is over, for that reason: what was before is in force again, as a version of its
 * own, which is returned; the document has to be made.
 */
uint64_t plan_halt(struct plan *plan, const char *by, const char *why, int64_t now_us);

/* ---- the leader's, once a second (rollout.c) ---- */

/* What was last heard of a sensor. */
struct plan_sensor {
	const struct sensor_record *record;
	int64_t heard_us; /* by the hub's clock */
};

/* What a leader remembers; zero at first. */
struct plan_watch {
	uint64_t version;
	uint8_t step;
	int64_t well_us;         /* since when the step is well; 0: it is not */
	uint32_t told, have, up; /* of the step: sensors, who have it, and are up */
};

enum plan_news {
	PLAN_SAME,
	PLAN_STEPPED, /* the plan is another one: the next step, or all of it is done */
	PLAN_BROKEN,  /* plan_halt() is due, for what is in why */
};
enum plan_news plan_second(struct plan *plan, struct plan_watch *watch,
			   const struct plan_sensor *sensors, size_t count,
			   int64_t now_us, char why[static PLAN_WHY_MAX]);
/* Whether the rollout has reached that sensor. */
bool plan_is_told(const struct plan *plan, const char *sensor);

/*
 * What a sensor says of one that it does not take: "version 17, config for all: why".
 */
void plan_say_refused(struct buf *out, const struct document *document,
		      const char *why);
/* The number in it; 0: there is none. */
uint64_t plan_refused_version(const char *refused);
