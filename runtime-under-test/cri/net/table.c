/* The lock is a file of its own, for the other one is replaced with every change. */
#include "runtime-under-test/cri/net/table.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"

int table_open(int directory, const char *name, const char *lock_name, size_t max, struct table *ret,
	       struct err *err)
{
	auto_fd lock = file_open_at(directory, lock_name, O_RDWR | O_CREAT, 0600, err);
	struct json *rows = NULL;
	int r;

	if (lock < 0)
		return lock;
	while (flock(lock, LOCK_EX) < 0)
		if (errno != EINTR)
			return fail(err, -errno, "lock %s", lock_name);
	r = json_read_at(directory, name, max, &rows, NULL);
	if (r < 0 && r != -ENOENT)
		return fail(err, r, "read %s", name);
	*ret = (struct table){ directory, name, TAKE_FD(lock), rows ? rows : json_new_object() };
	return 0;
}

int table_write(const struct table *table, struct err *err)
{
	auto_text text = { 0 };

	json_print(table->rows, 0, &text);
	return file_replace_at(table->directory, table->name, text.data, text.len, 0600, err);
}

void table_close(struct table *table)
{
	json_free(table->rows);
	(void) close(table->lock);
}
