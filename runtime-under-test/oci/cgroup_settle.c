/* Several files whose values bound each other: written in whatever order the kernel takes them. */
#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "runtime-under-test/oci/cgroup_apply.h"

void setting_add(struct settings *settings, const char *field, const char *file, char *taken)
{
	assert(settings->count < ARRAY_SIZE(settings->items));
	settings->items[settings->count++] = (struct setting){ field, file, taken };
}

void settings_clear(struct settings *settings)
{
	for (size_t i = 0; i < settings->count; i++)
		free(settings->items[i].value);
	*settings = (struct settings){ 0 };
}

static bool try_one(const struct cgroup_place *place, struct setting *setting, struct err *err, int *ret)
{
	*ret = cgroup_set(place, setting->field, setting->file, err, "%s", setting->value);
	if (*ret < 0)
		return false;
	free(TAKE(setting->value));
	return true;
}

int cgroup_settle(const struct cgroup_place *place, struct settings *settings, struct err *err)
{
	for (;;) {
		struct setting *stuck = NULL;
		bool progress = false;
		int r;

		for (size_t i = 0; i < settings->count; i++) {
			struct setting *setting = &settings->items[i];

			if (!setting->value)
				continue;
			if (try_one(place, setting, NULL, &r))
				progress = true;
			else if (!stuck)
				stuck = setting;
		}
		if (!stuck)
			return 0;
		/* Once more, for its sentence. */
		if (!progress && !try_one(place, stuck, err, &r))
			return r;
	}
}
