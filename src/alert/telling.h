/*
 * telling.h: the inside of the teller.  Private to the room.
 */
#pragma once

#include "alert/tell_rules.h"
#include "alert/teller.h"

enum {
	/* More than fire at a time: what is over may be to be told, too. */
	TELLER_INCIDENTS = 1024,
	TELLER_ROWS = 16384,
	TELLER_SILENCES = 256,
	ROUTE_WORDS = TELL_ROUTES_MAX / 64,
};
#define TELL_SECOND_US 1000000LL

/* An incident and a sink; of a free one known is NULL. */
struct row {
	struct known *known;
	struct row *next; /* of that incident, or free */
	uint64_t name;    /* hash of the sink's */
	uint16_t route, sink;
	uint32_t serial; /* messages so far */
	bool is_wanted;  /* something is to be said ... */
	enum tell_reason reason;
	int64_t due_us;  /* ... then */
	int64_t told_us; /* the last message; 0: none */
	int8_t severity; /* that it told */
	bool is_firing;  /* so it told */
};

/* An incident; of an unused one the id is "". */
struct known {
	struct incident_record record;
	bool is_given;    /* else only its id is known, from before the restart */
	int64_t since_us; /* when it was first heard of */
	int64_t over_us;  /* when it was heard that it is over; 0: it fires */
	int64_t told_us;  /* when somebody was told that it fires; 0: nobody was */
	uint64_t routes[ROUTE_WORDS];  /* that it matches, whatever the hour */
	char by[sizeof(field_text64)]; /* why nobody is told */
	uint32_t silence_turn;         /* of the teller, when by was found; 0: never */
	struct row *rows;
};

/* The last message of a route to a sink. */
struct group {
	int64_t at_us; /* 0: none */
	int8_t severity;
};

struct silence {
	struct silence_record record; /* unused: the id is "" */
	struct match match;
};

struct teller {
	struct teller_sink sink;
	const struct tell_rules *rules;
	uint64_t names[TELL_SINKS_MAX]; /* hashes of the rules' sinks' */
	int64_t now_us;
	struct known known[TELLER_INCIDENTS];
	size_t known_end; /* those from there on are unused */
	struct row rows[TELLER_ROWS];
	struct row *free;
	struct row *wanted[TELLER_ROWS]; /* while messages are made */
	/* By route and sink; the last route stands for none. */
	struct group groups[TELL_ROUTES_MAX + 1][TELL_SINKS_MAX];
	bool is_open[TELL_ROUTES_MAX];       /* routes: their hours */
	bool is_held[TELL_MAINTENANCES_MAX]; /* maintenances: so now */
	struct silence silences[TELLER_SILENCES];
	uint32_t silence_turn;  /* another one when what holds is another */
	uint64_t silence_count; /* ever made */
	char folder[1024];      /* "": nothing is kept */
	bool is_changed;        /* since it was written */
};

/* Of what lists no sensors. */
static inline const char *teller_own(const struct teller *teller)
{
	return teller->sink.own != NULL ? teller->sink.own : "";
}

/* ---- told.c ---- */

struct known *known_of(struct teller *teller, const char *id);
/* NULL: there is no room. */
struct known *known_new(struct teller *teller, const char *id);
void known_drop(struct teller *teller, struct known *known);
bool known_is_firing(const struct known *known);
/* Somebody takes care, or something did: nobody else has to be woken. */
bool known_is_handled(const struct known *known);
/* Finds out which routes it matches. */
void known_match(const struct teller *teller, struct known *known);
bool known_matches(const struct known *known, size_t route);

struct row *row_of(const struct known *known, uint64_t name);
/* NULL: there is no room. */
struct row *row_new(struct teller *teller, struct known *known, uint64_t name);
void row_drop(struct teller *teller, struct row *row);
/* Of a row that no route leads to: what is usual. */
const struct tell_route *row_route(const struct teller *teller, const struct row *row);
struct group *row_group(struct teller *teller, const struct row *row);
/* Rows and groups after other rules, or after a restart. */
void rows_settle(struct teller *teller);
uint64_t tell_hash(const char *text);

/* ---- tell_send.c ---- */
void tell_send(struct teller *teller);

/* ---- silence.c ---- */
void silences_tick(struct teller *teller);
/* Why nobody is told of it; "". */
void silence_of(const struct teller *teller, const struct incident_record *incident,
		char by[static sizeof(field_text64)]);
/* One that was before the restart. */
void silence_restore(struct teller *teller, const struct silence_record *record);

/* ---- tell_keep.c ---- */
void tell_save(struct teller *teller);
