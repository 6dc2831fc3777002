/*
 * bundle_verify.c: see bundle_verify.h.
 */
#include "cli/bundle_verify.h"

#include <stdio.h>

#include "cli/cli.h"
#include "cli/view.h"
#include "report/bundle.h"

static void print_judgement(void *self, bool holds, const char *text)
{
	char clean[1024]; /* it may be a stranger's */
	(void)self;
	text_clean(clean, sizeof(clean), text);
	printf("  %s %s\n", holds ? "ok   " : "FAULT", clean);
}

static void print_words(int faults, bool is_key_given)
{
	if (faults > 0)
		printf("Nothing is proven: %d fault%s.\n", faults,
		       faults == 1 ? "" : "s");
	else if (is_key_given)
		puts("Proven: this is what was made, and nobody without the key has "
		     "changed a byte since.");
	else
		puts("It fits together, by the key that is in it. That it is the "
		     "monitor's own key is proven\n"
		     "only by a copy that you have kept: --key audit.pub.");
}

int bundle_verify_print(const struct buf *bundle, const struct seal_key *keys,
			size_t key_count, const char *state)
{
	char error[STORE_ERROR_MAX];
	const struct bundle_check check = { .keys = keys,
					    .key_count = key_count,
					    .folder = state,
					    .sink = { .judged = print_judgement } };
	int faults = bundle_verify(bundle->at, bundle->len, &check, error);
	if (faults < 0) {
		print_judgement(NULL, false, error);
		faults = 1;
	}
	print_words(faults, key_count > 0);
	if (faults > 0)
		return STATUS_BAD_NEWS;
	return key_count > 0 ? STATUS_OK : STATUS_INCOMPLETE;
}
