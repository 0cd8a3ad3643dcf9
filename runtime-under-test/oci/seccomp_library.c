/* The one place that opens libseccomp. */
#include "runtime-under-test/oci/seccomp_library.h"

#include <dlfcn.h>
#include <errno.h>

#include "base/err.h"

#define LIBRARY "libseccomp.so.2"

int seccomp_library_open(struct seccomp_library *ret, struct err *err)
{
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);

	if (!library)
		return fail_text(err, -ENOENT, "open %s: %s", LIBRARY, dlerror());
		/* A pointer to an object becomes one to a function: POSIX wants dlsym used so. */
#define SECCOMP_LOAD(name)                                                                                   \
	*(void **) &ret->name = dlsym(library, #name);                                                       \
	if (!ret->name)                                                                                      \
		return fail_text(err, -ENOENT, "%s has no %s", LIBRARY, #name);
	SECCOMP_FUNCTIONS(SECCOMP_LOAD)
#undef SECCOMP_LOAD
	return 0;
}
