/* By keyctl(2) itself: libkeyutils would be a library for two calls. */
#include "runtime-under-test/oci/keyring.h"

#include <errno.h>
#include <linux/keyctl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"

/* keyctl_setperm(3). What a new session keyring has, and beside it the right of its user to find it by name. */
#define PERM_POSSESSOR_ALL 0x3f000000u
#define PERM_USER_VIEW 0x00010000u
#define PERM_USER_READ 0x00020000u
#define PERM_USER_SEARCH 0x00080000u
#define PERM_USER_LINK 0x00100000u

int keyring_join(const char *id)
{
	auto_free char *name = text_format("_ses.%s", id);
	long keyring = syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, name, 0, 0, 0);

	if (keyring < 0)
		return errno == ENOSYS ? 0 : -errno;
	return (int) keyring;
}

int keyring_make(const char *id)
{
	unsigned perm =
	    PERM_POSSESSOR_ALL | PERM_USER_VIEW | PERM_USER_READ | PERM_USER_SEARCH | PERM_USER_LINK;
	int keyring = keyring_join(id);

	if (keyring <= 0)
		return keyring;
	return syscall(SYS_keyctl, KEYCTL_SETPERM, keyring, perm, 0, 0) < 0 ? -errno : 0;
}
