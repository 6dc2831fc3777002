/*
 * verbs.c: see verbs.h.
 */
#include "cli/verbs.h"

#include <stdio.h>
#include <string.h>

#include "cli/view.h"

static void say_allowed(const struct verb *verbs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		fprintf(stderr, "%s%s%s",
			i == 0           ? ""
			: i + 1 == count ? " or "
					 : ", ",
			verbs[i].word,
			verbs[i].least > 0  ? " ..."
			: verbs[i].most > 0 ? " [...]"
					    : "");
	fputc('\n', stderr);
}

int verb_choose(const char *command, const struct verb *verbs, size_t count,
		const char *usual, int words, char *const *word)
{
	const char *given = words > 0 ? word[0] : usual;
	int operands = words > 0 ? words - 1 : 0;
	char clean[128];
	size_t i = 0;
	if (given == NULL) {
		fprintf(stderr, "breakwater %s: which one? Allowed is ", command);
		say_allowed(verbs, count);
		return -1;
	}
	while (i < count && strcmp(verbs[i].word, given) != 0)
		i++;
	if (i == count) {
		text_clean(clean, sizeof(clean), given);
		fprintf(stderr, "breakwater %s: unknown word %s; allowed is ", command,
			clean);
		say_allowed(verbs, count);
		return -1;
	}
	if (operands < verbs[i].least || operands > verbs[i].most) {
		fprintf(stderr, "breakwater %s %s: %s\n", command, verbs[i].word,
			operands < verbs[i].least ? verbs[i].wants
						  : "one word too many");
		return -1;
	}
	return (int)i;
}
