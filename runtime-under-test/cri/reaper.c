/* A few threads that let the runtime delete what has ended by itself. Whoever stops or removes it first does it himself. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "runtime-under-test/cri/container.h"

enum { REAPERS = 4 };

struct job {
	struct job *next;
	struct container *container; /* a reference */
};

struct reaper {
	struct server *server;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct job *first, **last;
	bool closing;
	pthread_t threads[REAPERS];
	size_t thread_count;
};

static struct job *next_job(struct reaper *reaper)
{
	struct job *job;

	(void) pthread_mutex_lock(&reaper->lock);
	while (!reaper->first && !reaper->closing)
		(void) pthread_cond_wait(&reaper->changed, &reaper->lock);
	job = reaper->first;
	if (job)
		reaper->first = job->next;
	if (!reaper->first)
		reaper->last = &reaper->first;
	(void) pthread_mutex_unlock(&reaper->lock);
	return job;
}

static void do_job(struct server *server, struct container *container)
{
	struct err err = { 0 };
	int r;

	(void) pthread_mutex_lock(&container->object.operation);
	r = container->object.dropped ? 0 : container_clean(server, container, &err);
	(void) pthread_mutex_unlock(&container->object.operation);
	if (r < 0)
		server_log("%s", err.text);
	store_unref(server->store, container);
}

static void *work(void *user)
{
	struct reaper *reaper = user;

	for (struct job *job; (job = next_job(reaper)); free(job))
		do_job(reaper->server, job->container);
	return NULL;
}

int reaper_open(struct server *server, struct reaper **ret, struct err *err)
{
	struct reaper *reaper = calloc(1, sizeof(*reaper));

	if (!reaper)
		abort();
	reaper->server = server;
	reaper->last = &reaper->first;
	(void) pthread_mutex_init(&reaper->lock, NULL);
	(void) pthread_cond_init(&reaper->changed, NULL);
	for (; reaper->thread_count < REAPERS; reaper->thread_count++) {
		int r = pthread_create(&reaper->threads[reaper->thread_count], NULL, work, reaper);

		if (r == 0)
			continue;
		reaper_close(reaper);
		return fail(err, -r, "start a thread");
	}
	*ret = reaper;
	return 0;
}

/* What waits still is done: it takes moments. */
void reaper_close(struct reaper *reaper)
{
	if (!reaper)
		return;
	(void) pthread_mutex_lock(&reaper->lock);
	reaper->closing = true;
	(void) pthread_cond_broadcast(&reaper->changed);
	(void) pthread_mutex_unlock(&reaper->lock);
	for (size_t i = 0; i < reaper->thread_count; i++)
		(void) pthread_join(reaper->threads[i], NULL);
	(void) pthread_cond_destroy(&reaper->changed);
	(void) pthread_mutex_destroy(&reaper->lock);
	free(reaper);
}

void reaper_add(struct reaper *reaper, struct container *container)
{
	struct job *job = calloc(1, sizeof(*job));

	if (!job)
		abort();
	job->container = store_ref(reaper->server->store, container);
	(void) pthread_mutex_lock(&reaper->lock);
	*reaper->last = job;
	reaper->last = &job->next;
	(void) pthread_cond_signal(&reaper->changed);
	(void) pthread_mutex_unlock(&reaper->lock);
}
