/*
 * book.h: the inside of the book of incidents.  Private to the room.
 */
#pragma once

#include "alert/incidents.h"
#include "base/addr.h"

enum {
	BOOK_INCIDENTS = 512, /* that fire, and those that were over lately */
	BOOK_MEMBERS = 8192,  /* alerts and findings of them */
	BOOK_EVENTS = 1024,   /* what happened lately, and may be a cause */
	BOOK_PARENTS = 8192,
};
#define BOOK_SECOND_US 1000000LL

/* How good the cause of an incident is: a better one takes its place. */
enum cause {
	CAUSE_NONE,
	CAUSE_BLOCK,      /* a client that asks is blocked */
	CAUSE_LISTENER,   /* nobody listens any more, or somebody else */
	CAUSE_DEPLOYMENT, /* somebody changed something before */
	CAUSE_MANY,       /* more than one service fell at that moment */
	CAUSE_PARENT,     /* what they depend on is down */
};

/* An incident; of an unused one the id is "". */
struct entry {
	struct incident_record record;
	uint64_t target; /* book_target() of record.first_target */
	enum cause cause;
	int64_t said_us;
	bool has_news;     /* it grew since it was said */
	uint32_t open;     /* members that are not over */
	bool is_attack;    /* its first member is one of detect's incidents ... */
	uint64_t attack;   /* ... with that id, hashed */
	bool is_many;      /* others that fall by the same rule belong to it */
	int64_t joined_us; /* when the last member came */
	field_text64 lead_sensor; /* of a fleet: who says what record.lead is */
};

/* An alert or finding; of an unused one the id is "". */
struct member {
	field_text32 id;
	uint64_t sensor; /* hashed: sensors choose ids, so each has its own */
	struct entry *entry;
	uint64_t target;
	bool is_open;
};

/* What happened, before anybody knew whether it matters. */
struct event {
	enum cause cause;
	struct addr ip;      /* unset: any */
	uint32_t port;       /* UNKNOWN_U32: any */
	field_text64 sensor; /* of a fleet: where; "": anywhere */
	struct timeline_record line;
	field_text256 words; /* the cause in a sentence */
};

struct parent {
	uint64_t target, parent; /* hashes; target 0: nobody is here */
};

struct incident_book {
	struct incidents_sink sink;
	struct entry entries[BOOK_INCIDENTS];
	struct member members[BOOK_MEMBERS];
	struct event events[BOOK_EVENTS];
	uint64_t event_count;
	struct parent parents[BOOK_PARENTS]; /* by target, or up to PARENT_TRIES on */
};

/* What a new member is about. */
struct about {
	const char *kind; /* of the timeline's line: alert, finding */
	const char *id, *rule, *target, *severity, *summary;
	struct addr ip, client; /* unset: none */
	uint32_t port;
	const char *transport, *service, *tags;
	const char *attack;  /* incident of detect; "" */
	const char *sensor;  /* of a fleet: who says so; "" */
	const char *sensors; /* ... and who saw it, with commas between */
	int64_t first_us, last_us, now_us;
	double value, limit;
	bool is_open;
	bool is_ahead; /* as incident.ahead */
};

uint64_t book_hash(const char *text);
/* What a record leaves out is no word. */
bool book_is_word(const char *word, const char *is);

/* ---- book.c ---- */

bool entry_is_firing(const struct entry *entry);
/* By a person: it stays as he saw it, whatever of it goes on. */
bool entry_was_closed(const struct entry *entry);
struct entry *book_entry(struct incident_book *book, const char *id);
/* A free row, else that of what was over first; NULL: all fire. */
struct entry *book_room(struct incident_book *book);
/* NULL: that sensor has told of none with that id. */
struct member *book_member(struct incident_book *book, const char *sensor,
			   const char *id);
/* A free row, else one that is over; NULL: all are in force. */
struct member *book_member_room(struct incident_book *book);
void book_say(struct incident_book *book, struct entry *entry, int64_t now_us);
/* If it is a better one than that which is known. */
void book_blame(struct entry *entry, enum cause cause, const char *words);
/* The inverse of what is kept; none if it is no such word. */
enum cause book_cause(const char *kind);
/* A line of it, told. */
void book_line(struct incident_book *book, struct entry *entry,
	       const struct timeline_record *line);
struct timeline_record book_new_line(int64_t at_us, const char *kind,
				     const char *summary);
void book_resolve(struct incident_book *book, struct entry *entry, const char *by,
		  const char *why, int64_t now_us);

/* ---- sensors.c ---- */

/* The same address is another host at each sensor: a target is a sensor's. */
uint64_t book_target(const char *sensor, const char *target);
/* Is it of the sensor that the first member is of? */
bool entry_is_of(const struct entry *entry, const char *sensor);
/* Has that sensor told of any of it? */
bool entry_has_sensor(const struct entry *entry, const char *sensor);
/* Of whose alert or finding a line is that was kept. */
void book_line_sensor(const struct entry *entry, const struct timeline_record *line,
		      field_text64 out);
/* The sentence of a line, with who says so before it. */
void book_line_summary(const char *sensor, const char *summary, field_text256 out);
/* One, or several with commas between; true if it had not all of them. */
bool book_add_sensors(struct incident_record *record, const char *sensors);

/* ---- join.c ---- */

/* The one of that attack that fires, else one that was over lately; NULL: none. */
struct entry *book_attack(struct incident_book *book, const char *attack,
			  int64_t now_us);
/* All that belongs to one belongs to the other, and the one is over. */
void book_move(struct incident_book *book, struct entry *from, struct entry *to,
	       int64_t now_us);
/*
 * What depends on the target of this member belongs to it, also what fell just before
 * it: routers are asked no sooner than what is behind them.
 */
void book_gather(struct incident_book *book, struct entry *entry,
		 const struct about *about);
/* The incident that it belongs to; NULL: a new one. */
struct entry *book_join(struct incident_book *book, const struct about *about);
/*
 * After a new incident: if several fell at that moment by the same rule, they become
 * one. The incident that it belongs to now.
 */
struct entry *book_fold(struct incident_book *book, struct entry *last, int64_t now_us);

/* ---- cause.c ---- */

/* Of a new incident: what happened before goes into the timeline, and is the cause. */
void book_explain(struct incident_book *book, struct entry *entry);
