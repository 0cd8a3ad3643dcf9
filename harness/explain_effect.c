/* The vocabulary of effects and the calls that are recorded, printed from their tables: for explain, and as docs/EFFECTS.md. */
#include <string.h>

#include "base/text.h"
#include "bpf/calls.h"
#include "bpf/effects.h"
#include "harness/explain.h"

static void add_form(const struct effect_kind_row *row, struct text *out)
{
	text_add(out, row->name);
	if (*row->object)
		text_addf(out, ":%s", row->object);
	if (*row->detail)
		text_addf(out, "[:%s]", row->detail);
}

static const struct effect_kind_row *effect_find(const char *name)
{
	for (size_t i = 0; i < effect_kind_count; i++)
		if (!strcmp(effect_kinds[i].name, name))
			return &effect_kinds[i];
	return NULL;
}

bool explain_effect(const char *name, struct text *out)
{
	const struct effect_kind_row *row = effect_find(name);

	if (!row)
		return false;
	add_form(row, out);
	text_addf(
	    out,
	    "\n  %s\n\nA case asks for it as KERNEL_DOES(\"%s:...\"), KERNEL_NEVER or KERNEL_ORDER; "
	    "\"*\" stands for anything within one field, and what is left out at the end is not looked at.\n",
	    row->help, row->name);
	return true;
}

const char *explain_effect_at(unsigned index)
{
	return index < effect_kind_count ? effect_kinds[index].name : NULL;
}

static void add_roles(struct text *out)
{
	text_add(out, "Roles: ");
	for (int role = ROLE_RUNTIME; role <= ROLE_SANDBOX; role++)
		text_addf(out, "%s`%s`", role == ROLE_RUNTIME ? "" : ", ",
			  effect_role_name((enum effect_role) role));
	text_add(out, ". Phases: ");
	for (int phase = PHASE_CREATE; phase <= PHASE_OTHER; phase++)
		text_addf(out, "%s`%s`", phase == PHASE_CREATE ? "" : ", ",
			  effect_phase_name((enum event_phase) phase));
	text_add(out, ".\n\n");
}

static void add_call_flags(const struct call_row *row, struct text *out)
{
	static const struct {
		unsigned flag;
		const char *name;
	} flags[] = {
		{ CALL_STATE, "credentials and namespaces" },
		{ CALL_FS, "root and working directory" },
		{ CALL_RETURNS_FD, "the file it opened" },
		{ CALL_MAKES_CHILD, "the child" },
	};
	bool first = true;

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		if (!(row->call.flags & flags[i].flag))
			continue;
		text_addf(out, "%s%s", first ? "" : ", ", flags[i].name);
		first = false;
	}
}

void effects_manual(struct text *out)
{
	text_add(
	    out,
	    "<!-- Printed by plumbline help effects; do not edit. -->\n"
	    "# Effects: what runtimes do, in one vocabulary\n\n"
	    "A recording holds kernel calls; two runtimes reach the same end by different ones. An effect is "
	    "what was reached: one line,\n`kind:object[:detail]`, with the symbols `@scratch @rootfs @bundle "
	    "@cgroup @oldroot @host` for paths that differ from run to run.\nEach effect carries the role of "
	    "the "
	    "process, the phase, the time, how it was done (`via`, not compared), the field of\nconfig.json "
	    "it "
	    "comes from where there is one, and `errno` when the call failed: then it had no effect.\n\n");
	add_roles(out);
	text_add(out, "| effect | what it says |\n|---|---|\n");
	for (size_t i = 0; i < effect_kind_count; i++) {
		text_add(out, "| `");
		add_form(&effect_kinds[i], out);
		text_addf(out, "` | %s |\n", effect_kinds[i].help);
	}
	text_addf(
	    out,
	    "\n## Calls that are recorded\n\nThe %zu rows of one table (`bpf/calls.c`) tell the kernel side "
	    "what to read, the decoder what it means, and this page.\nBeside them forks, execs with the "
	    "descriptors "
	    "that survive them, exits, signals but SIGCHLD and SIGURG, cgroups that come,\ngo and take "
	    "processes in, "
	    "refused capabilities and the operations of io_uring are recorded; 32-bit calls and io_uring "
	    "are\ncounted as "
	    "undecoded.\n\n| call | arguments | recorded with it |\n|---|---|---|\n",
	    call_count);
	for (size_t i = 0; i < call_count; i++) {
		text_addf(out, "| `%s` | %s | ", call_rows[i].name, call_rows[i].args);
		add_call_flags(&call_rows[i], out);
		text_add(out, " |\n");
	}
}
