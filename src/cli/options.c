/*
 * options.c: command lines by table; see options.h.  getopt_long(3) does the parsing.
 */
#include "cli/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/when.h"
#include "cli/cli.h"
#include "cli/view.h"

enum {
	SPECS_MAX = 40,
	COMMONS = 6,
	FIRST_CODE = 256, /* above every letter */
};

/* The options of every command, as specs, so that help and parsing need no second case.
 */
static size_t common_specs(struct common_options *common, bool *help, bool *version,
			   struct option_spec out[static COMMONS])
{
	const struct option_spec specs[COMMONS] = {
		{ 0, OPTION_FLAG, "json", NULL, "one JSON object per line",
		  &common->json, 0, 0 },
		{ 0, OPTION_FLAG, "plain", NULL, "no colour, no boxes", &common->plain,
		  0, 0 },
		{ 0, OPTION_FLAG, "no-color", NULL,
		  "no colour (also: NO_COLOR in the environment)", &common->no_color, 0,
		  0 },
		{ 0, OPTION_TEXT, "socket", "PATH", "where the daemon listens",
		  &common->socket, 0, 0 },
		{ 'h', OPTION_FLAG, "help", NULL, "this text", help, 0, 0 },
		{ 0, OPTION_FLAG, "version", NULL, "the version", version, 0, 0 },
	};
	memcpy(out, specs, sizeof(specs));
	return COMMONS;
}

static void print_spec(const struct option_spec *spec)
{
	char left[64];
	char letter[8] = "    ";
	if (spec->letter != 0)
		snprintf(letter, sizeof(letter), "-%c, ", spec->letter);
	snprintf(left, sizeof(left), "%s--%s%s%s", letter, spec->name,
		 spec->value == NULL ? "" : " ",
		 spec->value == NULL ? "" : spec->value);
	printf("  %-26s %s\n", left, spec->doc);
}

static void print_help(const struct command_help *help, const struct option_spec *specs,
		       size_t count)
{
	printf("%s\n\nUsage: breakwater %s%s%s%s\n", help->doc, help->name,
	       count > 0 ? " [options]" : "", help->operands == NULL ? "" : " ",
	       help->operands == NULL ? "" : help->operands);
	if (help->examples != NULL)
		printf("\nExamples:\n%s", help->examples);
	if (help->spec_count > 0)
		puts("\nOptions:");
	for (size_t i = 0; i < help->spec_count; i++)
		print_spec(&specs[i]);
	puts("\nCommon options:");
	for (size_t i = help->spec_count; i < count; i++)
		print_spec(&specs[i]);
	if (help->view != NULL)
		view_print_columns(help->view);
	if (help->more != NULL)
		help->more();
}

static bool number_store(const struct command_help *help,
			 const struct option_spec *spec, const char *text)
{
	char *end = NULL;
	errno = 0;
	unsigned long long value = strtoull(text, &end, 10);
	bool digits = text[0] >= '0' && text[0] <= '9' && *end == '\0';
	if (!digits || errno != 0 || value < spec->min || value > spec->max) {
		fprintf(stderr,
			"breakwater %s: --%s: \"%s\" is not a number from %llu to "
			"%llu\n",
			help->name, spec->name, text, (unsigned long long)spec->min,
			(unsigned long long)spec->max);
		return false;
	}
	*(uint64_t *)spec->into = value;
	return true;
}

static bool list_store(const struct command_help *help, const struct option_spec *spec,
		       const char *text)
{
	struct option_list *list = spec->into;
	if (list->count == OPTION_LIST_MAX) {
		fprintf(stderr, "breakwater %s: --%s: at most %d of them\n", help->name,
			spec->name, OPTION_LIST_MAX);
		return false;
	}
	list->at[list->count++] = text;
	return true;
}

static bool time_store(const struct command_help *help, const struct option_spec *spec,
		       const char *text)
{
	int64_t at_us;
	if (!when_parse(text, 0, &at_us)) {
		fprintf(stderr, "breakwater %s: --%s: \"%s\" is not %s\n", help->name,
			spec->name, text, WHEN_ALLOWED);
		return false;
	}
	*(const char **)spec->into = text;
	return true;
}

