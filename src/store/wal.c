/*
 * wal.c: see wal.h.
 */
#include "store/wal.h"

#include <pthread.h>
#include <stdlib.h>

#include "store/file.h"

struct wals {
	pthread_t thread;
	pthread_mutex_t lock;        /* for what follows, and wal.is_wanted */
	pthread_cond_t wake, rested; /* the latter: one was carried over */
	struct wal *first;
	const struct wal *running; /* NULL: none */
	bool stopping;
};

/* ---- the thread ---- */

/* One that was removed meanwhile must not be made again. */
static sqlite3 *open_own(const struct wal *wal)
{
	sqlite3 *db = NULL;
	int code = sqlite3_open_v2(sqlite3_db_filename(wal->db, "main"), &db,
				   SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	/* The first look into the file finds its log. */
	if (code == SQLITE_OK)
		code = db_run(db, "PRAGMA synchronous=NORMAL;"
				  "SELECT count(*) FROM sqlite_schema");
	if (code == SQLITE_OK)
		return db;
	sqlite3_close(db);
	return NULL;
}

/*
 * PASSIVE waits for nobody and makes nobody wait.  What fails here is tried again after
 * a commit; a disk that takes nothing shows there, too.
 */
static void carry_over(struct wal *wal)
{
	if (wal->own == NULL)
		wal->own = open_own(wal);
	if (wal->own != NULL)
		sqlite3_wal_checkpoint_v2(wal->own, NULL, SQLITE_CHECKPOINT_PASSIVE,
					  NULL, NULL);
}

static struct wal *first_wanted(const struct wals *wals)
{
	struct wal *wal = wals->first;
	while (wal != NULL && !wal->is_wanted)
		wal = wal->next;
	return wal;
}

static void *run(void *self)
{
	struct wals *wals = self;
	pthread_mutex_lock(&wals->lock);
	while (!wals->stopping) {
		struct wal *wal = first_wanted(wals);
		if (wal == NULL) {
			pthread_cond_wait(&wals->wake, &wals->lock);
			continue;
		}
		wal->is_wanted = false;
		wals->running = wal;
		pthread_mutex_unlock(&wals->lock);
		carry_over(wal);
		pthread_mutex_lock(&wals->lock);
		wals->running = NULL;
		pthread_cond_broadcast(&wals->rested);
	}
	pthread_mutex_unlock(&wals->lock);
	return NULL;
}

struct wals *wals_new(void)
{
	struct wals *wals = calloc(1, sizeof(*wals));
	if (wals == NULL)
		return NULL;
	pthread_mutex_init(&wals->lock, NULL);
	pthread_cond_init(&wals->wake, NULL);
	pthread_cond_init(&wals->rested, NULL);
	if (pthread_create(&wals->thread, NULL, run, wals) == 0)
		return wals;
	free(wals);
	return NULL;
}

void wals_free(struct wals *wals)
{
	if (wals == NULL)
		return;
	pthread_mutex_lock(&wals->lock);
	wals->stopping = true;
	pthread_cond_signal(&wals->wake);
	pthread_mutex_unlock(&wals->lock);
	pthread_join(wals->thread, NULL);
	free(wals);
}

/* ---- the writer ---- */

static void want(struct wal *wal)
{
	pthread_mutex_lock(&wal->wals->lock);
	wal->is_wanted = true;
	pthread_cond_signal(&wal->wals->wake);
	pthread_mutex_unlock(&wal->wals->lock);
}

/* After each commit.  It went well, whatever becomes of this. */
static int committed(void *self, sqlite3 *db, const char *name, int pages)
{
	struct wal *wal = self;
	if (pages < wal->pages) /* it has begun anew */
		wal->due = WAL_PAGES;
	wal->pages = pages;
	if (pages >= WAL_PAGES_MAX) {
		wal_rest(wal); /* beside the thread's it would fail, and wait for
				  nothing */
		sqlite3_wal_checkpoint_v2(db, name, SQLITE_CHECKPOINT_PASSIVE, NULL,
					  NULL);
	} else if (pages >= wal->due) {
		wal->due = pages + WAL_PAGES_AGAIN;
		want(wal);
	}
	return SQLITE_OK;
}

void wal_watch(struct wal *wal, struct wals *wals, sqlite3 *db)
{
	*wal = (struct wal){ .wals = wals, .db = db, .due = WAL_PAGES };
	pthread_mutex_lock(&wals->lock);
	wal->next = wals->first;
	wals->first = wal;
	pthread_mutex_unlock(&wals->lock);
	sqlite3_wal_hook(db, committed, wal); /* instead of SQLite's own checkpoints */
}

void wal_rest(struct wal *wal)
{
	struct wals *wals = wal->wals;
	if (wals == NULL)
		return;
	pthread_mutex_lock(&wals->lock);
	wal->is_wanted = false;
	while (wals->running == wal)
		pthread_cond_wait(&wals->rested, &wals->lock);
	pthread_mutex_unlock(&wals->lock);
}

void wal_leave(struct wal *wal)
{
	struct wals *wals = wal->wals;
	if (wals == NULL)
		return;
	wal_rest(wal);
	pthread_mutex_lock(&wals->lock);
	struct wal **at = &wals->first;
	while (*at != wal)
		at = &(*at)->next;
	*at = wal->next;
	pthread_mutex_unlock(&wals->lock);
	sqlite3_close(wal->own);
	*wal = (struct wal){ 0 };
}
