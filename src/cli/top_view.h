/*
 * top_view.h: what the full screen knows of one of its views.
 *
 * A view is a file top_NAME.c with one of these, and a line in top_views.c: where its
 * rows come from, what tells them apart, what is to be said of one, what can be done
 * about it.  Details and changes are the program's own commands, so that the full
 * screen never says or dares what they would not.
 */
#pragma once

#include <sys/types.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/view.h"

enum { STEP_WORDS = 8, STEPS_MAX = 64, TOP_VIEWS = 9, ACTIONS_MAX = 2, FIXED_MAX = 2 };

/* A command, as somebody would have typed it. */
struct step {
	const char *heading; /* over what it says; NULL: none */
	command_run run;
	char *words[STEP_WORDS]; /* owned; the command's name first */
	int count;
};

struct steps {
	struct step at[STEPS_MAX];
	size_t count; /* what is beyond STEPS_MAX is left out */
};

/* Words up to a NULL; those that are "" are left out. */
void steps_add_words(struct steps *steps, const char *heading, command_run run,
		     const char *const *words);
#define steps_add(steps, heading, run, ...)                                            \
	steps_add_words(steps, heading, run, (const char *const[]){ __VA_ARGS__ })
/* The command that tells of what has the row's id. */
void steps_add_id(struct steps *steps, command_run run, const char *name,
		  const json_t *row);
void steps_free(struct steps *steps);

/*
 * Starts them in a child, one after the other.  out: where all goes that they say, so
 * many columns wide; -1: they have the terminal.  -1 with errno.
 */
pid_t steps_start(const struct steps *steps, const char *socket, int out, int columns);

/* What a row is about: the filter under which another view tells of the same. */
struct about {
	char client[64], host[64], port[8], transport[8], incident[40], process[40],
		sensor[64];
};

/* What can be done about a row. */
struct action {
	int key;
	const char *what; /* "Unblock": the question is this, the subject, and how */
	const char *how;
	const char *impossible; /* said if make() can't */
	/* False if there is nothing to be done about that row. */
	bool (*make)(const json_t *row, struct steps *steps, char *subject,
		     size_t size);
	bool asks; /* the command may ask something itself, over the network */
};

struct top;

struct top_view {
	const char *tab, *doc;
	const struct view *view;
	const char *words; /* of its filter, with a blank before and behind each */
	/* Parameters that hold unless the filter says otherwise. */
	const struct {
		const char *name, *value;
	} fixed[FIXED_MAX];
	const char *const *key; /* fields that tell a row from all others, to a NULL */
	/* NULL: what GET view->path gives.  Exit status, with error. */
	int (*fetch)(struct top *top, json_t **records, struct client_told *told,
		     char error[static CLIENT_ERROR_MAX]);
	const char *sorted_here; /* field that the daemon can't sort by; NULL: none */
	void (*about)(const json_t *row, struct about *out);
	/* Commands that tell of a row; NULL: its fields do. */
	void (*tell)(const json_t *row, struct steps *steps);
	bool tells_fields; /* before that, all fields of the record */
	struct action actions[ACTIONS_MAX];
};

extern const struct top_view top_ports, top_flows, top_sources, top_findings,
	top_blocks, top_incidents, top_alerts, top_probes, top_monitor;

/* By the number of its key, less one. */
extern const struct top_view *const top_views[TOP_VIEWS];

/* A field as text for an about or a word: "" if it is not known. */
void about_text(const json_t *row, const char *name, char *out, size_t size);
void about_number(const json_t *row, const char *name, char *out, size_t size);

/* Blocks the address in that field, if it has one. */
bool block_source(const json_t *row, const char *name, const char *why,
		  struct steps *steps, char *subject, size_t size);
