/*
 * word.c: words from outside, made static: a field of type word is never freed.
 *
 * Records know few words.  The table has a bound, so that a damaged store or a
 * stranger's answer can't grow it: what does not fit reads as unknown.
 */
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include "record/record.h"

enum { WORDS_MAX = 8192, WORD_SIZE = 32, HEADS = 1024 };

static struct {
	uint16_t next; /* number + 1 of another with the same hash */
	char text[WORD_SIZE];
} words[WORDS_MAX];
static uint16_t heads[HEADS], count;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static const char *find(const char *text, uint16_t head)
{
	for (uint16_t i = head; i != 0; i = words[i - 1].next)
		if (strcmp(words[i - 1].text, text) == 0)
			return words[i - 1].text;
	return NULL;
}

static const char *keep(const char *text, size_t len, uint16_t *head)
{
	if (count == WORDS_MAX)
		return NULL;
	memcpy(words[count].text, text, len + 1);
	words[count].next = *head;
	*head = ++count;
	return words[count - 1].text;
}

static const char *look_up(const char *text, bool is_to_be_kept)
{
	size_t len = strlen(text);
	unsigned hash = 0;
	if (len == 0 || len >= WORD_SIZE)
		return NULL;
	for (size_t i = 0; i < len; i++)
		hash = hash * 31 + (unsigned char)text[i];
	uint16_t *head = &heads[hash % HEADS];
	pthread_mutex_lock(&lock);
	const char *word = find(text, *head);
	if (word == NULL && is_to_be_kept)
		word = keep(text, len, head);
	pthread_mutex_unlock(&lock);
	return word;
}

const char *record_word(const char *text)
{
	return look_up(text, true);
}

const char *record_word_known(const char *text)
{
	return look_up(text, false);
}
