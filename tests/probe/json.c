/*
 * Shell tests read JSON with it: json PATH < document prints a string as it is, anything else as JSON; json . prints all.
 * 1: nothing there; 2: no valid JSON. It reads with base/json, which refuses whatever is not strictly JSON.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/err.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"

int main(int argc, char **argv)
{
	const char *path = argc > 1 ? argv[1] : ".";
	auto_text input = { 0 }, printed = { 0 };
	auto_json document = NULL;
	const struct json *found;
	struct err err = { 0 };

	if (file_read_fd(STDIN_FILENO, 64 * 1024 * 1024, &input, &err) < 0 ||
	    json_parse(text_str(&input), input.len, &document, &err) < 0) {
		fprintf(stderr, "json: %s\n", err.text);
		return 2;
	}
	found = strcmp(path, ".") ? json_get(document, path) : document;
	if (!found)
		return 1;
	if (json_string(found))
		return puts(json_string(found)) < 0;
	json_print(found, 0, &printed);
	return puts(text_str(&printed)) < 0;
}
