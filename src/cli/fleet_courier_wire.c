/*
 * fleet_courier_wire.c: see fleet_courier_wire.h.
 */
#include "cli/fleet_courier_wire.h"

#include <string.h>

static bool is_piece(const struct fleet_piece *piece)
{
	/* What is empty is one piece of no bytes. */
	bool is_empty = piece->total == 0 && piece->at == 0 && piece->len == 0;
	return is_empty || (piece->total <= COURIER_BYTES_MAX && piece->len > 0 &&
			    piece->len <= FLEET_PIECE_MAX && piece->at < piece->total &&
			    piece->len <= piece->total - piece->at);
}

static bool is_counts(const struct courier_counts *counts)
{
	unsigned char is_up;
	memcpy(&is_up, &counts->is_up, 1); /* any other byte is no bool */
	return is_up <= 1 &&
	       memchr(counts->trouble, '\0', sizeof(counts->trouble)) != NULL;
}

bool fleet_question_parse(const void *bytes, size_t len, struct fleet_question *out)
{
	if (len != sizeof(*out))
		return false;
	memcpy(out, bytes, sizeof(*out));
	return out->piece.id != 0 && is_piece(&out->piece);
}

bool fleet_event_parse(const void *bytes, size_t len, struct fleet_event *out)
{
	if (len != sizeof(*out))
		return false;
	memcpy(out, bytes, sizeof(*out));
	switch (out->kind) {
	case FLEET_COUNTS:
		return is_counts(&out->counts);
	case FLEET_CONNECTED:
		return true;
	case FLEET_ANSWER:
		return out->piece.id != 0 && is_piece(&out->piece);
	case FLEET_NOBODY:
		return out->piece.id != 0;
	case FLEET_NEWS:
		return is_piece(&out->piece);
	case FLEET_SERVERS:
		return out->servers.count <= WHEREABOUTS_MAX;
	default:
		return false;
	}
}

void fleet_piece_cut(struct fleet_piece *out, uint64_t id, const struct buf *all,
		     size_t at)
{
	size_t left = all->len - at;
	*out = (struct fleet_piece){ .id = id,
				     .at = (uint32_t)at,
				     .total = (uint32_t)all->len };
	out->len = (uint32_t)(left < FLEET_PIECE_MAX ? left : FLEET_PIECE_MAX);
	if (out->len > 0)
		memcpy(out->bytes, all->at + at, out->len);
}

bool fleet_pieces_add(struct fleet_pieces *pieces, const struct fleet_piece *piece)
{
	if (piece->at == 0) {
		buf_clear(&pieces->all);
		pieces->id = piece->id;
	}
	if (piece->id != pieces->id || piece->at != pieces->all.len)
		return false;
	buf_add(&pieces->all, piece->bytes, piece->len);
	return buf_ok(&pieces->all) && pieces->all.len == piece->total;
}
