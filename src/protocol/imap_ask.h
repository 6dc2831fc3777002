/*
 * imap_ask.h: a server of mailboxes is asked whether it would open one.
 */
#pragma once

#include "protocol/ask.h"

extern const struct asking imap_asking;
