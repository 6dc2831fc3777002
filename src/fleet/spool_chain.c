/*
 * spool_chain.c: how far the audit chain was told; see spool.h.
 *
 * FOLDER/chain is written before the batch that tells it, and has both: what is told
 * once that batch is there, and what was told before.  Which of them is so, is known by
 * whether that batch was made: so whoever is killed in between tells nothing twice, and
 * leaves nothing out.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "fleet/spool_inside.h"

#define CHAIN "chain"
enum { CHAIN_TEXT_MAX = 512 };
/* No hash is written so. */
#define NO_HASH "-"

static bool path_of(const char *folder, char path[static SPOOL_PATH_MAX])
{
	return snprintf(path, SPOOL_PATH_MAX, "%s/" CHAIN, folder) < SPOOL_PATH_MAX;
}

static void put_told(struct buf *text, const struct chain_told *told)
{
	buf_printf(text, "%" PRIu64 " %" PRIu64 " %s\n", told->seq, told->number,
		   told->hash[0] != '\0' ? told->hash : NO_HASH);
}

int spool_chain_write(const char *folder, const struct spool_chain *chain)
{
	char path[SPOOL_PATH_MAX];
	struct buf text = { 0 };
	if (!path_of(folder, path))
		return -ENAMETOOLONG;
	buf_printf(&text, "%" PRIu64 " %" PRIu64 "\n", chain->batch.epoch,
		   chain->batch.sequence);
	put_told(&text, &chain->coming);
	put_told(&text, &chain->told);
	int error = buf_ok(&text) ? spool_write(path, &text, true) : -ENOMEM;
	buf_free(&text);
	return error;
}

static bool next_number(char **rest, uint64_t *out)
{
	const char *word = strsep(rest, " \n");
	char *end = NULL;
	errno = 0;
	*out = word != NULL ? strtoull(word, &end, 10) : 0;
	return end != NULL && end != word && *end == '\0' && errno == 0;
}

static bool next_told(char **rest, struct chain_told *out)
{
	if (!next_number(rest, &out->seq) || !next_number(rest, &out->number))
		return false;
	const char *hash = strsep(rest, " \n");
	if (hash == NULL || strlen(hash) >= sizeof(out->hash))
		return false;
	record_text(out->hash, sizeof(out->hash),
		    strcmp(hash, NO_HASH) == 0 ? "" : hash);
	return true;
}

static bool parse(char *text, struct spool_chain *out)
{
	char *rest = text;
	return next_number(&rest, &out->batch.epoch) &&
	       next_number(&rest, &out->batch.sequence) &&
	       next_told(&rest, &out->coming) && next_told(&rest, &out->told);
}

bool spool_chain_read(const char *folder, struct spool_chain *out)
{
	char path[SPOOL_PATH_MAX];
	struct buf text = { 0 };
	memset(out, 0, sizeof(*out));
	bool read = path_of(folder, path) &&
		    file_read(path, CHAIN_TEXT_MAX, &text) == 0 &&
		    buf_cstr(&text) != NULL && parse(text.at, out);
	buf_free(&text);
	if (!read)
		memset(out, 0, sizeof(*out));
	return read;
}
