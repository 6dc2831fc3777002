/*
 * log_expect.h: lines, and what is expected of them; for tests of the built-in formats.
 */
#pragma once

#include "log_check.h"

/* Of the test's group. */
static struct log_formats *formats;

static inline int open_formats(void **state)
{
	(void)state;
	formats = built_in();
	return 0;
}

static inline int close_formats(void **state)
{
	(void)state;
	log_formats_free(formats);
	return 0;
}

/* What is expected of a line; NULL and 0: unknown. */
struct expected {
	const char *program; /* of syslog; with "@": the format whose own file it is */
	const char *line;
	const char *protocol, *user, *client;
	uint32_t port;
	const char *outcome, *method;
};

static inline bool read_line(const struct expected *e, struct log_login *out)
{
	return e->program[0] == '@' ? writes(formats, e->program + 1, e->line, out)
				    : says(formats, e->program, e->line, out);
}

static inline void check_text(const struct expected *e, const char *what,
			      const char *got, const char *wanted)
{
	if (strcmp(got == NULL ? "" : got, wanted == NULL ? "" : wanted) != 0)
		fail_msg("%s\n%s is \"%s\", not \"%s\"", e->line, what,
			 got == NULL ? "" : got, wanted == NULL ? "" : wanted);
}

static inline void check(const struct expected *e)
{
	struct log_login told;
	char client[ADDR_TEXT_MAX] = "";
	if (!read_line(e, &told))
		fail_msg("says nothing: %s", e->line);
	const struct login_record *login = &told.login;
	if (!addr_is_unset(&login->client_ip))
		addr_text(&login->client_ip, client);
	check_text(e, "protocol", login->protocol, e->protocol);
	check_text(e, "user", login->user, e->user);
	check_text(e, "client", client, e->client);
	check_text(e, "outcome", login->outcome, e->outcome);
	check_text(e, "method", login->method, e->method);
	check_text(e, "seen_by", login->seen_by, "log");
	if (login->client_port != (e->port == 0 ? UNKNOWN_U32 : e->port))
		fail_msg("%s\nport is %u", e->line, login->client_port);
}

static inline void check_all(const struct expected *at, size_t count)
{
	for (size_t i = 0; i < count; i++)
		check(&at[i]);
}

#define CHECK_ALL(list) check_all(list, sizeof(list) / sizeof((list)[0]))
