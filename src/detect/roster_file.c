/*
 * roster_file.c: see roster_file.h.
 */
#include "detect/roster_file.h"

#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"

enum { VERSION = 1 };

struct header {
	char magic[8];
	uint32_t version, entry_size, count, zero;
	uint64_t sum;
};

static const char magic[8] = "bwroster";

/* Oldest first, so that their order is the same when they are read. */
int roster_write(const struct roster *roster, const char *path)
{
	struct buf text = { 0 };
	struct header header = { .version = VERSION,
				 .entry_size = (uint32_t)roster->entry_size };
	memcpy(header.magic, magic, sizeof(magic));
	buf_add(&text, &header, sizeof(header));
	for (uint32_t i = roster->by_use[1].oldest; i != ORDER_NONE;
	     i = roster->links[i].newer) {
		buf_add(&text, roster->at + i * roster->entry_size, roster->entry_size);
		header.count++;
	}
	int error = buf_ok(&text) ? 0 : -ENOMEM;
	if (error == 0) {
		header.sum =
			hash_sum(text.at + sizeof(header), text.len - sizeof(header));
		memcpy(text.at, &header, sizeof(header));
		error = file_replace(path, text.at, text.len);
	}
	buf_free(&text);
	return error;
}

static bool is_whole(const struct roster *roster, const struct buf *text,
		     struct header *header)
{
	if (text->len < sizeof(*header))
		return false;
	memcpy(header, text->at, sizeof(*header));
	size_t len = text->len - sizeof(*header);
	return memcmp(header->magic, magic, sizeof(magic)) == 0 &&
	       header->version == VERSION && header->entry_size == roster->entry_size &&
	       header->count <= roster->size && header->zero == 0 &&
	       len == header->count * roster->entry_size &&
	       header->sum == hash_sum(text->at + sizeof(*header), len);
}

void roster_read(struct roster *roster, const char *path, roster_judge *is_good)
{
	struct buf text = { 0 };
	struct header header;
	size_t most = sizeof(header) + roster->size * roster->entry_size;
	if (file_read(path, most, &text) == 0 && is_whole(roster, &text, &header))
		for (uint32_t i = 0; i < header.count; i++) {
			const char *at =
				text.at + sizeof(header) + i * roster->entry_size;
			if (is_good(at))
				roster_restore(roster, at);
		}
	buf_free(&text);
}
