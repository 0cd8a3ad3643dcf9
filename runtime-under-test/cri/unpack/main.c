/* plumbline-unpack: the command line, and one line of JSON about what was unpacked. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/text.h"
#include "runtime-under-test/cri/unpack/unpack.h"

static const char usage[] = "usage: plumbline-unpack --into DIR [--upper DIR --work DIR --lower DIR...] "
			    "[--bytes N] [--entries N] [--reserve N]\n"
			    "Unpacks a layer (tar; plain, gzip or zstd) from standard input into DIR, where "
			    "the lower directories are mounted\n"
			    "below the upper one first, if there are any. Run by plumbline-cri.\n";

enum option_number {
	OPTION_INTO = 256,
	OPTION_UPPER,
	OPTION_WORK,
	OPTION_LOWER,
	OPTION_BYTES,
	OPTION_ENTRIES,
	OPTION_RESERVE
};

static const struct option long_options[] = {
	{ "into", required_argument, NULL, OPTION_INTO },
	{ "upper", required_argument, NULL, OPTION_UPPER },
	{ "work", required_argument, NULL, OPTION_WORK },
	{ "lower", required_argument, NULL, OPTION_LOWER },
	{ "bytes", required_argument, NULL, OPTION_BYTES },
	{ "entries", required_argument, NULL, OPTION_ENTRIES },
	{ "reserve", required_argument, NULL, OPTION_RESERVE },
	{ 0 },
};

static int read_number(const char *string, uint64_t *ret)
{
	unsigned long long value;
	int r = text_to_u64(string, &value);

	if (r >= 0)
		*ret = value;
	return r;
}

static int read_option(int option, struct unpack_options *options)
{
	switch (option) {
	case OPTION_INTO:
		options->into = optarg;
		return 0;
	case OPTION_UPPER:
		options->upper = optarg;
		return 0;
	case OPTION_WORK:
		options->work = optarg;
		return 0;
	case OPTION_LOWER:
		options->lowers[options->lower_count++] = optarg;
		return 0;
	case OPTION_BYTES:
		return read_number(optarg, &options->bytes_max);
	case OPTION_ENTRIES:
		return read_number(optarg, &options->entries_max);
	case OPTION_RESERVE:
		return read_number(optarg, &options->reserve);
	default:
		return -EINVAL;
	}
}

static int read_options(int argc, char **argv, struct unpack_options *options)
{
	int option;

	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		if (read_option(option, options) < 0)
			return -EINVAL;
	if (!options->into || optind != argc || !options->upper != !options->work ||
	    (options->upper && !options->lower_count))
		return -EINVAL;
	return 0;
}

int main(int argc, char **argv)
{
	auto_free const char **lowers = calloc((size_t) argc, sizeof(*lowers));
	struct unpack_options options = {
		.lowers = lowers, .bytes_max = 16ull << 30, .entries_max = 2000000, .reserve = 64u << 20
	};
	struct unpacked unpacked = { 0 };
	struct err err = { 0 };
	int r;

	if (!lowers)
		abort();
	if (read_options(argc, argv, &options) < 0) {
		(void) fputs(usage, stderr);
		return 2;
	}
	(void) umask(0);
	r = confine(&options, &err);
	if (r >= 0)
		r = apply_layer(STDIN_FILENO, &options, &unpacked, &err);
	if (r < 0) {
		(void) fprintf(stderr, "%s\n", err.text);
		return r == -ENOSPC ? 3 : 1;
	}
	(void) printf("{\"diff_id\":\"%s\",\"bytes\":%llu,\"entries\":%llu}\n", unpacked.diff_id,
		      (unsigned long long) unpacked.bytes, (unsigned long long) unpacked.entries);
	return fflush(stdout) == 0 ? 0 : 1;
}
