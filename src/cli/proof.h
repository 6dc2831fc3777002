/*
 * proof.h: what a block was decided by, as lines that anybody can check with
 * "breakwater evidence verify" and the public key.
 */
#pragma once

#include "base/buf.h"

/*
 * Of the block whose id begins so, read from the store in the folder, with or without a
 * daemon.  Exit status; if it is not 0 the command has complained, and what is in out
 * is not all.
 */
int proof_make(const char *command, const char *folder, const char *id,
	       struct buf *out);
