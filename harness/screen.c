/* Two streams: results on standard output, all other words on standard error. */
#include "harness/screen.h"

#include <errno.h>
#include <langinfo.h>
#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "harness/options.h"

#define PLAIN_WIDTH 110 /* of a log file */
#define WIDTH_MIN 40

static bool is_set(const char *name)
{
	const char *value = getenv(name);

	return value && *value && strcmp(value, "0") != 0;
}

static int width_of(int fd)
{
	struct winsize size;

	if (!isatty(fd) || ioctl(fd, TIOCGWINSZ, &size) < 0 || !size.ws_col)
		return PLAIN_WIDTH;
	return size.ws_col < WIDTH_MIN ? WIDTH_MIN : size.ws_col;
}

/* https://no-color.org: any non-empty value switches colour off. */
static bool colour_by_habit(void)
{
	const char *term = getenv("TERM"), *no = getenv("NO_COLOR");

	if (no && *no)
		return false;
	if (is_set("CLICOLOR_FORCE"))
		return true;
	return isatty(STDOUT_FILENO) && term && strcmp(term, "dumb") != 0;
}

int screen_init(const struct options *options, struct screen *ret, struct err *err)
{
	const char *when = options->colour ? options->colour : "auto";
	bool always = !strcmp(when, "always"), never_colour = !strcmp(when, "never");

	if (!always && !never_colour && strcmp(when, "auto") != 0)
		return fail_text(err, -EINVAL, "--color %s: expected auto, always or never", when);
	(void) setlocale(LC_CTYPE, "");
	*ret = (struct screen){
		.style = {
			.width = width_of(STDOUT_FILENO),
			.colour = always || (!never_colour && colour_by_habit()),
			.unicode = !options->ascii && !strcmp(nl_langinfo(CODESET), "UTF-8"),
		},
		.json = options->json,
		.progress = isatty(STDERR_FILENO),
	};
	return 0;
}

void screen_progress(struct screen *screen, size_t done, size_t total, const size_t by_verdict[VERDICT_COUNT],
		     const char *id)
{
	struct report_style style = screen->style;
	auto_text line = { 0 };

	if (!screen->progress)
		return;
	style.width = width_of(STDERR_FILENO) - 1;
	report_text_progress(done, total, by_verdict, id, &style, &line);
	(void) fprintf(stderr, "\r\033[K%s", text_str(&line));
	screen->progress_shown = true;
}

void screen_clear_progress(struct screen *screen)
{
	if (screen->progress_shown)
		(void) fputs("\r\033[K", stderr);
	screen->progress_shown = false;
}

void screen_print(struct screen *screen, const struct text *text)
{
	screen_clear_progress(screen);
	(void) fwrite(text_str(text), 1, text->len, stdout);
	(void) fflush(stdout);
}

void screen_print_json(struct screen *screen, struct json *taken)
{
	auto_json json = taken;
	auto_text line = { 0 };

	json_print(json, 0, &line);
	text_add_char(&line, '\n');
	screen_print(screen, &line);
}

void screen_say(struct screen *screen, const char *format, ...)
{
	auto_text line = { 0 };
	va_list args;

	va_start(args, format);
	text_addv(&line, format, args);
	va_end(args);
	screen_clear_progress(screen);
	(void) fprintf(stderr, "plumbline: %s\n", text_str(&line));
}
