/*
 * smtp_ask.h: a mail server is asked whether it would take mail.
 */
#pragma once

#include "protocol/ask.h"

extern const struct asking smtp_asking;
