/*
 * ask_line.h: what dialogues in lines have in common: of mail and files.
 */
#pragma once

#include "protocol/line.h"
#include "protocol/protocol.h"

/*
 * Takes the next line while the dialogue listens for one.  begins: the octets that a
 * line may begin with, NULL: any.  What begins otherwise or does not end is judged as
 * not this protocol.
 */
bool ask_line(struct ask *ask, struct bytes *said, const char *begins,
	      struct bytes *line);

/* Why a server refuses, as far as its words tell: overloaded, denied or error. */
enum reason ask_refusal(struct bytes line);

/* It is not well: "the server says "that line"". */
void ask_unwell_said(struct ask *ask, enum reason reason, enum ask_next next,
		     struct bytes line);

/* Says goodbye, after which the server closes; it is well, or not by what it said. */
void ask_leave(struct ask *ask, const char *goodbye);
/* The same of somebody doubtful, once it has greeted: before that it would not listen.
 */
void ask_leave_doubtful(struct ask *ask, struct bytes *said, const char *goodbye);
void ask_leave_unwell(struct ask *ask, const char *goodbye, enum reason reason,
		      struct bytes line);

/* The same, where TLS or a way to log in was not offered. */
void ask_leave_without_tls(struct ask *ask, const char *goodbye, const char *command);
void ask_leave_without_login(struct ask *ask, const char *goodbye, const char *ways);

/* A user was given, who is to be logged in. */
bool ask_logs_in(const struct ask *ask);

/*
 * TLS is to be started if it is offered: it was asked for, or else the password could
 * be read on the way.
 */
bool ask_would_start_tls(const struct ask *ask);

/* A word of it begins a line of its own: what is wrong with that, or NULL. */
const char *ask_line_check(const struct question *question);

/* Says PLAIN's answer (RFC 4616), in base64, and ends the line. */
void ask_say_plain(struct ask *ask);

/* Says text in base64, and ends the line. */
void ask_say_base64(struct ask *ask, struct bytes text);
