/*
 * ftp_ask.h: a server of files is asked whether it would let somebody in.
 */
#pragma once

#include "protocol/ask.h"

extern const struct asking ftp_asking;
