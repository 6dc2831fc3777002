/*
 * top_filter.c: what somebody types to see less: "port=443 process=nginx" as the
 * commands' options are called, which the daemon goes by, and any other word, which
 * must be seen in the row.
 */
#include <stdio.h>
#include <string.h>

#include "cli/top.h"

struct word {
	char name[32], value[FILTER_MAX]; /* name "": text */
};

/* The next word of the filter in *word; false at its end. */
static bool next_word(const char **at, struct word *word)
{
	*at += strspn(*at, " ");
	size_t len = strcspn(*at, " ");
	if (len == 0)
		return false;
	const char *equals = memchr(*at, '=', len);
	size_t name = equals == NULL ? 0 : (size_t)(equals - *at);
	bool is_word = name > 0 && name < sizeof(word->name);
	snprintf(word->name, sizeof(word->name), "%.*s", is_word ? (int)name : 0, *at);
	size_t skipped = is_word ? name + 1 : 0;
	snprintf(word->value, sizeof(word->value), "%.*s", (int)(len - skipped),
		 *at + skipped);
	*at += len;
	return true;
}

/* Where an option and a parameter of the API have different names. */
static const char *parameter_of(const char *name)
{
	return strcmp(name, "client") == 0 ? "client_ip" : name;
}

static bool has_word(const char *filter, const char *name)
{
	struct word word;
	while (next_word(&filter, &word))
		if (strcmp(parameter_of(word.name), parameter_of(name)) == 0)
			return true;
	return false;
}

void filter_parameters(const char *filter, const struct top_view *view,
		       struct buf *path)
{
	struct word word;
	for (size_t i = 0; i < FIXED_MAX; i++)
		if (view->fixed[i].name != NULL &&
		    !has_word(filter, view->fixed[i].name))
			client_parameter(path, view->fixed[i].name,
					 view->fixed[i].value);
	while (next_word(&filter, &word))
		if (word.name[0] != '\0')
			client_parameter(path, parameter_of(word.name), word.value);
}

static bool is_seen(const char *text, const struct view *view,
		    const struct limits *limits, const json_t *row)
{
	for (size_t i = 0; i <= view->count; i++) {
		struct cell cell = { .tone = TONE_NORMAL };
		view_column_at(view, i)->show(row, limits, &cell);
		if (strcasestr(cell.text, text) != NULL)
			return true;
	}
	return false;
}

bool filter_matches(const char *filter, const struct top_view *view,
		    const struct limits *limits, const json_t *row)
{
	struct word word;
	while (next_word(&filter, &word))
		if (word.name[0] == '\0' &&
		    !is_seen(word.value, view->view, limits, row))
			return false;
	return true;
}

bool filter_has_text(const char *filter)
{
	struct word word;
	while (next_word(&filter, &word))
		if (word.name[0] == '\0')
			return true;
	return false;
}

bool filter_has_words(const char *filter)
{
	struct word word;
	while (next_word(&filter, &word))
		if (word.name[0] != '\0')
			return true;
	return false;
}

bool filter_has_time(const char *filter)
{
	return has_word(filter, "since") || has_word(filter, "until");
}

void filter_add(const char *name, const char *value, char filter[static FILTER_MAX])
{
	size_t len = strlen(filter);
	snprintf(filter + len, FILTER_MAX - len, "%s%s=%s", len > 0 ? " " : "", name,
		 value);
}

/* "name=value " if the view knows that word and there is a value without a blank. */
static bool carry(const struct top_view *view, const char *name, const char *value,
		  char out[static FILTER_MAX])
{
	char known[40];
	snprintf(known, sizeof(known), " %s ", name);
	if (value[0] == '\0' || strchr(value, ' ') != NULL ||
	    strstr(view->words, known) == NULL)
		return false;
	filter_add(name, value, out);
	return true;
}

bool filter_takes_sensors(const struct top_view *view)
{
	return strcmp(view->words, " ") != 0;
}

void filter_about(const struct about *about, const struct top_view *view,
		  char out[static FILTER_MAX])
{
	out[0] = '\0';
	if (about->sensor[0] != '\0' && filter_takes_sensors(view))
		filter_add("sensor", about->sensor, out);
	if (carry(view, "incident", about->incident, out))
		return; /* says more than any other word */
	if (carry(view, "client", about->client, out) && about->port[0] == '\0')
		return;
	if (carry(view, "port", about->port, out))
		carry(view, "transport", about->transport, out);
	carry(view, "host", about->host, out);
}
