/* Exec, Attach and PortForward: what is answered before a stream is opened. What streams then do is tested by clients of the field. */
#include "harness/case.h"

#define INTO DO(RunPodSandbox), DO(CreateContainer), DO(StartContainer)

static const struct conformance_case streaming[] = {
{
	POD_CASE(exec_without_a_stream_is_invalid),
	.title  = "Exec with neither stdin nor stdout nor stderr is answered INVALID_ARGUMENT",
	.clause = { MUST("cri.streaming.one-stream") },
	.inside = { "hold" },
	.when   = { INTO, DO(Exec), REFUSES(Exec, { "stdout": false }) },
	.then   = { EXIT("step[4].status", equals, "INVALID_ARGUMENT") },
	.refuted_by = "cri-stream-without-streams",
},
{
	POD_CASE(exec_with_a_terminal_and_stderr_is_invalid),
	.title  = "Exec with a terminal and stderr is answered INVALID_ARGUMENT: a terminal has one output",
	.clause = { MUST("cri.streaming.tty-has-no-stderr") },
	.inside = { "hold" },
	.when   = { INTO, DO(Exec, { "tty": true }), REFUSES(Exec, { "tty": true, "stderr": true }) },
	.then   = { EXIT("step[4].status", equals, "INVALID_ARGUMENT") },
	.refuted_by = "cri-stream-tty-with-stderr",
},
{
	POD_CASE(attach_without_a_stream_is_invalid),
	.title  = "Attach with neither stdin nor stdout nor stderr is answered INVALID_ARGUMENT",
	.clause = { MUST("cri.streaming.one-stream") },
	.inside = { "hold" },
	.when   = { INTO, DO(Attach), REFUSES(Attach, { "stdout": false }) },
	.then   = { EXIT("step[4].status", equals, "INVALID_ARGUMENT") },
	.refuted_by = "cri-stream-without-streams",
},
{
	POD_CASE(an_exec_is_a_url_of_its_own),
	.title  = "two Execs are answered with two URLs, which nobody can guess",
	.clause = { MUST("cri.streaming.url") },
	.inside = { "hold" },
	.when   = { INTO, DO(Exec), DO(Exec) },
	.then   = { EXIT("step[3].response.url", matches, "^https?://.*/exec/.{8,}"), EXIT("step[4].response.url", differs, "@exit.step[3].response.url") },
	.refuted_by = "cri-stream-same-url",
},
{
	POD_CASE(the_server_listens_on_loopback),
	.title  = "the URL of a stream is on the loopback, which nobody else reaches",
	.clause = { SHOULD("cri.streaming.loopback") },
	.inside = { "hold" },
	.when   = { INTO, DO(Exec), DO(PortForward) },
	.then   = { EXIT("Exec.response.url", matches, "^https?://(127\\.0\\.0\\.1|\\[::1\\]|localhost):"), EXIT("PortForward.response.url", matches, "^https?://(127\\.0\\.0\\.1|\\[::1\\]|localhost):") },
	.refuted_by = "cri-stream-open-to-all",
},
{
	POD_CASE(nothing_is_streamed_from_what_is_not_there),
	.title  = "Exec, Attach and PortForward of what is not there are answered NOT_FOUND",
	.clause = { MUST("cri.not-found.exec") },
	.inside = { "hold" },
	.when   = { INTO, DO(Exec), REFUSES(Exec, { "container_id": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" }),
	            DO(PortForward), REFUSES(PortForward, { "pod_sandbox_id": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" }) },
	.then   = { EXIT("step[4].status", equals, "NOT_FOUND"), EXIT("step[6].status", equals, "NOT_FOUND") },
	.refuted_by = "cri-not-found-is-unknown",
},
{
	POD_CASE(nothing_is_streamed_from_what_has_ended),
	.title  = "Exec in a container that has ended is refused",
	.clause = { MUST("cri.exec.not-running") },
	.inside = { "hold" },
	.when   = { INTO, DO(Exec), DO(StopContainer, { "timeout": 0 }), REFUSES(Exec) },
	.then   = { STATE("step[5].container.state", equals, "CONTAINER_EXITED") },
	.refuted_by = "cri-stream-of-ended",
},
};

AREA(cri_streaming, "cri/streaming", streaming);
