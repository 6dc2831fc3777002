/*
 * fleet_courier.c: see fleet_courier.h.
 */
#include "cli/fleet_courier.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/fleet_courier_wire.h"

enum { AT_ONCE = 256 }; /* events: who floods us must not keep us for ever */

/* Asked, and not answered yet. */
struct question {
	uint64_t id; /* 0: free */
	struct buf bytes;
	bool is_told; /* to the process as it is now */
};

struct fleet_courier {
	struct guard *process; /* NULL: it could not start */
	char why_not[GUARD_TEXT_MAX];
	struct question questions[COURIER_QUESTIONS_MAX];
	struct fleet_pieces answer, news;
	struct courier_counts counts; /* of the process as it is now */
	struct courier_counts before; /* of those that ended, summed up */
	char said[LINK_ERROR_MAX];    /* trouble that was told to a person */
};

/* ---- its life ---- */

struct fleet_courier *fleet_courier_fork(const struct fleet_courier_setup *setup)
{
	char text[GUARD_TEXT_MAX];
	struct fleet_courier *courier = calloc(1, sizeof(*courier));
	if (courier == NULL)
		return NULL;
	courier->counts.last_us = courier->before.last_us = UNKNOWN_TIME;
	const struct guard_task task = fleet_courier_task(setup);
	courier->process = guard_fork(&task);
	if (courier->process == NULL)
		snprintf(courier->why_not, sizeof(courier->why_not),
			 "could not start: %s", strerror(errno));
	if (!fleet_courier_describe(courier, text))
		fprintf(stderr, "breakwater: the process that talks to the hubs: %s\n",
			text);
	return courier;
}

void fleet_courier_close(struct fleet_courier *courier)
{
	if (courier == NULL)
		return;
	guard_close(courier->process);
	for (size_t i = 0; i < COURIER_QUESTIONS_MAX; i++)
		buf_free(&courier->questions[i].bytes);
	buf_free(&courier->answer.all);
	buf_free(&courier->news.all);
	free(courier);
}

int fleet_courier_fd(const struct fleet_courier *courier)
{
	return courier->process != NULL ? guard_fd(courier->process) : -1;
}

bool fleet_courier_describe(struct fleet_courier *courier,
			    char text[static GUARD_TEXT_MAX])
{
	if (courier->process != NULL)
		return guard_describe(courier->process, text);
	memcpy(text, courier->why_not, sizeof(courier->why_not));
	return false;
}

static void add_counts(struct courier_counts *sum, const struct courier_counts *counts)
{
	for (int lane = 0; lane < FLEET_LANES; lane++) {
		sum->batches[lane] += counts->batches[lane];
		sum->bytes[lane] += counts->bytes[lane];
	}
	sum->tries_failed += counts->tries_failed;
	if (counts->last_us != UNKNOWN_TIME)
		sum->last_us = counts->last_us;
}

struct courier_counts fleet_courier_counts(const struct fleet_courier *courier)
{
	struct courier_counts sum = courier->before;
	add_counts(&sum, &courier->counts);
	sum.is_up = courier->counts.is_up;
	memcpy(sum.trouble, courier->counts.trouble, sizeof(sum.trouble));
	return sum;
}

/* ---- questions ---- */

static struct question *question_of(struct fleet_courier *courier, uint64_t id)
{
	for (size_t i = 0; i < COURIER_QUESTIONS_MAX; i++)
		if (courier->questions[i].id == id)
			return &courier->questions[i];
	return NULL;
}

/* False: the rest waits for the next time, from its begin. */
static bool hand_over(struct fleet_courier *courier, struct question *question)
{
	struct fleet_question message = { 0 };
	size_t at = 0;
	do {
		fleet_piece_cut(&message.piece, question->id, &question->bytes, at);
		if (guard_tell(courier->process, &message, sizeof(message)) != 0)
			return false;
		at += message.piece.len;
	} while (at < question->bytes.len);
	return true;
}

void fleet_courier_tick(struct fleet_courier *courier)
{
	for (size_t i = 0; i < COURIER_QUESTIONS_MAX && courier->process != NULL; i++) {
		struct question *question = &courier->questions[i];
		if (question->id == 0 || question->is_told)
			continue;
		question->is_told = hand_over(courier, question);
		if (!question->is_told)
			return;
	}
}

