"""Takes the C library and its headers out of a tensorflow-cpu wheel.

usage: extract_tensorflow.py WHEEL OUT

OUT/lib/libtensorflow_cc.so.2, OUT/lib/libtensorflow_framework.so.2 and OUT/include/{tensorflow,tsl}/** are written.
Nothing of the wheel is installed or run.
"""

import pathlib
import shutil
import sys
import zipfile

LIBRARIES = ("libtensorflow_cc.so.2", "libtensorflow_framework.so.2")
HEADERS = ("tensorflow/include/tensorflow/", "tensorflow/include/tsl/")


def target(name: str) -> str | None:
    """Where a member of the wheel goes below OUT; None for what is not wanted."""
    if name.startswith(HEADERS) and name.endswith((".h", ".inc")):
        return name.removeprefix("tensorflow/")
    base = name.removeprefix("tensorflow/")
    return f"lib/{base}" if base in LIBRARIES else None


def main() -> None:
    wheel, out = sys.argv[1], pathlib.Path(sys.argv[2])
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.infolist():
            place = target(member.filename)
            if place is None:
                continue
            path = out / place
            path.parent.mkdir(parents=True, exist_ok=True)
            with archive.open(member) as source, path.open("wb") as sink:
                shutil.copyfileobj(source, sink, 1 << 20)
    missing = [name for name in LIBRARIES if not (out / "lib" / name).exists()]
    if missing:
        sys.exit(f"{wheel} does not hold {', '.join(missing)}")


if __name__ == "__main__":
    main()
