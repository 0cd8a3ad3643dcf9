/*
 * plumbline-cri-call: makes CRI calls for plumbline, so that plumbline itself links no gRPC, and for whoever wants to make
 * one by hand.
 */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/cri/call.h"

static const char help[] =
    "usage: plumbline-cri-call --endpoint ADDRESS [OPTION...] [METHOD [REQUEST]]\n"
    "\n"
    "Calls one METHOD of the Container Runtime Interface with REQUEST, a JSON object with the interface's "
    "own\n"
    "field names, and prints the answer. Without METHOD: reads calls as JSON lines and prints answers as "
    "JSON lines.\n"
    "\n"
    "options:\n"
    "  --endpoint ADDRESS   unix:///PATH or a path\n"
    "  --deadline MS        give the call so many milliseconds\n"
    "  --repeat N           make the call N times, one after the other, and print how long they took\n"
    "  --help, -h           print this\n"
    "  --version, -v        print the version\n"
    "\n"
    "a line of input:    {\"id\":1,\"method\":\"Version\",\"request\":{},\"deadline_ms\":5000}, or "
    "{\"cancel\":1}\n"
    "                    \"raw\" instead of \"request\": its bytes in base64; \"echo\":true: the request "
    "comes back, redacted\n"
    "                    {\"id\":2,\"open\":URL,\"stdout\":true,\"typed\":\"text\",\"ends\":true}: a stream "
    "is visited; also \"stdin\",\n"
    "                    \"stderr\", \"tty\", \"width\", \"height\", \"port\", \"after\", \"until\", "
    "\"protocol\", and "
    "\"transport\": spdy or websocket\n"
    "lines of output:    {\"id\":1,\"status\":\"OK\",\"message\":\"\",\"response\":{},\"ms\":0.4}; of a "
    "stream before it\n"
    "                    {\"id\":1,\"headers\":true} and {\"id\":1,\"item\":{}}; "
    "{\"id\":1,\"error\":\"...\"} for a bad line\n";

struct options {
	const char *endpoint;
	long deadline_ms, repeat;
};

static int number(const char *option, const char *word, long *ret, struct err *err)
{
	long long value;

	if (text_to_i64(word, &value) < 0 || value < 1 || value > 1000000000)
		return fail_text(err, -EINVAL, "option --%s takes a number above 0, not \"%s\"", option,
				 word);
	*ret = (long) value;
	return 0;
}

/* 0: go on; 1: printed what was asked for. */
static int read_options(int argc, char **argv, struct options *ret, struct err *err)
{
	static const struct option rows[] = {
		{ "endpoint", required_argument, NULL, 'e' }, { "deadline", required_argument, NULL, 'd' },
		{ "repeat", required_argument, NULL, 'n' },   { "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'v' },        { 0 },
	};
	int letter, r = 0;

	opterr = 0;
	while (r == 0 && (letter = getopt_long(argc, argv, "+hv", rows, NULL)) != -1) {
		switch (letter) {
		case 'e':
			ret->endpoint = optarg;
			break;
		case 'd':
			r = number("deadline", optarg, &ret->deadline_ms, err);
			break;
		case 'n':
			r = number("repeat", optarg, &ret->repeat, err);
			break;
		case 'h':
			(void) fputs(help, stdout);
			return 1;
		case 'v':
			(void) printf("plumbline-cri-call %s\n", PLUMBLINE_VERSION);
			return 1;
		default:
			return fail_text(err, -EINVAL, "unknown option or missing value: %s",
					 argv[optind - 1]);
		}
	}
	return r;
}

static int run(int argc, char **argv, const struct options *options, struct err *err)
{
	auto_json request = NULL;
	int r;

	if (!options->endpoint)
		return fail_text(err, -EINVAL, "--endpoint is needed");
	if (argc - optind > 2)
		return fail_text(err, -EINVAL, "unexpected argument %s", argv[optind + 2]);
	if (argc == optind)
		return cri_run_lines(options->endpoint, err);
	if (argc - optind == 2) {
		r = json_parse(argv[optind + 1], strlen(argv[optind + 1]), &request, err);
		if (r < 0)
			return fail_text(err, r, "the request");
	}
	if (options->repeat)
		return cri_run_repeated(options->endpoint, argv[optind], request, options->repeat, err);
	return cri_run_once(options->endpoint, argv[optind], request, options->deadline_ms, err);
}

int main(int argc, char **argv)
{
	struct options options = { .deadline_ms = -1 };
	struct err err = { 0 };
	int r;

	r = read_options(argc, argv, &options, &err);
	if (r == 0)
		r = run(argc, argv, &options, &err);
	else if (r > 0)
		return 0;
	if (r < 0) {
		(void) fprintf(stderr, "plumbline-cri-call: %s\n", err.text);
		return 2;
	}
	return r;
}
