/*
 * sending_wire.c: see sending_wire.h.
 */
#include "cli/sending_wire.h"

#include <string.h>

static bool ends(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

bool sending_message_parse(const void *bytes, size_t len, struct sending_message *out)
{
	if (len != sizeof(*out))
		return false;
	memcpy(out, bytes, sizeof(*out));
	if (out->kind == SENDING_RELOAD)
		return true;
	return out->kind == SENDING_NOTICE && out->id != 0 &&
	       ends(out->sink, sizeof(out->sink)) && out->total <= SPOOL_BYTES_MAX &&
	       out->len > 0 && out->len <= SENDING_PIECE_MAX && out->at < out->total &&
	       out->len <= out->total - out->at;
}

bool sending_event_parse(const void *bytes, size_t len, struct sending_event *out)
{
	if (len != sizeof(*out))
		return false;
	memcpy(out, bytes, sizeof(*out));
	return out->kind >= SENDING_TAKEN && out->kind <= SENDING_SAID &&
	       out->state < SENDING_STATES && ends(out->sink, sizeof(out->sink)) &&
	       ends(out->key, sizeof(out->key)) &&
	       ends(out->reason, sizeof(out->reason)) &&
	       ends(out->incident, sizeof(out->incident)) &&
	       ends(out->others, sizeof(out->others)) &&
	       ends(out->text, sizeof(out->text));
}
