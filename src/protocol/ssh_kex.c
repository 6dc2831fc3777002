/*
 * ssh_kex.c: see ssh_kex.h.
 */
#include "protocol/ssh_kex.h"

#include <string.h>

#include "base/hex.h"
#include "protocol/digests.h"
#include "protocol/protocol.h"
#include "protocol/text.h"

bool ssh_kexinit_read(struct bytes message, struct ssh_kexinit *kexinit)
{
	bytes_take(&message, 16); /* cookie */
	for (int i = 0; i < SSH_LISTS; i++)
		kexinit->list[i] = bytes_take(&message, bytes_be32(&message));
	return bytes_ok(&message);
}

/* Takes the next name off a list; false at its end. */
static bool name_take(struct bytes *list, struct bytes *name)
{
	if (list->len == 0)
		return false;
	const uint8_t *comma = memchr(list->at, ',', list->len);
	size_t len = comma != NULL ? (size_t)(comma - list->at) : list->len;
	*name = bytes_take(list, len);
	bytes_take(list, comma != NULL);
	return true;
}

bool ssh_hassh(struct digests *digests, const struct ssh_kexinit *kexinit, unsigned by,
	       char text[static HASSH_TEXT_MAX])
{
	static const enum ssh_list lists[] = { SSH_KEX, SSH_CIPHER, SSH_MAC,
					       SSH_COMPRESSION };
	uint8_t sum[MD5_LEN];
	if (digests == NULL || !digest_begin(digests, digests->md5))
		return false;
	for (unsigned i = 0; i < 4; i++) {
		/* Each list but the first is followed by the one of the way back. */
		struct bytes list = kexinit->list[lists[i] + (i > 0 && by == SERVER)];
		digest_add(digests, ";", i > 0);
		digest_add(digests, list.at, list.len);
	}
	if (!digest_end(digests, sum))
		return false;
	hex_text(text, sum, sizeof(sum));
	return true;
}

static uint32_t name_hash(struct bytes name)
{
	return (uint32_t)text_hash(0, name);
}

void ssh_offer_keep(struct ssh_offer *offer, const struct ssh_kexinit *kexinit,
		    unsigned by)
{
	unsigned used = 0;
	memset(offer, 0, sizeof(*offer));
	offer->by = (uint8_t)by;
	for (unsigned i = 0; i < SSH_LISTS; i++) {
		struct bytes list = kexinit->list[i], name;
		while (used < SSH_OFFER_NAMES && offer->count[i] < SSH_OFFER_LIST_MAX &&
		       name_take(&list, &name)) {
			offer->name[used++] = name_hash(name);
			offer->count[i]++;
		}
		if (list.len > 0)
			offer->cut |= (uint8_t)(1u << i);
	}
}

static bool is_offered(const uint32_t *names, unsigned count, uint32_t hash)
{
	for (unsigned i = 0; i < count; i++)
		if (names[i] == hash)
			return true;
	return false;
}

/* The name in list with that hash, or none. */
static struct bytes name_of(struct bytes list, uint32_t hash)
{
	struct bytes name;
	for (int i = 0; i < 256 && name_take(&list, &name); i++)
		if (name_hash(name) == hash)
			return name;
	return (struct bytes){ 0 };
}

struct bytes ssh_agreed(const struct ssh_offer *offer,
			const struct ssh_kexinit *kexinit, enum ssh_list list)
{
	struct bytes theirs = kexinit->list[list], name;
	const uint32_t *names = offer->name;
	unsigned count = offer->count[list];
	for (unsigned i = 0; i < list; i++)
		names += offer->count[i];
	/* RFC 4253 7.1: the first of the client's that the server has. */
	if (offer->by == CLIENT) {
		for (unsigned i = 0; i < count; i++)
			if ((name = name_of(theirs, names[i])).len > 0)
				return name;
		return (struct bytes){ 0 };
	}
	for (int i = 0; i < 256 && name_take(&theirs, &name); i++) {
		if (is_offered(names, count, name_hash(name)))
			return name;
		if (offer->cut >> list & 1)
			break; /* it may be among those that are not kept */
	}
	return (struct bytes){ 0 };
}
