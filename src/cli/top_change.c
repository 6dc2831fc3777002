/*
 * top_change.c: what can be done about rows from the full screen: never without a
 * question, and by the commands that do it elsewhere.
 */
#include <errno.h>
#include <ncurses.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "cli/top.h"

static void take_row(struct top *top, const json_t *row, char *subject, size_t size)
{
	char last[96];
	if (top->action->make(row, &top->asked, last, sizeof(last)))
		snprintf(subject, size, "%s", last);
}

void top_ask_change(struct top *top, const struct action *action)
{
	const char *key;
	char subject[96] = "";
	json_t *row = top->mode == MODE_PAGE ? top->page.row : top_selected(top);
	json_t *tagged;
	if (top->readonly) {
		snprintf(top->notice, sizeof(top->notice),
			 "--readonly: nothing is changed from here");
		return;
	}
	top_forget_change(top);
	top->action = action;
	if (top->mode == MODE_LIST && json_object_size(top->tagged) > 0) {
		json_object_foreach(top->tagged, key, tagged)
		{
			take_row(top, tagged, subject, sizeof(subject));
		}
	} else if (row != NULL) {
		take_row(top, row, subject, sizeof(subject));
	}
	if (top->asked.count == 0) {
		snprintf(top->notice, sizeof(top->notice), "%s: not this one; %s",
			 action->what,
			 row == NULL ? "no row is selected" : action->impossible);
		return;
	}
	if (top->asked.count > 1)
		snprintf(subject, sizeof(subject), "these %zu", top->asked.count);
	snprintf(top->question, sizeof(top->question), "%s %s%s?", action->what,
		 subject, action->how);
	top->mode = MODE_CONFIRM;
}

/* Ctrl-C is for the command, not for us. */
static void wait_for(pid_t child)
{
	struct sigaction before;
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigaction(SIGINT, &ignore, &before);
	while (child > 0 && waitpid(child, NULL, 0) < 0 && errno == EINTR)
		;
	sigaction(SIGINT, &before, NULL);
}

/* The command asks for itself whether whoever blocks still gets through. */
static void make_on_terminal(struct top *top)
{
	int key;
	def_prog_mode();
	endwin();
	wait_for(steps_start(&top->asked, top->socket, -1, 0));
	printf("\nEnter: back to the full screen ");
	fflush(stdout);
	while ((key = getchar()) != '\n' && key != EOF)
		;
	reset_prog_mode();
	clearok(curscr, TRUE);
	top->mode = MODE_LIST;
}

void top_make_change(struct top *top)
{
	if (top->action->asks && top->remote) {
		make_on_terminal(top);
	} else {
		page_open(&top->page, top->question, NULL);
		page_run(&top->page, &top->asked, top->socket);
		top->mode = MODE_PAGE;
	}
	json_object_clear(top->tagged);
	top_forget_change(top);
}

void top_forget_change(struct top *top)
{
	steps_free(&top->asked);
	top->action = NULL;
}
