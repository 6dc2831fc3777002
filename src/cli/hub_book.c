/*
 * hub_book.c: see hub_book.h.
 */
#include "cli/hub_book.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

/* So long the store may take to write; looked at now and then, as it may be given up.
 */
enum { WRITTEN_MS = 2000, STEP_MS = 200 };

struct hub_book {
	struct store *store;
	const char *state;
	pthread_t thread;
	atomic_bool stops, is_read;
	struct alerting_kept *kept;
};

static void *read_on(void *self)
{
	struct hub_book *book = self;
	for (int ms = 0; ms < WRITTEN_MS && !atomic_load(&book->stops); ms += STEP_MS)
		if (store_wait_written(book->store, STEP_MS))
			break;
	if (!atomic_load(&book->stops))
		book->kept = alerting_read(book->state, &book->stops);
	atomic_store(&book->is_read, true);
	return NULL;
}

struct hub_book *hub_book_read(struct store *store, const char *state)
{
	struct hub_book *book = calloc(1, sizeof(*book));
	if (book == NULL)
		return NULL;
	book->store = store;
	book->state = state;
	if (pthread_create(&book->thread, NULL, read_on, book) == 0)
		return book;
	free(book);
	return NULL;
}

bool hub_book_is_read(const struct hub_book *book)
{
	return atomic_load(&book->is_read);
}

struct alerting_kept *hub_book_take(struct hub_book *book)
{
	struct alerting_kept *kept = book->kept;
	book->kept = NULL;
	return kept;
}

void hub_book_close(struct hub_book *book)
{
	if (book == NULL)
		return;
	atomic_store(&book->stops, true);
	pthread_join(book->thread, NULL);
	alerting_kept_free(book->kept);
	free(book);
}
