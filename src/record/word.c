/*
 * word.c: words from outside, made static: a field of type word is never freed.
 *
 * Records know few words.  The table has a bound, so that a damaged store or a
 * stranger's answer can't grow it: what does not fit reads as unknown.
 */
#include <pthread.h>
#include <string.h>

#include "record/record.h"

enum { WORDS_MAX = 512, WORD_MAX = 32 };

const char *record_word(const char *text)
{
	static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
	static char words[WORDS_MAX][WORD_MAX];
	static size_t count;
	const char *found = NULL;
	size_t len = strlen(text);
	if (len == 0 || len >= WORD_MAX)
		return NULL;
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < count && found == NULL; i++)
		if (strcmp(words[i], text) == 0)
			found = words[i];
	if (found == NULL && count < WORDS_MAX)
		found = memcpy(words[count++], text, len + 1);
	pthread_mutex_unlock(&lock);
	return found;
}