static bool store(const struct command_help *help, const struct option_spec *spec,
		  const char *text)
{
	switch (spec->type) {
	case OPTION_FLAG:
		*(bool *)spec->into = true;
		return true;
	case OPTION_TEXT:
		*(const char **)spec->into = text;
		return true;
	case OPTION_LIST:
		return list_store(help, spec, text);
	case OPTION_NUMBER:
		return number_store(help, spec, text);
	case OPTION_TIME:
		return time_store(help, spec, text);
	}
	return false;
}

/* getopt's own tables from ours. */
static void getopt_tables(const struct option_spec *specs, size_t count,
			  struct option *options, char *letters)
{
	*letters++ = ':'; /* a missing value is ':', and getopt prints nothing */
	for (size_t i = 0; i < count; i++) {
		bool has_value = specs[i].type != OPTION_FLAG;
		options[i] =
			(struct option){ specs[i].name,
					 has_value ? required_argument : no_argument,
					 NULL, FIRST_CODE + (int)i };
		if (specs[i].letter == 0)
			continue;
		*letters++ = specs[i].letter;
		if (has_value)
			*letters++ = ':';
	}
	*letters = '\0';
	options[count] = (struct option){ 0 };
}

static const struct option_spec *spec_of(const struct option_spec *specs, size_t count,
					 int code)
{
	if (code >= FIRST_CODE && (size_t)(code - FIRST_CODE) < count)
		return &specs[code - FIRST_CODE];
	for (size_t i = 0; i < count; i++)
		if (specs[i].letter != 0 && specs[i].letter == code)
			return &specs[i];
	return NULL;
}

static void complain(const struct command_help *help, int code, const char *word)
{
	fprintf(stderr, "breakwater %s: %s %s; see \"breakwater %s --help\"\n",
		help->name, word, code == ':' ? "needs a value" : "is not an option",
		help->name);
}

static bool parse_all(const struct command_help *help, const struct option_spec *specs,
		      size_t count, int argc, char **argv)
{
	struct option options[SPECS_MAX + 1];
	char letters[2 * SPECS_MAX + 2];
	getopt_tables(specs, count, options, letters);
	opterr = 0;
	optind = 0; /* glibc: start afresh */
	int code;
	while ((code = getopt_long(argc, argv, letters, options, NULL)) != -1) {
		const struct option_spec *spec = spec_of(specs, count, code);
		if (code == '?' || code == ':' || spec == NULL) {
			complain(help, code, argv[optind - 1]);
			return false;
		}
		if (!store(help, spec, optarg))
			return false;
	}
	return true;
}

bool options_parse(const struct command_help *help, int argc, char **argv,
		   struct common_options *common, int *first, int *status)
{
	struct option_spec specs[SPECS_MAX];
	bool wants_help = false, wants_version = false;
	size_t count = help->spec_count;
	if (count > SPECS_MAX - COMMONS)
		abort(); /* a table in this program is too long: no input can cause it
			  */
	if (count > 0)
		memcpy(specs, help->specs, count * sizeof(*specs));
	*common = (struct common_options){ 0 };
	count += common_specs(common, &wants_help, &wants_version, specs + count);
	*status = STATUS_USAGE;
	if (!parse_all(help, specs, count, argc, argv))
		return false;
	*status = STATUS_OK;
	if (wants_help)
		print_help(help, specs, count);
	else if (wants_version)
		puts("breakwater " BREAKWATER_VERSION);
	if (wants_help || wants_version)
		return false;
	*first = optind;
	if (optind < argc && help->operands == NULL) {
		fprintf(stderr,
			"breakwater %s: \"%s\" is one word too many; see \"breakwater "
			"%s --help\"\n",
			help->name, argv[optind], help->name);
		*status = STATUS_USAGE;
		return false;
	}
	return true;
}

void socket_path_default(char out[static SOCKET_PATH_SIZE])
{
	const char *folder = geteuid() == 0 ? NULL : getenv("XDG_RUNTIME_DIR");
	int len = -1;
	if (folder != NULL && folder[0] == '/')
		len = snprintf(out, SOCKET_PATH_SIZE, "%s/breakwater.sock", folder);
	if (len < 0 || len >= SOCKET_PATH_SIZE)
		snprintf(out, SOCKET_PATH_SIZE, "%s", SOCKET_PATH_SYSTEM);
}

bool color_wanted(const struct common_options *common, int fd)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");
	if (common->plain || common->no_color)
		return false;
	if (no_color != NULL && no_color[0] != '\0')
		return false;
	return isatty(fd) && term != NULL && strcmp(term, "dumb") != 0;
}
