/*
 * pop3_ask.h: a server of letter boxes is asked whether it would open one.
 */
#pragma once

#include "protocol/ask.h"

extern const struct asking pop3_asking;
