/*
 * Threads for handlers, as many as there are calls: a StopContainer may wait half a minute and an ExecSync for ever, and
 * Version has to answer meanwhile. A few stay when it is quiet.
 */
#include <errno.h>

#include "runtime-under-test/cri/rpc/internal.h"

enum { WORKERS_KEPT = 4, IDLE_MAX_MS = 10000, STACK_SIZE = 1 << 20 };

/* NULL: this worker is one too many, or all end. Called with the lock. */
static struct rpc_call *next_job(struct rpc_server *server)
{
	struct timespec until = time_after_ms(IDLE_MAX_MS);
	struct rpc_call *call;
	int r = 0;

	server->idle++;
	while (!server->first_job && !server->quit && (r != ETIMEDOUT || server->workers <= WORKERS_KEPT)) {
		if (r == ETIMEDOUT)
			until = time_after_ms(IDLE_MAX_MS);
		r = pthread_cond_timedwait(&server->job, &server->lock, &until);
	}
	server->idle--;
	call = server->first_job;
	if (!call)
		return NULL;
	server->first_job = call->next_job;
	server->jobs--;
	if (!server->first_job)
		server->last_job = NULL;
	return call;
}

static void *worker(void *data)
{
	struct rpc_server *server = data;
	struct rpc_call *call;
	bool streams;

	pthread_mutex_lock(&server->lock);
	while ((call = next_job(server))) {
		streams = call->method->streams;
		pthread_mutex_unlock(&server->lock);
		call_run(call);
		pthread_mutex_lock(&server->lock);
		server->streams -= streams;
	}
	server->workers--;
	pthread_cond_broadcast(&server->quieter);
	pthread_mutex_unlock(&server->lock);
	return NULL;
}

/* No thread to be had leaves the job to the workers there are. */
static void add_worker(struct rpc_server *server)
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	if (pthread_create(&thread, &attributes, worker, server) == 0)
		server->workers++;
	pthread_attr_destroy(&attributes);
}

bool pool_add(struct rpc_server *server, struct rpc_call *call)
{
	bool room;

	pthread_mutex_lock(&server->lock);
	room = !call->method->streams || server->streams < server->options.streams_max;
	if (room) {
		server->streams += call->method->streams;
		call->next_job = NULL;
		if (server->last_job)
			server->last_job->next_job = call;
		else
			server->first_job = call;
		server->last_job = call;
		server->jobs++;
		/* Those who are idle may be as many as the jobs that wait for them already. */
		if (server->idle < server->jobs && server->workers < server->options.workers_max)
			add_worker(server);
		pthread_cond_signal(&server->job);
	}
	pthread_mutex_unlock(&server->lock);
	return room;
}

void pool_quit(struct rpc_server *server)
{
	pthread_mutex_lock(&server->lock);
	server->quit = true;
	pthread_cond_broadcast(&server->job);
	while (server->workers)
		pthread_cond_wait(&server->quieter, &server->lock);
	pthread_mutex_unlock(&server->lock);
}
