/*
 * alert_board.c: see alert_board.h.
 */
#include "cli/alert_board.h"

#include <stdlib.h>
#include <string.h>

void alert_board_free(struct alert_board *board)
{
	free(board->at);
	*board = (struct alert_board){ 0 };
}

static struct alert_record *find(const struct alert_board *board, const char *id)
{
	for (size_t i = 0; i < board->count; i++)
		if (strcmp(board->at[i].id, id) == 0)
			return &board->at[i];
	return NULL;
}

const struct alert_record *alert_board_find(const struct alert_board *board,
					    const char *id)
{
	return find(board, id);
}

/* NULL: there is none. */
static struct alert_record *make_room(struct alert_board *board)
{
	enum { FIRST = 16 };
	if (board->count == board->room) {
		size_t room = board->room == 0 ? FIRST : 2 * board->room;
		struct alert_record *at =
			room <= ALERT_BOARD_MAX
				? reallocarray(board->at, room, sizeof(*at))
				: NULL;
		if (at == NULL)
			return NULL;
		board->at = at;
		board->room = room;
	}
	return &board->at[board->count++];
}

static void drop(struct alert_board *board, struct alert_record *alert)
{
	size_t after = (size_t)(board->at + board->count - (alert + 1));
	memmove(alert, alert + 1, after * sizeof(*alert));
	board->count--;
}

/* What is known of others of its incident, itself among them. */
static void find_suppressed(const struct alert_board *board, struct alert_record *alert)
{
	for (size_t i = 0; i < board->count && alert->incident[0] != '\0'; i++)
		if (strcmp(board->at[i].incident, alert->incident) == 0)
			record_text(alert->suppressed_by, sizeof(alert->suppressed_by),
				    board->at[i].suppressed_by);
}

void alert_board_suppress(struct alert_board *board, const char *incident,
			  const char *by)
{
	for (size_t i = 0; i < board->count; i++)
		if (strcmp(board->at[i].incident, incident) == 0)
			record_text(board->at[i].suppressed_by,
				    sizeof(board->at[i].suppressed_by), by);
}

void alert_board_take(struct alert_board *board, const struct alert_record *alert)
{
	struct alert_record *known = find(board, alert->id), fresh = *alert;
	bool fires = strcmp(alert->state, "firing") == 0;
	find_suppressed(board, &fresh);
	if (fires && known == NULL)
		known = make_room(board);
	if (fires && known != NULL)
		*known = fresh;
	else if (fires)
		board->left_out++;
	else if (known != NULL)
		drop(board, known);
}
