/* One thread, one epoll, one connection a container: its end-of-file is the container's end. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/packet.h"
#include "base/text.h"
#include "runtime-under-test/cri/monitor/protocol.h"
#include "runtime-under-test/cri/monitor_client.h"

#define EVENTS 32

struct watched {
	char *id, *directory; /* owned */
	int socket; /* owned; -EBADF: its monitor had gone when the watch began */
	struct watched *next, *before;
};

struct monitor_watcher {
	monitor_ended *ended;
	void *user;
	int epoll, wake; /* owned */
	pthread_t thread;
	pthread_mutex_t lock; /* of what follows */
	struct watched *all; /* with a connection */
	struct watched *gone; /* without */
	bool closing;
};

static void watched_free(struct watched *watched)
{
	cleanup_fd(&watched->socket);
	free(watched->id);
	free(watched->directory);
	free(watched);
}

static void list_add(struct watched **list, struct watched *watched)
{
	watched->next = *list;
	watched->before = NULL;
	if (*list)
		(*list)->before = watched;
	*list = watched;
}

static void list_remove(struct watched **list, struct watched *watched)
{
	if (watched->before)
		watched->before->next = watched->next;
	else
		*list = watched->next;
	if (watched->next)
		watched->next->before = watched->before;
}

static void tell(struct monitor_watcher *watcher, struct watched *watched)
{
	struct monitor_exit how = { .code = 255 };

	(void) monitor_read_exit(watched->directory, &how, NULL);
	watcher->ended(watcher->user, watched->id, &how);
	watched_free(watched);
}

/* A monitor says nothing unasked: what is readable is the end. */
static void note_end(struct monitor_watcher *watcher, struct watched *watched)
{
	(void) epoll_ctl(watcher->epoll, EPOLL_CTL_DEL, watched->socket, NULL);
	(void) pthread_mutex_lock(&watcher->lock);
	list_remove(&watcher->all, watched);
	(void) pthread_mutex_unlock(&watcher->lock);
	tell(watcher, watched);
}

/* False: the watcher is closing. */
static bool note_wake(struct monitor_watcher *watcher)
{
	struct watched *gone;
	uint64_t count;
	bool closing;

	(void) !read(watcher->wake, &count, sizeof(count));
	(void) pthread_mutex_lock(&watcher->lock);
	gone = watcher->gone;
	watcher->gone = NULL;
	closing = watcher->closing;
	(void) pthread_mutex_unlock(&watcher->lock);
	while (gone) {
		struct watched *next = gone->next;

		if (closing)
			watched_free(gone);
		else
			tell(watcher, gone);
		gone = next;
	}
	return !closing;
}

static void *watch(void *argument)
{
	struct monitor_watcher *watcher = argument;

	for (bool goes_on = true; goes_on;) {
		struct epoll_event events[EVENTS];
		int count = epoll_wait(watcher->epoll, events, EVENTS, -1);

		for (int i = 0; i < count; i++)
			if (events[i].data.ptr)
				note_end(watcher, events[i].data.ptr);
			else
				goes_on = note_wake(watcher);
	}
	return NULL;
}

int monitor_watcher_open(monitor_ended *ended, void *user, struct monitor_watcher **ret, struct err *err)
{
	struct monitor_watcher *watcher = calloc(1, sizeof(*watcher));
	struct epoll_event event = { .events = EPOLLIN };
	int r = 0;

	if (!watcher)
		abort();
	watcher->ended = ended;
	watcher->user = user;
	(void) pthread_mutex_init(&watcher->lock, NULL);
	watcher->epoll = epoll_create1(EPOLL_CLOEXEC);
	watcher->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (watcher->epoll < 0 || watcher->wake < 0 ||
	    epoll_ctl(watcher->epoll, EPOLL_CTL_ADD, watcher->wake, &event) < 0)
		r = -errno;
	if (r == 0)
		r = -pthread_create(&watcher->thread, NULL, watch, watcher);
	if (r < 0) {
		cleanup_fd(&watcher->epoll);
		cleanup_fd(&watcher->wake);
		free(watcher);
		return fail(err, r, "watch for the ends of containers");
	}
	*ret = watcher;
	return 0;
}

static void wake(struct monitor_watcher *watcher)
{
	uint64_t one = 1;

	(void) !write(watcher->wake, &one, sizeof(one));
}

static int connect_to(const char *directory)
{
	auto_fd at = file_open_at(AT_FDCWD, directory, O_PATH | O_DIRECTORY, 0, NULL);

	return at < 0 ? at : packet_connect_at(at, MONITOR_SOCKET, NULL);
}

int monitor_watch(struct monitor_watcher *watcher, const char *id, const char *directory, struct err *err)
{
	struct watched *watched = calloc(1, sizeof(*watched));
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = watched };
	int r = 0;

	if (!watched)
		abort();
	watched->id = text_format("%s", id);
	watched->directory = text_format("%s", directory);
	watched->socket = connect_to(directory);
	(void) pthread_mutex_lock(&watcher->lock);
	if (watched->socket >= 0) {
		list_add(&watcher->all, watched);
		if (epoll_ctl(watcher->epoll, EPOLL_CTL_ADD, watched->socket, &event) < 0) {
			r = -errno;
			list_remove(&watcher->all, watched);
		}
	} else {
		watched->next = watcher->gone;
		watcher->gone = watched;
		wake(watcher);
	}
	(void) pthread_mutex_unlock(&watcher->lock);
	if (r < 0) {
		watched_free(watched);
		return fail(err, r, "watch container %s", id);
	}
	return 0;
}

void monitor_watcher_close(struct monitor_watcher *watcher)
{
	if (!watcher)
		return;
	(void) pthread_mutex_lock(&watcher->lock);
	watcher->closing = true;
	wake(watcher);
	(void) pthread_mutex_unlock(&watcher->lock);
	(void) pthread_join(watcher->thread, NULL);
	while (watcher->all) {
		struct watched *next = watcher->all->next;

		watched_free(watcher->all);
		watcher->all = next;
	}
	cleanup_fd(&watcher->epoll);
	cleanup_fd(&watcher->wake);
	(void) pthread_mutex_destroy(&watcher->lock);
	free(watcher);
}
