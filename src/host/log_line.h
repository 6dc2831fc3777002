/*
 * log_line.h: a line of a file that a syslog daemon writes.  Private to the room.
 */
#pragma once

#include "base/bytes.h"

/*
 * Takes off the time and the host; what remains is a program's name and its message:
 *
 *   Nov 25 16:32:01 host sshd[123]: Failed password for ...        (RFC 3164)
 *   2025-11-25T16:32:01.123456+01:00 host sshd[123]: Failed ...    (RFC 3339 time)
 *
 * False for any other line.
 */
bool log_line_split(struct bytes line, struct bytes *identifier, struct bytes *text);
