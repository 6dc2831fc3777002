/*
 * printed.h: what code under test prints on standard output, as text.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static char printed[1 << 20];
static int printed_to;

/* Standard output goes to a file from here to what_was_printed(). */
static void catch_output(void)
{
	fflush(stdout);
	printed_to = dup(STDOUT_FILENO);
	FILE *file = tmpfile();
	assert_non_null(file);
	dup2(fileno(file), STDOUT_FILENO);
	fclose(file);
}

static const char *what_was_printed(void)
{
	fflush(stdout);
	ssize_t len = pread(STDOUT_FILENO, printed, sizeof(printed) - 1, 0);
	assert_true(len >= 0);
	printed[len] = '\0';
	dup2(printed_to, STDOUT_FILENO);
	close(printed_to);
	return printed;
}

static inline void assert_says(const char *text, const char *what)
{
	if (strstr(text, what) == NULL)
		fail_msg("no \"%s\" in: %s", what, text);
}