bool fleet_courier_ask(struct fleet_courier *courier, uint64_t id, const void *bytes,
		       size_t len)
{
	struct question *question = question_of(courier, 0);
	if (question == NULL || courier->process == NULL || id == 0 ||
	    len > COURIER_BYTES_MAX)
		return false;
	buf_clear(&question->bytes);
	buf_add(&question->bytes, bytes, len);
	if (!buf_ok(&question->bytes))
		return false;
	question->id = id;
	question->is_told = false;
	fleet_courier_tick(courier);
	return true;
}

/* Only what was asked is answered, and once. */
static bool settle(struct fleet_courier *courier, uint64_t id)
{
	struct question *question = id != 0 ? question_of(courier, id) : NULL;
	if (question == NULL)
		return false;
	question->id = 0;
	buf_free(&question->bytes);
	return true;
}

/* ---- what it has to tell ---- */

static void take_counts(struct fleet_courier *courier,
			const struct courier_counts *counts, struct buf *text)
{
	courier->counts = *counts;
	if (strcmp(courier->said, counts->trouble) == 0)
		return;
	memcpy(courier->said, counts->trouble, sizeof(courier->said));
	if (counts->trouble[0] != '\0')
		buf_printf(text, "breakwater: fleet: %s; what is to be told waits\n",
			   counts->trouble);
	else
		buf_text(text, "breakwater: fleet: connected again\n");
}

static void take_answer(struct fleet_courier *courier, const struct fleet_piece *piece,
			const struct courier_output *output)
{
	struct fleet_pieces *answer = &courier->answer;
	if (fleet_pieces_add(answer, piece) && settle(courier, piece->id))
		output->answer(output->self, piece->id, buf_cstr(&answer->all),
			       answer->all.len);
}

static void take_news(struct fleet_courier *courier, const struct fleet_piece *piece,
		      const struct courier_output *output)
{
	struct fleet_pieces *news = &courier->news;
	if (fleet_pieces_add(news, piece))
		output->news(output->self, buf_cstr(&news->all), news->all.len);
}

static void take_event(struct fleet_courier *courier, const struct fleet_event *event,
		       const struct courier_output *output, struct buf *text)
{
	if (event->kind == FLEET_COUNTS)
		take_counts(courier, &event->counts, text);
	else if (event->kind == FLEET_CONNECTED)
		output->connected(output->self);
	else if (event->kind == FLEET_ANSWER)
		take_answer(courier, &event->piece, output);
	else if (event->kind == FLEET_NEWS)
		take_news(courier, &event->piece, output);
	else if (event->kind == FLEET_SERVERS)
		output->servers(output->self, &event->servers);
	else if (settle(courier, event->piece.id))
		output->answer(output->self, event->piece.id, NULL, 0);
}

/* The next one connects itself; it is asked again what was not answered. */
static void begin_again(struct fleet_courier *courier, struct buf *text)
{
	char what[GUARD_TEXT_MAX];
	guard_describe(courier->process, what);
	buf_printf(text, "breakwater: the process that talks to the hubs: %s\n", what);
	add_counts(&courier->before, &courier->counts);
	courier->counts = (struct courier_counts){ .last_us = UNKNOWN_TIME };
	for (size_t i = 0; i < COURIER_QUESTIONS_MAX; i++)
		courier->questions[i].is_told = false;
}

/* Also who starts it again is gone: nobody answers any more. */
static void take_end(struct fleet_courier *courier, const struct courier_output *output,
		     struct buf *text)
{
	guard_close(courier->process);
	courier->process = NULL;
	courier->counts.is_up = false;
	snprintf(courier->why_not, sizeof(courier->why_not), "ended, for good");
	buf_text(text,
		 "breakwater: the process that talks to the hubs ended, for good\n");
	for (size_t i = 0; i < COURIER_QUESTIONS_MAX; i++) {
		uint64_t id = courier->questions[i].id;
		if (settle(courier, id))
			output->answer(output->self, id, NULL, 0);
	}
}

void fleet_courier_take(struct fleet_courier *courier,
			const struct courier_output *output, struct buf *text)
{
	_Alignas(struct fleet_event) uint8_t bytes[GUARD_EVENT_MAX];
	struct fleet_event event;
	for (int i = 0; i < AT_ONCE && courier->process != NULL; i++) {
		int len = guard_next(courier->process, bytes, sizeof(bytes));
		if (len == -ECHILD)
			begin_again(courier, text);
		else if (len == -EPIPE)
			take_end(courier, output, text);
		else if (len == 0)
			break;
		else if (len > 0 && fleet_event_parse(bytes, (size_t)len, &event))
			take_event(courier, &event, output, text);
	}
	fleet_courier_tick(courier);
}
