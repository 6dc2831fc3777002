/*
 * hashing.c: see hashing.h.
 */
#include "web/hashing.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "web/secret.h"

struct hashing {
	int event;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t asked;
	bool started, ended;
	/* The loop's: all that are not resumed yet. */
	struct hashing_job *waiting[HASHING_MAX];
	size_t count;
	/* Under the lock: those that are not begun. */
	struct hashing_job *queue[HASHING_MAX];
	size_t queued;
};

/* ---- in the thread ---- */

static struct hashing_job *next_job(struct hashing *hashing)
{
	struct hashing_job *job = NULL;
	pthread_mutex_lock(&hashing->lock);
	while (hashing->queued == 0 && !hashing->ended)
		pthread_cond_wait(&hashing->asked, &hashing->lock);
	if (!hashing->ended) {
		job = hashing->queue[0];
		hashing->queued--;
		for (size_t i = 0; i < hashing->queued; i++)
			hashing->queue[i] = hashing->queue[i + 1];
	}
	pthread_mutex_unlock(&hashing->lock);
	return job;
}

static void *hash_all(void *of)
{
	struct hashing *hashing = of;
	struct hashing_job *job;
	while ((job = next_job(hashing)) != NULL) {
		const uint64_t one = 1;
		job->is_good = job->makes ? password_hash(job->password, job->hash)
					  : password_matches(job->password, job->hash);
		atomic_store(&job->done, true);
		/* It can't fail: the counter is far from its end. */
		ssize_t written = write(hashing->event, &one, sizeof(one));
		(void)written;
	}
	return NULL;
}

/* ---- in the loop ---- */

struct hashing *hashing_new(void)
{
	struct hashing *hashing = calloc(1, sizeof(*hashing));
	if (hashing == NULL)
		return NULL;
	hashing->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&hashing->lock, NULL);
	pthread_cond_init(&hashing->asked, NULL);
	if (hashing->event < 0) {
		hashing_free(hashing);
		return NULL;
	}
	return hashing;
}

int hashing_fd(const struct hashing *hashing)
{
	return hashing->event;
}

/* Only now: by the first password the process has given up its privileges. */
static bool start(struct hashing *hashing)
{
	if (!hashing->started)
		hashing->started =
			pthread_create(&hashing->thread, NULL, hash_all, hashing) == 0;
	return hashing->started;
}

bool hashing_ask(struct hashing *hashing, struct hashing_job *job)
{
	if (hashing->ended || hashing->count == HASHING_MAX || !start(hashing))
		return false;
	hashing->waiting[hashing->count++] = job;
	MHD_suspend_connection(job->connection);
	pthread_mutex_lock(&hashing->lock);
	hashing->queue[hashing->queued++] = job;
	pthread_cond_signal(&hashing->asked);
	pthread_mutex_unlock(&hashing->lock);
	return true;
}

void hashing_tick(struct hashing *hashing)
{
	uint64_t count;
	ssize_t len = read(hashing->event, &count, sizeof(count));
	(void)len; /* nothing to read: nothing was done since */
	for (size_t i = 0; i < hashing->count;) {
		struct hashing_job *job = hashing->waiting[i];
		if (!atomic_load(&job->done) && !hashing->ended) {
			i++;
			continue;
		}
		hashing->waiting[i] = hashing->waiting[--hashing->count];
		MHD_resume_connection(job->connection);
	}
}

void hashing_end(struct hashing *hashing)
{
	pthread_mutex_lock(&hashing->lock);
	hashing->ended = true;
	hashing->queued = 0;
	pthread_cond_signal(&hashing->asked);
	pthread_mutex_unlock(&hashing->lock);
	if (hashing->started)
		pthread_join(hashing->thread, NULL);
	hashing->started = false;
	hashing_tick(hashing);
}

void hashing_free(struct hashing *hashing)
{
	if (hashing == NULL)
		return;
	pthread_cond_destroy(&hashing->asked);
	pthread_mutex_destroy(&hashing->lock);
	if (hashing->event >= 0)
		close(hashing->event);
	free(hashing);
}

void hashing_job_free(struct hashing_job *job)
{
	if (job == NULL)
		return;
	secret_forget(job->password, sizeof(job->password));
	free(job);
}
