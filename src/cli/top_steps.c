/*
 * top_steps.c: the program's own commands, as the full screen runs them: in a child, so
 * that one that waits for the store or the firewall holds nobody up.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/table.h"
#include "cli/top_view.h"

void steps_add_words(struct steps *steps, const char *heading, command_run run,
		     const char *const *words)
{
	if (steps->count == STEPS_MAX)
		return;
	struct step *step = &steps->at[steps->count++];
	*step = (struct step){ .heading = heading, .run = run };
	for (; *words != NULL && step->count < STEP_WORDS; words++)
		if ((*words)[0] != '\0')
			step->words[step->count++] = strdup(*words);
}

void steps_add_id(struct steps *steps, command_run run, const char *name,
		  const json_t *row)
{
	char id[64];
	about_text(row, "id", id, sizeof(id));
	steps_add(steps, NULL, run, name, "--", id, NULL);
}

void steps_free(struct steps *steps)
{
	for (size_t i = 0; i < steps->count; i++)
		for (int w = 0; w < steps->at[i].count; w++)
			free(steps->at[i].words[w]);
	steps->count = 0;
}

/* In the child: as if the shell had started it. */
static void run_step(const struct step *step, const char *socket)
{
	char *argv[STEP_WORDS + 3] = { step->words[0] };
	int argc = 1;
	if (step->words[0] == NULL)
		return;
	if (socket != NULL) {
		argv[argc++] = "--socket";
		argv[argc++] = (char *)socket;
	}
	for (int i = 1; i < step->count; i++)
		if (step->words[i] != NULL)
			argv[argc++] = step->words[i];
	if (step->heading != NULL)
		printf("\f%s\n", step->heading);
	step->run(argc, argv);
	fflush(stdout);
}

static void redirect(int out, int columns)
{
	int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
	dup2(in, STDIN_FILENO);
	dup2(out, STDOUT_FILENO);
	dup2(out, STDERR_FILENO);
	/* In one stream, complaints stand where they belong. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	look_set_width(columns);
}

pid_t steps_start(const struct steps *steps, const char *socket, int out, int columns)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	fflush(stdout); /* or the child would write it again */
	pid_t child = fork();
	if (child != 0)
		return child;
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		signal(signals[i], SIG_DFL);
	if (out >= 0)
		redirect(out, columns);
	for (size_t i = 0; i < steps->count; i++)
		run_step(&steps->at[i], socket);
	_exit(0);
}
