/* Tries: names, that is what a directory holds. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/text.h"
#include "harness/probe/out.h"
#include "harness/probe/probe.h"
#include "harness/probe/try.h"

static int result(int r)
{
	return r < 0 ? -errno : r;
}

static int try_mkdir(struct try *try)
{
	return result(mkdir(try->words[1], 0777));
}

static int try_rmdir(struct try *try)
{
	return result(rmdir(try->words[1]));
}

static int try_unlink(struct try *try)
{
	return result(unlink(try->words[1]));
}

static int try_rename(struct try *try)
{
	return result(rename(try->words[1], try->words[2]));
}

static int try_link(struct try *try)
{
	return result(link(try->words[1], try->words[2]));
}

static int try_symlink(struct try *try)
{
	return result(symlink(try->words[2], try->words[1]));
}

static int try_mkfifo(struct try *try)
{
	return result(mkfifo(try->words[1], 0666));
}

static int try_mknod(struct try *try)
{
	static const char letters[] = "cubps";
	static const mode_t formats[] = { S_IFCHR, S_IFCHR, S_IFBLK, S_IFIFO, S_IFSOCK };
	const char *letter = strchr(letters, try->words[2][0]);
	long long major_number = 0, minor_number = 0;

	if (!letter || !*letter || try->words[2][1] || try_number(try_word(try, 3, "0"), &major_number) < 0 ||
	    try_number(try_word(try, 4, "0"), &minor_number) < 0)
		return -EINVAL;
	return result(mknod(try->words[1], formats[letter - letters] | 0666,
			    makedev((unsigned) major_number, (unsigned) minor_number)));
}

static int try_readlink(struct try *try)
{
	auto_text target = { 0 };
	int r = file_read_link_at(AT_FDCWD, try->words[1], &target, NULL);

	if (r < 0)
		return r;
	out_bytes(try->out, "target", text_str(&target), target.len);
	return (int) target.len;
}

static int try_chdir(struct try *try)
{
	return result(chdir(try->words[1]));
}

const struct try_verb try_name_verbs[] = {
	{ "mkdir P", try_mkdir, 1, "mkdir(2), 0777 less umask" },
	{ "rmdir P", try_rmdir, 1, "rmdir(2)" },
	{ "unlink P", try_unlink, 1, "unlink(2)" },
	{ "rename FROM TO", try_rename, 2, "rename(2)" },
	{ "link FROM TO", try_link, 2, "link(2)" },
	{ "symlink P TARGET", try_symlink, 2, "symlink(2): P will lead to TARGET" },
	{ "mkfifo P", try_mkfifo, 1, "mkfifo(3)" },
	{ "mknod P c|b|p|s [MAJOR MINOR]", try_mknod, 2, "mknod(2), 0666 less umask" },
	{ "readlink P", try_readlink, 1, "target" },
	{ "chdir P", try_chdir, 1, "chdir(2)" },
	{ NULL },
};
