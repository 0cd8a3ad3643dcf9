#!/bin/sh
# push.sh LAYOUT BASE REPOSITORY TAG [CURL-OPTION...]: an OCI layout of one image into a registry, by the distribution specification's own steps.
set -eu
layout=$1 base=$2 repository=$3 tag=$4
shift 4
upload() { # FILE DIGEST
	at=$(curl -sfS "$@" -o /dev/null -D - -X POST "$base/v2/$repository/blobs/uploads/" | tr -d '\r' | sed -n 's/^[Ll]ocation: //p')
	case $at in /*) at=$base$at ;; *) ;; esac
	case $at in *\?*) at="$at&digest=$digest" ;; *) at="$at?digest=$digest" ;; esac
	curl -sfS "$@" -o /dev/null -X PUT -H 'Content-Type: application/octet-stream' --data-binary "@$file" "$at"
}
manifest=$(sed 's/.*"digest":"sha256:\([0-9a-f]*\)".*/\1/' "$layout/index.json")
for file in "$layout"/blobs/sha256/*; do
	digest=sha256:${file##*/}
	[ "$digest" = "sha256:$manifest" ] || upload "$@"
done
curl -sfS "$@" -o /dev/null -X PUT -H 'Content-Type: application/vnd.oci.image.manifest.v1+json' \
	--data-binary "@$layout/blobs/sha256/$manifest" "$base/v2/$repository/manifests/$tag"
printf 'sha256:%s\n' "$manifest"
