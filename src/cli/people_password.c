/*
 * people_password.c: reads a password; see people.h.
 */
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/people.h"
#include "web/secret.h"

/* One more than a password may have shows that there is more. */
enum { LINE_SIZE = PASSWORD_MAX + 1 };

/* False at the end of input, or if the line is longer than any password. */
static bool read_line(char line[static LINE_SIZE])
{
	if (fgets(line, LINE_SIZE, stdin) == NULL)
		return false;
	size_t len = strcspn(line, "\r\n");
	bool is_whole = line[len] != '\0' || feof(stdin);
	line[len] = '\0';
	return is_whole;
}

static bool read_hidden(const char *prompt, char line[static LINE_SIZE])
{
	struct termios shown, hidden;
	if (tcgetattr(STDIN_FILENO, &shown) != 0)
		return false;
	hidden = shown;
	hidden.c_lflag &= ~(tcflag_t)ECHO;
	fputs(prompt, stderr);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
	bool is_read = read_line(line);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
	fputc('\n', stderr);
	return is_read;
}

static const char *read_twice(char first[static LINE_SIZE])
{
	char second[LINE_SIZE] = "";
	bool is_read = read_hidden("Password: ", first) &&
		       read_hidden("The same again: ", second);
	bool is_same = secret_same_text(first, second);
	secret_forget(second, sizeof(second));
	if (!is_read)
		return "no password was typed";
	return is_same ? NULL : "these are two different passwords";
}

bool people_read_password(const struct people_options *options,
			  char out[static PASSWORD_MAX])
{
	char line[LINE_SIZE] = "";
	const char *why = NULL;
	if (isatty(STDIN_FILENO))
		why = read_twice(line);
	else if (!read_line(line))
		why = "standard input: a password is one line of 15 to 511 characters";
	if (why == NULL)
		why = password_refusal(line);
	if (why == NULL)
		memcpy(out, line, strlen(line) + 1);
	secret_forget(line, sizeof(line));
	if (why != NULL)
		people_complain(options, STATUS_USAGE, why);
	return why == NULL;
}
