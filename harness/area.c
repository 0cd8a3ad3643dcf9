/* Walks the areas, which the build collects from the case files. */
#include "harness/area.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"

static const struct step *const default_steps[] = { DO(create), DO(start), DO(wait), DO(delete) };
static const struct step *const default_calls[] = { DO(RunPodSandbox),  DO(CreateContainer),
						    DO(StartContainer), DO(wait),
						    DO(StopPodSandbox), DO(RemovePodSandbox) };

size_t area_case_count(void)
{
	size_t n = 0;

	for (size_t i = 0; areas[i]; i++)
		n += areas[i]->count;
	return n;
}

const struct conformance_case *area_case_at(size_t index, const struct area **ret_area)
{
	for (size_t i = 0; areas[i]; i++) {
		if (index < areas[i]->count) {
			if (ret_area)
				*ret_area = areas[i];
			return &areas[i]->cases[index];
		}
		index -= areas[i]->count;
	}
	return NULL;
}

const struct conformance_case *area_case_find(const char *id, const struct area **ret_area)
{
	const char *slash = strrchr(id, '/');

	for (size_t i = 0; slash && areas[i]; i++) {
		const struct area *area = areas[i];

		if (strncmp(area->name, id, slash - id) != 0 || area->name[slash - id])
			continue;
		for (size_t k = 0; k < area->count; k++) {
			if (strcmp(area->cases[k].name, slash + 1) != 0)
				continue;
			if (ret_area)
				*ret_area = area;
			return &area->cases[k];
		}
	}
	return NULL;
}

void case_id(const struct area *area, const struct conformance_case *c, struct text *out)
{
	text_addf(out, "%s/%s", area->name, c->name);
}

size_t case_steps(const struct conformance_case *c, const struct step *const **ret)
{
	size_t n = 0;

	while (n < ARRAY_SIZE(c->when) && c->when[n])
		n++;
	if (n) {
		*ret = c->when;
		return n;
	}
	*ret = c->cri ? default_calls : default_steps;
	return c->cri ? ARRAY_SIZE(default_calls) : ARRAY_SIZE(default_steps);
}

size_t case_rows(const struct conformance_case *c)
{
	size_t n = 0;

	while (n < ARRAY_SIZE(c->then) && c->then[n])
		n++;
	return n;
}

size_t case_clauses(const struct conformance_case *c)
{
	size_t n = 0;

	while (n < ARRAY_SIZE(c->clause) && c->clause[n])
		n++;
	return n;
}

bool case_is_rule(const struct conformance_case *c)
{
	return c->then[0] && c->then[0]->from == FROM_KERNEL && c->then[0]->is == keeps;
}

bool case_needs_recording(const struct conformance_case *c)
{
	bool ret = c->needs.bpf;

	for (size_t i = 0; i < case_rows(c); i++)
		ret = ret || c->then[i]->from == FROM_KERNEL;
	return ret;
}

enum level case_level(const struct conformance_case *c)
{
	enum level ret = 0;

	for (size_t i = 0; i < case_clauses(c); i++)
		if (!ret || c->clause[i]->level < ret)
			ret = c->clause[i]->level;
	return ret ? ret : LEVEL_MUST;
}

bool case_can_only_warn(const struct conformance_case *c)
{
	enum level level = case_level(c);

	return level == LEVEL_SHOULD || level == LEVEL_MAY || (level == LEVEL_HARDENING && case_is_rule(c));
}

const char *level_name(enum level level)
{
	switch (level) {
	case LEVEL_MUST:
		return "MUST";
	case LEVEL_SHOULD:
		return "SHOULD";
	case LEVEL_MAY:
		return "MAY";
	case LEVEL_HARDENING:
		return "HARDENING";
	}
	return "MUST";
}

bool case_refuses(const struct conformance_case *c)
{
	const struct step *const *steps;
	size_t n = case_steps(c, &steps);

	for (size_t i = 0; i < n; i++)
		if (steps[i]->outcome != OUTCOME_OK)
			return true;
	return false;
}
