/* The one place that opens libyaml. */
#include "runtime-under-test/cri/spec/yaml_library.h"

#include <dlfcn.h>
#include <errno.h>

#include "base/err.h"

#define LIBRARY "libyaml-0.so.2"
#define PACKAGE "libyaml-0-2"

int yaml_library_open(struct yaml_library *ret, struct err *err)
{
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	struct yaml_library functions;

	if (!library)
		return fail_text(err, -ELIBACC, "YAML needs %s of the package %s: %s", LIBRARY, PACKAGE,
				 dlerror());
		/* A pointer to an object becomes one to a function: POSIX wants dlsym used so. */
#define YAML_LOAD(name)                                                                                      \
	*(void **) &functions.name = dlsym(library, #name);                                                  \
	if (!functions.name)                                                                                 \
		return fail_text(err, -ELIBACC, "%s has no %s", LIBRARY, #name);
	YAML_FUNCTIONS(YAML_LOAD)
#undef YAML_LOAD
	*ret = functions;
	return 0;
}
