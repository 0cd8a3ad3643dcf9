/* The table of verbs: what plumbline can be asked, with the words that --help and the manual print. */
#include "harness/verbs.h"

#include <string.h>

#include "base/text.h"
#include "harness/option_table.h"
#include "harness/options.h"

const struct verb verbs[] = {
	{ "list",
	  VERB_LIST,
	  "[SELECTOR...] | clauses | faults | runtimes | areas",
	  "show the cases, or what they are made of",
	  { "plumbline list", "plumbline list 'area:oci/mounts & !needs:bpf'",
	    "plumbline list clauses --coverage" },
	  "Lists cases, one a line, without running anything. The words clauses, faults, runtimes and areas "
	  "list the "
	  "registry of the specification's clauses, the faults that prove the cases, the known runtimes and "
	  "the areas.",
	  verb_list },
	{ "explain",
	  VERB_EXPLAIN,
	  "ID...",
	  "say in prose what a case, clause, fault or word means",
	  { "plumbline explain oci/lifecycle/start_runs_the_program",
	    "plumbline explain config.mounts.opt.ro", "plumbline explain flaky" },
	  NULL,
	  verb_explain },
	{ "test",
	  VERB_TEST,
	  "[SELECTOR...]",
	  "run cases against one or more runtimes",
	  { "plumbline test --runtime crun",
	    "plumbline test 'oci/mounts/*' --runtime ./build/runc --fail-fast",
	    "plumbline test profile:smoke --runtime runc --runtime crun --json" },
	  "Every case runs in a world of its own: new namespaces, own cgroups, a read-only view of the "
	  "machine. Results "
	  "go to standard output, everything else to standard error. The run directory holds run.json, one "
	  "observation "
	  "a case, and the reports. With --in all of that happens in a virtual machine, emulated by QEMU "
	  "without KVM: "
	  "the runtime is copied into it with the libraries it is linked with (vm:systemd and vm:hybrid have "
	  "Debian's), "
	  "and the run directory is brought back, with the kernel's messages in console. Time-outs are forty "
	  "times as "
	  "long there, and kernel calls are only recorded of the cases that speak of them, unless --record "
	  "says "
	  "otherwise.",
	  verb_test },
	{ "prove",
	  VERB_PROVE,
	  "[SELECTOR...]",
	  "show that the cases can fail: run each against its fault",
	  { "plumbline prove", "plumbline prove 'oci/mounts/*'", "plumbline prove --json --jobs 2" },
	  "A test that never failed proves nothing. Every case names a fault under which it must fail; prove "
	  "runs the "
	  "case plainly first, and then with the runtime behind that fault.",
	  verb_prove },
	{ "bench",
	  VERB_BENCH,
	  "",
	  "measure what each operation of a runtime costs",
	  { "plumbline bench", "plumbline bench --runtime crun --runtime ./crun --rounds 100",
	    "plumbline bench --runtime runc --json" },
	  "Every runtime runs the same small container in the same world, in turn, beside a floor: a program "
	  "that makes "
	  "that container by bare system calls. Figures are medians; a ratio is the median of the rounds' "
	  "ratios to the "
	  "floor, or to the runtime that was named first. Without --runtime, every known runtime that is "
	  "here is measured.",
	  verb_bench },
	{ "repro",
	  VERB_REPRO,
	  "ID --runtime NAME|PATH -o DIR",
	  "write a bundle and run.sh that show one case by hand",
	  { "plumbline repro oci/mounts/ro_bind_refuses_writes --runtime crun -o /tmp/ro",
	    "plumbline repro oci/hooks/prestart_runs --runtime ./crun -o hook",
	    "sh /tmp/ro/run.sh    # needs only sh and the runtime" },
	  "Writes a bundle, README and run.sh. run.sh exits with 1 when a step does not end as the case "
	  "says. After a refusal it tries the "
	  "corrected input, which must be accepted: else the refusal proves nothing. What the container "
	  "printed, and what is left of it, README says how to judge.",
	  verb_repro },
	{ "report",
	  VERB_REPORT,
	  "RUN...",
	  "write reports from run directories",
	  { "plumbline report runs/plumbline-20261123-153000-1a2b",
	    "plumbline report runs/* --markdown matrix.md",
	    "plumbline report results/crun/run.json --junit -" },
	  "RUN is a run directory, one runtime's folder in it, or a run.json. Without an option the summary "
	  "is shown.",
	  verb_report },
	{ "trace",
	  VERB_TRACE,
	  "[-- COMMAND... | RECORDING]",
	  "record what a command asks of the kernel, and tell its story",
	  { "plumbline trace -- runc run -b bundle c1",
	    "plumbline trace --raw -o c1.rec -- crun run -b bundle c1",
	    "plumbline trace --container web --duration 10 --effects" },
	  "Runs the command as it stands, records the kernel calls of it and of all its descendants by eBPF, "
	  "and "
	  "shows them when it has ended. The command keeps its standard input and output; the trace goes to "
	  "standard error, as strace's does. With --json standard output is the trace's alone, and the "
	  "command's goes "
	  "to standard error. A RECORDING (-o) is read again without root and without BPF, and shown on "
	  "standard "
	  "output, as is what attaching saw. Attaching ends with the target, after --duration, or with "
	  "Ctrl-C. A command that goes on for 5 s after Ctrl-C or SIGTERM is killed. "
	  "The exit status is 0 when the command's was, else 1; 6 when events were lost.",
	  verb_trace },
	{ "diff",
	  VERB_DIFF,
	  "A B [SELECTOR...]",
	  "show what two runtimes do differently in the kernel",
	  { "plumbline diff runc crun oci/lifecycle/start_runs_the_program",
	    "plumbline diff before.rec after.rec",
	    "plumbline diff --json runs/monday/crun runs/tuesday/crun 'oci/mounts/*'" },
	  "A and B are two recordings (trace -o), two run directories (test --record on) or two runtimes, on "
	  "which the "
	  "cases (default: profile:smoke) are run and recorded first. Only what differs is shown, by kind of "
	  "effect, "
	  "with the kernel calls behind it on both sides; of several cases each difference is told once. "
	  "Times, pids, "
	  "ids, temporary names and how something was done are not compared. The exit status is 0 when "
	  "nothing differs, "
	  "1 when something does.",
	  verb_diff },
	{ "flow",
	  VERB_FLOW,
	  "[CASE | DIR [CASE]]",
	  "show the way of one pod: CRI request, config.json, kernel calls",
	  { "plumbline flow", "plumbline flow --cri containerd --runtime crun | less",
	    "plumbline flow -o kept && plumbline flow kept" },
	  "Starts a CRI server in a world of its own, runs one pod on it, and tells of each call "
	  "what was asked and answered, which config.json the server made of it, which programs it "
	  "ran, what they asked of the kernel, and what was left. plumbline-cri says where every "
	  "value of a config.json comes from; other servers do not, and there the request and the "
	  "config.json are compared. The plumb line then follows each value that the request asks "
	  "for, and what a server sets by itself, from the request (L2) to config.json (L3), the "
	  "kernel call (L4) and what the kernel has in the end (L5): where one is lost or says "
	  "something else, the rung is named. A rung that cannot be read is a dash, and judges "
	  "nothing; of a list the number is told where the names have no room. The pod that is run "
	  "asks for some thirty values; flow/node is a privileged one in the namespaces of the "
	  "node, flow/limits one with processors and swap, and CASE any case of the CRI (plumbline "
	  "list 'cri/*'), whose pod is told of instead. A server that runs already (--cri "
	  "unix://SOCKET) is watched from outside meanwhile. DIR is what -o kept, or a run "
	  "directory of plumbline test with a recording of CASE: it is told once more, without "
	  "root. The exit status is 0 when the pod came to its end, 1 when its last call failed or "
	  "a value left the line, 6 when the server does not answer, 8 when what was kept cannot be "
	  "read. Where the machine refuses BPF the kernel calls are missing, and it says why.",
	  verb_flow },
	{ "clean",
	  VERB_CLEAN,
	  "[RUN]",
	  "remove what earlier runs left behind",
	  { "plumbline clean", "plumbline clean plumbline-20261123-153000-1a2b", "plumbline clean --json" },
	  "Removes cgroups, processes and files of runs whose plumbline has ended, of RUN alone where one is "
	  "named, and with --cri SOCKET the pods and images they made at a server that still runs. Runs that "
	  "are alive are not touched.",
	  verb_clean },
	{ "doctor",
	  VERB_DOCTOR,
	  "",
	  "what this machine can test, and the command that mends each gap",
	  { "plumbline doctor", "plumbline doctor --json",
	    "plumbline doctor --cri unix:///run/containerd/containerd.sock" },
	  "With --cri SOCKET: who answers there, whether it is ready, and what it needs before plumbline "
	  "test "
	  "--cri SOCKET can run; it pulls one small image from a registry of ours on 127.0.0.1 and removes "
	  "it.",
	  verb_doctor },
	{ "help",
	  VERB_HELP,
	  "[VERB | manual | effects]",
	  "this overview, a verb's help, or a page of docs/",
	  { "plumbline help", "plumbline help test", "plumbline help manual | man -l -" },
	  NULL,
	  verb_help },
	{ 0 },
};

const struct verb *verb_find(const char *name)
{
	for (const struct verb *verb = verbs; verb->name; verb++)
		if (!strcmp(verb->name, name))
			return verb;
	return NULL;
}
