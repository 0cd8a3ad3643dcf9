/* The files by which a container knows its names: hostname(5), hosts(5), resolv.conf(5). */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime-under-test/cri/net/net.h"
#include "runtime-under-test/oci/faults.h"

#define FILE_BYTES_MAX (1u << 20)

static bool has_node_network(const Runtime__V1__PodSandboxConfig *config)
{
	return config->linux && config->linux->security_context &&
	       config->linux->security_context->namespace_options &&
	       config->linux->security_context->namespace_options->network ==
		   RUNTIME__V1__NAMESPACE_MODE__NODE;
}

/* A line break in a name would be a line of its own, which may say anything. */
static int check_words(const char *field, char *const *words, size_t count, struct err *err)
{
	for (size_t i = 0; i < count; i++)
		if (!*words[i] || words[i][strcspn(words[i], "\n\r")])
			return fail_text(err, -EINVAL, "%s[%zu]: empty, or with a line break", field, i);
	return 0;
}

static void add_hostname(const Runtime__V1__PodSandboxConfig *config, struct text *out)
{
	char host[HOST_NAME_MAX + 1] = "localhost";

	if (config->hostname && *config->hostname && !has_node_network(config)) {
		text_add(out, config->hostname);
		return;
	}
	(void) gethostname(host, sizeof(host) - 1);
	text_add(out, host);
}

/* Kubelet mounts hosts of its own into every container; this is for clients that do not. */
static int make_hosts(const Runtime__V1__PodSandboxConfig *config, const struct net_result *addresses,
		      struct text *out, struct err *err)
{
	if (has_node_network(config)) {
		int r = file_read_at(AT_FDCWD, "/etc/hosts", FILE_BYTES_MAX, out, err);

		if (r != -ENOENT)
			return r;
	}
	text_add(out, "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n");
	for (size_t i = 0; addresses && i < addresses->ip_count; i++) {
		text_addf(out, "%s\t", addresses->ips[i]);
		add_hostname(config, out);
		text_add_char(out, '\n');
	}
	return 0;
}

static void add_line(struct text *out, const char *keyword, char *const *words, size_t count)
{
	if (!count)
		return;
	text_add(out, keyword);
	for (size_t i = 0; i < count; i++)
		text_addf(out, " %s", words[i]);
	text_add_char(out, '\n');
}

/* No configuration at all is the node's own; an empty one is none, as the dnsPolicy None has it. */
static int make_resolv_conf(const Runtime__V1__PodSandboxConfig *config, struct text *out, struct err *err)
{
	const Runtime__V1__DNSConfig *dns = config->dns_config;
	int r;

	if (!dns || fault("cri-dns-config-ignored")) {
		r = file_read_at(AT_FDCWD, "/etc/resolv.conf", FILE_BYTES_MAX, out, NULL);
		return r == -ENOENT ? 0 : r < 0 ? fail(err, r, "read /etc/resolv.conf") : 0;
	}
	r = check_words("dns_config.searches", dns->searches, dns->n_searches, err);
	if (r == 0)
		r = check_words("dns_config.servers", dns->servers, dns->n_servers, err);
	if (r == 0)
		r = check_words("dns_config.options", dns->options, dns->n_options, err);
	if (r < 0)
		return r;
	add_line(out, "search", dns->searches, dns->n_searches);
	for (size_t i = 0; i < dns->n_servers; i++)
		add_line(out, "nameserver", &dns->servers[i], 1);
	add_line(out, "options", dns->options, dns->n_options);
	return 0;
}

/* Whatever the server's umask is, every user of the pod reads them. */
static int write_file(int directory, const char *name, const struct text *content, struct err *err)
{
	int r = file_create_at(directory, name, text_str(content), content->len, 0644, err);

	if (r == 0 && fchmodat(directory, name, 0644, 0) < 0)
		return fail(err, -errno, "let everybody read %s", name);
	return r;
}

int net_write_files(int directory, const Runtime__V1__PodSandboxConfig *config,
		    const struct net_result *addresses, struct err *err)
{
	auto_text hostname = { 0 }, hosts = { 0 }, resolv_conf = { 0 };
	int r = check_words("hostname", (char *const *) &config->hostname,
			    config->hostname && *config->hostname ? 1 : 0, err);

	if (r == 0)
		r = make_hosts(config, addresses, &hosts, err);
	if (r == 0)
		r = make_resolv_conf(config, &resolv_conf, err);
	if (r < 0)
		return r;
	add_hostname(config, &hostname);
	text_add_char(&hostname, '\n');
	r = write_file(directory, "hostname", &hostname, err);
	if (r == 0)
		r = write_file(directory, "hosts", &hosts, err);
	return r < 0 ? r : write_file(directory, "resolv.conf", &resolv_conf, err);
}
