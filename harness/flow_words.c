/* What each call is for, in a sentence: a reader who knows pods but not the interface follows the story by these. */
#include "harness/flow_show.h"

#include <string.h>

#include "base/cleanup.h"

static const struct {
	const char *method, *about;
} rows[] = {
	{ "Version", "Who is there, and which interface does it speak?" },
	{ "ImageStatus", "Is the image here? If it were not, the kubelet would pull it now." },
	{ "PullImage", "The image is fetched from its registry, and its layers are unpacked." },
	{ "RunPodSandbox", "A pod begins as a sandbox: a network and namespaces that its containers will "
			   "share, held open by a "
			   "first process that only sleeps, the pause." },
	{ "CreateContainer", "The order form: the request becomes a config.json, the image a root file "
			     "system. No program of the "
			     "image runs yet." },
	{ "StartContainer", "The program begins. It joins what is the pod's and gets the rest for itself." },
	{ "StopContainer", "A signal, a time to leave, and SIGKILL for those who stay." },
	{ "RemoveContainer", "What it wrote into its root file system goes, and so does its record." },
	{ "StopPodSandbox", "The pause ends; address, links and pinned namespaces are given back." },
	{ "RemovePodSandbox", "The last record of the pod goes." },
	{ "UpdateContainerResources", "Other limits for a container that runs: its cgroup is written anew." },
	{ "ExecSync", "A second program in the container: it joins all that the first one has." },
	{ "ReopenContainerLog", "The log was rotated: the server begins a new file." },
	{ "together", "Several calls at once: all are sent before one is answered." },
	{ "ContainerStatus", "What has become of it?" },
	{ "PodSandboxStatus", "What has become of the pod?" },
};

const char *flow_about(const char *method)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		if (!strcmp(rows[i].method, method))
			return rows[i].about;
	return NULL;
}
