/* How a stream ended, for its client: a Status object of Kubernetes' API from version 4 on, a sentence before. */
#include <string.h>

#include "runtime-under-test/cri/stream/connection.h"

void status_print(int version, int exit_code, const char *sentence, struct text *out)
{
	if (version < 4) {
		/* Nothing at all is success. */
		if (exit_code < 0)
			text_add(out, sentence);
		else if (exit_code > 0)
			text_addf(out, "command terminated with exit code %d", exit_code);
		return;
	}
	if (exit_code == 0) {
		text_add(out, "{\"metadata\":{},\"status\":\"Success\"}");
	} else if (exit_code > 0) {
		text_addf(out,
			  "{\"metadata\":{},\"status\":\"Failure\",\"message\":\"command terminated with "
			  "exit code %d\","
			  "\"reason\":\"NonZeroExitCode\",\"details\":{\"causes\":[{\"reason\":\"ExitCode\","
			  "\"message\":\"%d\"}]}}",
			  exit_code, exit_code);
	} else {
		text_add(out, "{\"metadata\":{},\"status\":\"Failure\",\"message\":\"");
		text_escape_json(out, sentence, strlen(sentence));
		text_add(out, "\",\"reason\":\"InternalError\",\"code\":500}");
	}
}
