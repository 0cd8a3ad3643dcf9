/* The one place that opens libcurl. */
#include "runtime-under-test/cri/image/curl_library.h"

#include <dlfcn.h>
#include <errno.h>

#include "base/err.h"

#define LIBRARY "libcurl.so.4"
#define PACKAGE "libcurl4"

int curl_library_open(struct curl_library *ret, struct err *err)
{
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	struct curl_library functions;

	if (!library)
		return fail_text(err, -ELIBACC, "it needs %s of the package %s: %s", LIBRARY, PACKAGE,
				 dlerror());
		/* A pointer to an object becomes one to a function: POSIX wants dlsym used so. */
#define CURL_LOAD(name)                                                                                      \
	*(void **) &functions.name = dlsym(library, "curl_" #name);                                          \
	if (!functions.name)                                                                                 \
		return fail_text(err, -ELIBACC, "%s has no %s", LIBRARY, "curl_" #name);
	CURL_FUNCTIONS(CURL_LOAD)
#undef CURL_LOAD
	*ret = functions;
	return 0;
}
