/*
 * login_attempts_file.h: what is known of attempts to log in, over a restart: a guesser
 * who takes his time is no newcomer after it, nor is a guest.  Private to the room.
 *
 * One file in the state folder, logins.bin (kept_file.h): a header, then guessers,
 * guests and services, each as long as it can still matter.
 */
#pragma once

#include "base/kept_file.h"
#include "detect/login_attempts.h"

void login_attempts_file_open(struct kept_file *file, const char *folder,
			      int64_t now_us);

/* As sources_file_read(). */
bool login_attempts_file_read(struct kept_file *file, struct login_attempts *attempts,
			      int64_t now_us, struct buf *why);

/* Once a second. */
void login_attempts_file_tick(struct kept_file *file,
			      const struct login_attempts *attempts, int64_t now_us);

/* Writes all that is missing, and ends. */
void login_attempts_file_close(struct kept_file *file,
			       const struct login_attempts *attempts, int64_t now_us);
