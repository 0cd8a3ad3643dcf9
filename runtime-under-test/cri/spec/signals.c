/* The signals of the CRI: an enumeration of its own, whose names tell what the kernel calls them. */
#include "runtime-under-test/cri/spec/signals.h"

#include <string.h>

#include "base/cleanup.h"
#include "base/names.h"
#include "base/text.h"
#include "runtime-under-test/cri/spec/build.h"

/* "SIGNAL_SIGRTMINPLUS1" is "SIGRTMIN+1". */
static int number_of(const char *name)
{
	auto_text text = { 0 };
	const char *plus = strstr(name, "PLUS"), *minus = strstr(name, "MINUS"), *cut = plus ? plus : minus;

	if (!text_starts(name, "SIGNAL_SIG"))
		return -1;
	name += strlen("SIGNAL_");
	if (cut)
		text_addf(&text, "%.*s%c%s", (int) (cut - name), name, plus ? '+' : '-',
			  cut + strlen(plus ? "PLUS" : "MINUS"));
	else
		text_add(&text, name);
	return name_to_signal(text_str(&text));
}

int spec_signal(int cri_signal)
{
	const ProtobufCEnumDescriptor *all = &runtime__v1__signal__descriptor;
	const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(all, cri_signal);

	if (cri_signal == RUNTIME__V1__SIGNAL__SIGNAL_RUNTIME_DEFAULT)
		return 0;
	return value ? number_of(value->name) : -1;
}

int spec_signal_to_cri(int signal)
{
	const ProtobufCEnumDescriptor *all = &runtime__v1__signal__descriptor;

	for (unsigned i = 0; i < all->n_values; i++)
		if (number_of(all->values[i].name) == signal)
			return all->values[i].value;
	return 0;
}

/* The CRI before the image before SIGTERM. An image's nonsense is nothing that a pod can be refused for. */
int stop_signal(const struct spec_build *build)
{
	int own = spec_signal(build->container->stop_signal);
	const char *image = json_string(json_member(build->image, "StopSignal"));
	int number = is_set(image) ? name_to_signal(image) : -1;

	if (own > 0)
		return own;
	return number > 0 ? number : name_to_signal("SIGTERM");
}
