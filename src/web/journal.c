/*
 * journal.c: see journal.h.
 */
#include "web/journal.h"

#include <stdlib.h>
#include <string.h>

static struct journal_event *event_at(const struct journal *journal, uint64_t place)
{
	return &journal->events[place % JOURNAL_EVENTS];
}

const struct journal_event *journal_at(const struct journal *journal, uint64_t place)
{
	return event_at(journal, place);
}

const char *journal_text(const struct journal *journal,
			 const struct journal_event *event)
{
	return journal->bytes + event->at + event->names;
}

const char *journal_names(const struct journal *journal,
			  const struct journal_event *event)
{
	return event->names > 0 ? journal->bytes + event->at : "";
}

static size_t size_of(const struct journal_event *event)
{
	return (size_t)event->names + event->len;
}

/* Where an event of that length begins: it does not go round the end. */
static size_t begin_of(const struct journal *journal, size_t len)
{
	return len > JOURNAL_BYTES - journal->write ? 0 : journal->write;
}

bool journal_is_full(const struct journal *journal, size_t len)
{
	if (journal->first == journal->end)
		return false;
	const struct journal_event *oldest = event_at(journal, journal->first);
	size_t begin = begin_of(journal, len);
	bool goes_round = begin < journal->write;
	return journal->end - journal->first == JOURNAL_EVENTS ||
	       /* What is left of the ring's end is passed over. */
	       (goes_round && oldest->at >= journal->write) ||
	       (oldest->at < begin + len && oldest->at + size_of(oldest) > begin);
}

void journal_drop_first(struct journal *journal)
{
	journal->first++;
}

bool journal_add(struct journal *journal, const struct journal_event *event,
		 const char *text)
{
	size_t size = size_of(event);
	if (size > JOURNAL_BYTES)
		return false;
	if (journal->bytes == NULL) {
		journal->bytes = malloc(JOURNAL_BYTES);
		journal->events = calloc(JOURNAL_EVENTS, sizeof(journal->events[0]));
	}
	if (journal->bytes == NULL || journal->events == NULL)
		return false;
	struct journal_event *added = event_at(journal, journal->end++);
	*added = *event;
	added->at = begin_of(journal, size);
	memcpy(journal->bytes + added->at, text, size);
	journal->write = added->at + size;
	return true;
}

uint64_t journal_find(const struct journal *journal, uint64_t id)
{
	uint64_t low = journal->first, high = journal->end;
	while (low < high) {
		uint64_t middle = low + (high - low) / 2;
		if (event_at(journal, middle)->id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void journal_close(struct journal *journal)
{
	free(journal->bytes);
	free(journal->events);
	*journal = (struct journal){ 0 };
}
