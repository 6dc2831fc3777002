/*
 * hub_book.h: what this hub's own store knows of incidents, read by a thread of its own
 * for who is to lead, so that the loop goes on answering.
 */
#pragma once

#include <stdbool.h>

#include "cli/alerting.h"
#include "store/store.h"

struct hub_book;
/*
 * Begins: what was put into the store before is in it.  state: its folder.  NULL
 * without memory or thread.
 */
struct hub_book *hub_book_read(struct store *store, const char *state);
bool hub_book_is_read(const struct hub_book *book);
/* As soon as it is read: the caller's then; NULL without memory. */
struct alerting_kept *hub_book_take(struct hub_book *book);
/* Read or not: it ends soon. */
void hub_book_close(struct hub_book *book);
