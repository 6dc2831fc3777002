/*
 * greeting.h: the software that greets, in the words of mail and file servers.
 */
#pragma once

#include "base/bytes.h"

/*
 * Copies name and version of a server we know out of its greeting: "Exim 4.96",
 * "Postfix (Debian/GNU)", "vsFTPd 3.0.3".  Without one the field is left as it is.
 */
void greeting_software(char *field, size_t size, struct bytes text);

/*
 * Who greets so, or turns a client away with its first words, of those who do in text:
 * "SSH", "SMTP or FTP"; NULL: nobody known.
 */
const char *greeting_whose(struct bytes text);

/* "ESMTP", "SMTP" or "LMTP" stands there as a word of its own. */
bool greeting_is_mail(struct bytes text);
