/*
 * log_journal.h: messages as they are added to the machine's journal (sd-journal(3)).
 * Private to the room.
 */
#pragma once

#include "host/log_format.h"

enum { LOG_JOURNAL_WHY_MAX = 160 };

struct log_journal;

/*
 * Starts at its end, and is given out only what programs say that some format is about.
 * folder NULL: the machine's.  NULL if there is none, or it can't be read; why: in few
 * words, "" if there is none.
 */
struct log_journal *log_journal_open(const char *folder,
				     const struct log_formats *formats,
				     char why[static LOG_JOURNAL_WHY_MAX]);
void log_journal_close(struct log_journal *journal);

/* message: borrowed, with its functions. */
typedef void (*log_entry)(void *to, const struct log_message *message);

/*
 * Reads what is new while may_go_on(of).  What waits for minutes is left out: false
 * then.
 */
bool log_journal_read(struct log_journal *journal, bool (*may_go_on)(void *of),
		      void *of, log_entry take, void *to);
