/* What a registry or a layout says about an image, and what a registry says about itself: read, or refused with a sentence. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/json.h"
#include "base/text.h"
#include "runtime-under-test/cri/image/manifest.h"
#include "runtime-under-test/cri/image/reference.h"
#include "runtime-under-test/cri/image/registry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void demand(int holds)
{
	if (!holds)
		abort();
}

static void read_document(const struct json *document)
{
	auto_manifest manifest = { 0 };
	struct descriptor chosen = { 0 };
	auto_free char *name = NULL;
	struct err err = { 0 };
	char **ids = NULL;
	size_t count = json_length(json_get(document, "rootfs.diff_ids"));
	bool has_uid;
	int64_t uid;

	if (manifest_is_index(document) && manifest_choose(document, &chosen, &err) >= 0)
		demand(image_is_digest(chosen.digest));
	free(chosen.digest);
	err = (struct err){ 0 };
	if (manifest_read(document, &manifest, &err) < 0)
		demand(err.text[0] != '\0');
	else
		demand(manifest.layer_count <= MANIFEST_LAYERS_MAX &&
		       image_is_digest(manifest.config.digest));
	if (config_diff_ids(document, count, &ids, NULL) >= 0)
		for (size_t i = 0; i < count; i++)
			free(ids[i]);
	free(ids);
	config_user(document, &has_uid, &uid, &name);
	demand(name != NULL && (!has_uid || (uid >= 0 && !*name)));
}

/* The same bytes as a name: what is taken can be written and read again as the same. */
static void read_name(const char *text)
{
	auto_image_reference reference = { 0 }, again = { 0 };
	auto_free char *tagged = NULL;
	struct err err = { 0 };

	if (image_reference_parse(text, &reference, &err) < 0) {
		demand(err.text[0] != '\0');
		return;
	}
	demand(strpbrk(reference.host, "@/?# ") == NULL && strstr(reference.repository, "..") == NULL);
	tagged = image_reference_tagged(&reference);
	if (!tagged)
		return;
	demand(image_reference_parse(tagged, &again, NULL) == 0);
	demand(!strcmp(again.host, reference.host) && !strcmp(again.repository, reference.repository) &&
	       !strcmp(again.tag, reference.tag));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	auto_free char *text = text_format("%.*s", (int) size, (const char *) data);
	struct challenge challenge = { 0 };
	auto_json document = NULL;
	auto_text said = { 0 };

	if (json_parse((const char *) data, size, &document, NULL) >= 0)
		read_document(document);
	read_name(text);
	challenge_read(text, &challenge);
	challenge_clear(&challenge);
	registry_explain((const char *) data, size, &said);
	return 0;
}
