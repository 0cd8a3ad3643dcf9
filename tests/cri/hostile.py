#!/usr/bin/env python3
"""hostile.py NAME: a tar on standard output that wants out of its directory, or more than it should have."""
import io
import sys
import tarfile


def entry(name, kind=tarfile.REGTYPE, data=b"", **fields):
    info = tarfile.TarInfo(name)
    info.type = kind
    info.size = len(data)
    for key, value in fields.items():
        setattr(info, key, value)
    return info, io.BytesIO(data)


def many(count):
    for i in range(count):
        yield entry("f%d" % i)


def deep(levels):
    path = ""
    for _ in range(levels):
        path += "d/"
        yield entry(path, tarfile.DIRTYPE, mode=0o755)
    yield entry(path + "end", data=b"end")


MEDIA = entry("media", tarfile.DIRTYPE, mode=0o755)
TARS = {
    "dotdot": [entry("../../../../media/victim", data=b"got")],
    "absolute": [entry("/media/victim", data=b"got")],
    "symlink": [MEDIA, entry("out", tarfile.SYMTYPE, linkname="/media"), entry("out/victim", data=b"got")],
    "symlink-up": [MEDIA, entry("out", tarfile.SYMTYPE, linkname="../../../../../media"), entry("out/victim", data=b"got")],
    "symlink-chain": [
        MEDIA,
        entry("a", tarfile.SYMTYPE, linkname="b"),
        entry("b", tarfile.SYMTYPE, linkname="/media"),
        entry("a/victim", data=b"got"),
    ],
    "hardlink": [entry("got", tarfile.LNKTYPE, linkname="/media/victim")],
    "hardlink-up": [entry("got", tarfile.LNKTYPE, linkname="../../../../../../media/victim")],
    "whiteout-up": [entry("../../../../media/.wh.victim")],
    "whiteout-symlink": [MEDIA, entry("out", tarfile.SYMTYPE, linkname="/media"), entry("out/.wh.victim")],
    "opaque-symlink": [MEDIA, entry("out", tarfile.SYMTYPE, linkname="/media"), entry("out/.wh..wh..opq")],
    "whiteout-dot": [entry(".wh..")],
    "whiteout-dotdot": [entry("a/.wh...")],
    "whiteout-nothing": [entry(".wh.")],
    "forged-whiteout": [entry("w", tarfile.CHRTYPE, devmajor=0, devminor=0)],
    "forged-opaque": [
        entry("d", tarfile.DIRTYPE, mode=0o755, pax_headers={"SCHILY.xattr.trusted.overlay.opaque": "y"}),
        entry("r", tarfile.DIRTYPE, mode=0o755, pax_headers={"SCHILY.xattr.trusted.overlay.redirect": "/etc"}),
        entry("u", data=b"x", pax_headers={"SCHILY.xattr.user.kept": "yes"}),
    ],
    "root-file": [entry(".", data=b"x")],
    "file-as-directory": [entry("a", data=b"x"), entry("a/b", data=b"y")],
    "own-link": [entry("a", tarfile.LNKTYPE, linkname="a")],
    "owner": [entry("a", uid=2**32 - 1, gid=0)],
    "many": many(3000),
    "deep": deep(300),
    "long": [entry("/".join(["n" * 200] * 19), data=b"long")],
    "names": [entry("\udcff\udcfe\n\x1b[2J", data=b"x"), entry("ü", data=b"y"), entry("l", tarfile.SYMTYPE, linkname="ü/ß"), entry("h", tarfile.LNKTYPE, linkname="ü")],
    "device": [entry("dev/null", tarfile.CHRTYPE, devmajor=1, devminor=3, mode=0o666), entry("pipe", tarfile.FIFOTYPE)],
    "setuid": [
        entry(
            "s", data=b"x", mode=0o6755, uid=5, gid=6,
            pax_headers={"SCHILY.xattr.security.capability": b"\x01\x00\x00\x02\x00\x04\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00".decode("latin-1")},
        )
    ],
}

if sys.argv[1] == "list":
    print("\n".join(TARS))
else:
    with tarfile.open(fileobj=sys.stdout.buffer, mode="w|", format=tarfile.PAX_FORMAT, errors="surrogateescape") as out:
        for item, content in TARS[sys.argv[1]]:
            out.addfile(item, content)
