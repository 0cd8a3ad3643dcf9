/* Names in a tar as paths below the root. */
#include <string.h>

#include "base/text.h"
#include "runtime-under-test/cri/unpack/unpack.h"

char *path_clean(const char *name)
{
	auto_text clean = { 0 };

	while (*name) {
		size_t len = strcspn(name, "/");

		if (len == 2 && !memcmp(name, "..", 2)) {
			/* As in "/..": the root is its own parent. */
			const char *slash = strrchr(text_str(&clean), '/');

			text_cut(&clean, slash ? (size_t) (slash - text_str(&clean)) : 0);
		} else if (len && !(len == 1 && *name == '.')) {
			if (clean.len)
				text_add_char(&clean, '/');
			text_add_bytes(&clean, name, len);
		}
		name += len;
		name += strspn(name, "/");
	}
	return text_take(&clean);
}
