/* Loads what the kernel may refuse: it is asked with a program of two instructions before the real ones are prepared. */
#include "bpf/resolve.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/bpf.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "bpf/event.h"
#include "bpf/record.skel.h"
#include "bpf/resolve.skel.h"

/* Type 1 of the kernel's BTF is no function: -EINVAL is what a kernel says that takes such programs at all. */
static int ask(void)
{
	const struct bpf_insn program[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K },
					    { .code = BPF_JMP | BPF_EXIT } };
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = BPF_TRACE_FENTRY,
		    .attach_btf_id = 1);
	auto_fd fd =
	    bpf_prog_load(BPF_PROG_TYPE_TRACING, "ask", "GPL", program, ARRAY_SIZE(program), &options);

	return fd < 0 && errno != EINVAL ? -errno : 0;
}

static int share_maps(const struct record *object, struct resolve *resolve)
{
	struct bpf_map *map;

	bpf_object__for_each_map(map, resolve->obj)
	{
		const struct bpf_map *shared =
		    bpf_map__is_internal(map) ? NULL
					      : bpf_object__find_map_by_name(object->obj, bpf_map__name(map));
		int r = shared ? bpf_map__reuse_fd(map, bpf_map__fd(shared)) : 0;

		if (r < 0)
			return r;
	}
	return 0;
}

int resolve_load(const struct record *object, struct resolve **ret, struct err *err)
{
	struct resolve *resolve;
	int r = ask();

	if (r < 0)
		return fail(err, r, "the kernel refuses fentry programs");
	resolve = resolve__open();
	if (!resolve)
		return fail(err, -errno, "open the fentry programs");
	r = share_maps(object, resolve);
	if (r == 0)
		r = resolve__load(resolve);
	if (r == 0)
		r = resolve__attach(resolve);
	if (r < 0) {
		resolve__destroy(resolve);
		return fail(err, r, "load the fentry programs");
	}
	*ret = resolve;
	return 0;
}

void resolve_free(struct resolve *resolve)
{
	resolve__destroy(resolve);
}
