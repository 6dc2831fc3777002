/*
 * fuzz_bundle.c: any bytes as the proof of a block, as copies of checkpoints and as
 * public keys, all of which come from elsewhere: no crash, and nothing is proven by
 * bytes that nobody has signed.
 *
 * The commands themselves are run, beside a store with a chain of its own.
 */
#include <fcntl.h>
#include <ftw.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/cli.h"
#include "store/seal.h"
#include "store/store.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { KEYS_MAX = 4 };

static const char word[] = "\"checkpoint\"";

static char folder[] = "/tmp/fuzz-bundle-XXXXXX", key[sizeof(folder) + 16];
static int input = -1;
static char path[32]; /* of the input */

static int remove_one(const char *name, const struct stat *st, int type,
		      struct FTW *place)
{
	(void)st;
	(void)type;
	(void)place;
	return remove(name);
}

static void remove_folder(void)
{
	nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void make_store(void)
{
	struct audit_record audit;
	struct store *store = store_open(folder, &store_no_limits);
	record_init(RECORD_audit, &audit);
	audit.at = 1700000000000000;
	audit.action = "start";
	if (store == NULL || !store_put(store, RECORD_audit, &audit))
		abort();
	store_close(store);
	snprintf(key, sizeof(key), "%s/audit.pub", folder);
}

/* What the commands say is nobody's; libFuzzer has its own stream by now. */
/* NOLINTNEXTLINE(readability-non-const-parameter): libFuzzer's */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	if (mkdtemp(folder) == NULL)
		abort();
	atexit(remove_folder);
	make_store();
	input = memfd_create("input", MFD_CLOEXEC);
	stdout = fopen("/dev/null", "we");
	stderr = fopen("/dev/null", "we");
	if (input < 0 || stdout == NULL || stderr == NULL)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", input);
	return 0;
}

static bool is_taken(const uint8_t *data, size_t size)
{
	return ftruncate(input, 0) == 0 &&
	       pwrite(input, data, size, 0) == (ssize_t)size;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *proof[] = { "evidence", "verify", path, "--key", key, NULL };
	char *chain[] = { "audit",         "verify", "--state", folder,
			  "--checkpoints", path,     NULL };
	struct seal_key keys[KEYS_MAX];
	if (!is_taken(data, size))
		return 0;
	if (command_evidence(5, proof) == STATUS_OK ||
	    command_evidence(3, proof) == STATUS_OK)
		abort();
	/* It looks through the store first, which takes long. */
	if (memmem(data, size, word, strlen(word)) != NULL)
		command_audit(6, chain);
	if (seal_read_keys(path, keys, KEYS_MAX) > KEYS_MAX)
		abort();
	return 0;
}
