/* People copy these lines: quotes only where they are needed. */
#include "harness/shell_word.h"

#include <string.h>

#include "base/text.h"

void shell_word(const char *word, struct text *out)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./:@%+,-";

	/* '=' is left out: a first word with one is an assignment. */
	if (*word && !word[strspn(word, plain)])
		text_add(out, word);
	else
		text_escape_shell(out, word);
}
