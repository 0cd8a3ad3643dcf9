/* Images: one id in every call, names that lead to it, and how much room it takes. */
#include "harness/case.h"

static const struct conformance_case images[] = {
{
	POD_CASE(an_image_is_found_by_id_and_by_name),
	.title  = "ImageStatus by name and by id is about the same image",
	.clause = { MUST("cri.image.reference") },
	.when   = { DO(ImageStatus), DO(ImageStatus, { "image": { "image": "@image-id" } }) },
	.then   = { EXIT("step[0].response.image.id", equals, "@image-id"), EXIT("step[1].response.image.id", equals, "@image-id") },
	.refuted_by = "image-not-found-by-id",
},
{
	POD_CASE(its_names_are_told),
	.title  = "an image is listed with the name it was imported by, and a size",
	.clause = { MUST("cri.image.list") },
	.when   = { DO(ImageStatus), DO(ListImages) },
	.then   = { EXIT("ImageStatus.response.image.repo_tags", equals, ["@image"]), EXIT("ImageStatus.response.image.size", at_least, 1000) },
	.refuted_by = "image-size-zero",
},
{
	POD_CASE(verbose_tells_the_config),
	.title  = "a verbose ImageStatus tells the image's configuration",
	.clause = { MAY("cri.image.verbose") },
	.given  = { SET("image.Labels", { "who": "plumbline" }) },
	.when   = { DO(ImageStatus, { "verbose": true }) },
	.then   = { EXIT("ImageStatus.response.info.info", matches, "plumbline") },
	.refuted_by = "image-info-lost",
},
{
	POD_CASE(a_container_tells_the_images_id),
	.title  = "ContainerStatus tells the id that ImageStatus tells: the kubelet counts images in use by it",
	.clause = { MUST("cri.image.id-consistent") },
	.needs  = { .runtime_feature = "image-id" },
	.when   = { DO(RunPodSandbox), DO(CreateContainer), DO(ListContainers), DO(StopPodSandbox), DO(RemovePodSandbox) },
	.then   = { STATE("after.CreateContainer.container.image_id", equals, "@image-id"), EXIT("ListContainers.response.containers[0].image_id", equals, "@image-id") },
	.refuted_by = "cri-image-id-not-told",
},
{
	POD_CASE(an_image_in_use_may_be_removed_from_the_list),
	.title  = "an image whose container still runs can be removed, and the container runs on",
	.clause = { MAY("cri.image.remove-used") },
	.inside = { "hold" },
	.when   = { DO(RunPodSandbox), DO(CreateContainer), DO(StartContainer), DO(ready), DO(RemoveImage), DO(ImageStatus), DO(ExecSync), DO(StopPodSandbox), DO(RemovePodSandbox) },
	.then   = { EXIT("ImageStatus.response", lacks, "image"), INSIDE("exec[0].complete", equals, true), STATE("after.ExecSync.container.state", equals, "CONTAINER_RUNNING") },
	.refuted_by = "image-remove-does-nothing",
},
{
	POD_CASE(file_system_usage_is_told),
	.title  = "ImageFsInfo tells one file system with a time, a mount point and the bytes and inodes in use",
	.clause = { MUST("cri.image.fs-info") },
	.when   = { DO(ImageFsInfo) },
	.then   = { EXIT("ImageFsInfo.response.image_filesystems[0].timestamp", at_least, 1767225600000000000), EXIT("ImageFsInfo.response.image_filesystems[0].fs_id.mountpoint", matches, "^/"),
	            EXIT("ImageFsInfo.response.image_filesystems[0].used_bytes.value", at_least, 1000) },
	.refuted_by = "image-fs-usage-zero",
},
{
	POD_CASE(no_name_is_an_error),
	.title  = "RemoveImage and PullImage without a name are refused, and the server lives on",
	.clause = { MUST("cri.image.name") },
	.when   = { DO(RemoveImage, { "image": { "image": "registry.plumbline.test/other:1" } }), REFUSES(RemoveImage, { "image": null }), DO(Version) },
	.then   = { EXIT("Version.status", equals, "OK") },
	.refuted_by = "image-name-not-needed",
},
{
	POD_CASE(a_filter_is_one_image),
	.title  = "ListImages with a filter lists that image alone, and none for a name that nobody has",
	.clause = { MUST("cri.image.filter") },
	.when   = { DO(ListImages, { "filter": { "image": { "image": "@image" } } }), DO(ListImages, { "filter": { "image": { "image": "registry.plumbline.test/nothing:1" } } }) },
	.then   = { EXIT("step[0].response.images[0].id", equals, "@image-id"), EXIT("step[1].response.images", equals, []) },
	.refuted_by = "image-filter-ignored",
},
};

AREA(cri_images, "cri/images", images);
