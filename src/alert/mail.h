/*
 * mail.h: a notice as a message of mail, RFC 5322.  Private to the room.
 */
#pragma once

#include "alert/notifier.h"

/*
 * The whole of it, lines ended by CRLF.  All about one incident refers to one made-up
 * message (References), so that a reader shows it as one thread; of two attempts the
 * Message-ID is the same.
 */
void mail_message(const char *from, const char *to, const struct notice *notice,
		  struct buf *out);

/* True if it is one address, as it stands between "<" and ">". */
bool mail_is_address(const char *text, size_t len);
