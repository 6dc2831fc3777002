/*
 * verbs.h: the first word of commands that have several, as in "evidence verify FILE".
 */
#pragma once

#include <stddef.h>

struct verb {
	const char *word;
	int least, most;   /* operands behind it: 0 or 1 */
	const char *wants; /* said when there are too few: "which incident?" */
};

/*
 * Which of them is meant; usual: without any word, NULL: one is needed.  -1, and said
 * what is allowed, if it can't be known.
 */
int verb_choose(const char *command, const struct verb *verbs, size_t count,
		const char *usual, int words, char *const *word);
