"""State dicts from files: torch's two layouts, safetensors and numpy; and refused files."""

import io
import json
import os
import pickle
import tarfile
import zipfile

import numpy as np
import pytest

from inpaint_jax.errors import InputError
from inpaint_jax.runs.weights.importing import state_dict

LAYOUTS = pytest.mark.parametrize("zipped", [True, False], ids=["zip", "stream"])


def saved(path, content, zipped=True):
    torch = pytest.importorskip("torch")
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    return path


def assert_holds(path, tensors):
    """Check that the file's arrays equal these tensors, with half precision as float32."""
    held = state_dict.read(path)
    assert set(held) == set(tensors) and len(held) == len(tensors)
    for name, tensor in tensors.items():
        wanted = (
            tensor.detach().float() if tensor.dtype.itemsize == 2 else tensor.detach()
        ).numpy()
        assert held[name].dtype == wanted.dtype
        np.testing.assert_array_equal(held[name], wanted)


@LAYOUTS
def test_what_torch_saves(zipped, tmp_path):
    """A module's state dict with metadata, parameters, every type, and views of one storage."""
    torch = pytest.importorskip("torch")
    shared = torch.arange(24.0).reshape(4, 6)
    module = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.BatchNorm2d(4))
    tensors = dict(module.state_dict()) | {
        "parameter": torch.nn.Parameter(torch.ones(3)),
        "half": torch.tensor([1.5, -2]).half(),
        "bfloat": torch.tensor([1.5, -3e38]).bfloat16(),
        "double": torch.tensor([1e300], dtype=torch.float64),
        "byte": torch.tensor([255], dtype=torch.uint8),
        "bool": torch.tensor([True, False]),
        "transposed": shared.T,
        "slice": shared[1:3, ::2],
        "nothing": torch.zeros(0, 3),
    }
    assert_holds(saved(tmp_path / "weights.pth", tensors, zipped), tensors)
    assert_holds(saved(tmp_path / "module.pth", module.state_dict(), zipped), module.state_dict())


@LAYOUTS
def test_checkpoints(zipped, tmp_path):
    """A state dict beside an optimiser and losses, and the state dict of a wrapped network."""
    torch = pytest.importorskip("torch")
    module = torch.nn.Linear(2, 3)
    optimizer = torch.optim.Adam(module.parameters())
    module(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    its, beside = (
        module.state_dict(),
        {"optimizer_state_dict": optimizer.state_dict(), "loss": torch.ones(()), "n": 3},
    )
    for name in ("state_dict", "g_state_dict"):
        assert_holds(saved(tmp_path / "one.pth", {name: its, **beside}, zipped), its)
    wrapped = {f"module._orig_mod.{name}": tensor for name, tensor in its.items()}
    assert_holds(saved(tmp_path / "wrapped.pth", wrapped, zipped), its)
    assert_holds(saved(tmp_path / "two.pth", {"ema": wrapped, "state_dict": its}, zipped), its)
    with pytest.raises(
        InputError, match=r"holds several state dicts \(a, b\): save only one of them"
    ):
        state_dict.read(saved(tmp_path / "several.pth", {"a": its, "b": its}, zipped))
    with pytest.raises(InputError, match="holds no state dict: in torch, save model.state_dict"):
        state_dict.read(saved(tmp_path / "none.pth", {"epoch": 3}, zipped))
    with pytest.raises(InputError, match="holds no state dict but a list"):
        state_dict.read(saved(tmp_path / "list.pth", list(its.values()), zipped))


@LAYOUTS
@pytest.mark.filterwarnings("ignore")  # of torch, that saving modules is deprecated
def test_a_whole_module_is_refused(zipped, tmp_path):
    torch = pytest.importorskip("torch")
    with pytest.raises(
        InputError, match="needs torch.nn.modules.linear.Linear.*in torch, save model.state"
    ):
        state_dict.read(saved(tmp_path / "module.pth", torch.nn.Linear(2, 3), zipped))


@LAYOUTS
def test_a_file_that_was_cut_off(zipped, tmp_path):
    torch = pytest.importorskip("torch")
    whole = saved(tmp_path / "whole.pth", {"weight": torch.ones(1000)}, zipped).read_bytes()
    for size in (len(whole) - 100, 300, 10):
        (tmp_path / "cut.pth").write_bytes(whole[:size])
        with pytest.raises(InputError, match="cut.pth"):
            state_dict.read(tmp_path / "cut.pth")["weight"]


class Harmful:
    """An object that touches a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def as_archive(content):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("weights/data.pkl", content)
    return buffer.getvalue()


def as_stream(content):
    numbers = (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True})
    return b"".join(pickle.dumps(number, 2) for number in numbers) + content


@pytest.mark.parametrize("form", [as_archive, as_stream, bytes])
def test_a_harmful_pickle_does_nothing(form, tmp_path):
    harm = tmp_path / "harm"
    (tmp_path / "weights.pth").write_bytes(form(pickle.dumps({"weight": Harmful(harm)}, 2)))
    with pytest.raises(
        InputError,
        match="weights.pth is refused because reading it needs .*mkdir, unlike any state dict",
    ):
        state_dict.read(tmp_path / "weights.pth")
    assert not harm.exists()


@pytest.mark.parametrize(
    "program",
    [
        b"cbuiltins\neval\n(S'1'\ntR.",
        b"c__builtin__\ngetattr\n.",
        # a tensor of no storage
        b"ctorch._utils\n_rebuild_tensor_v2\n(S'x'\nI0\n(I9\nt(I1\ntI00\nNtR.",
        # a missing storage
        b"\x80\x02(U\x07storageq\x00ctorch\nFloatStorage\nU\x010U\x03cpuI3\nNtQ.",
        b"(dp0\nS'w'\nctorch._utils\n_rebuild_tensor_v2\n((U\x07storagectorch\nFloatStorage\nU\x010U\x03cpuI3\nNtQ"
        b"I2\n(I9\nt(I1\ntI00\nNtRs.",  # a view beyond its storage
        b"\x80\x02.",
        b"garbage",
    ],
)
@pytest.mark.parametrize("form", [as_archive, as_stream])
def test_pickles_that_are_no_state_dict(form, program, tmp_path):
    (tmp_path / "weights.pth").write_bytes(form(program))
    with pytest.raises(InputError, match="weights.pth"):
        state_dict.read(tmp_path / "weights.pth")


def safetensors(header, data, length=None):
    text = json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + data


def test_safetensors(tmp_path):
    """Bytes written by hand from the description of the format."""
    path = tmp_path / "weights.safetensors"
    header = {
        "__metadata__": {"format": "pt"},
        "module.a": {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]},
        "module.b": {"dtype": "BF16", "shape": [2], "data_offsets": [16, 20]},
        "module.c": {"dtype": "I64", "shape": [], "data_offsets": [20, 28]},
    }
    path.write_bytes(
        safetensors(
            header, np.arange(4, dtype="<f4").tobytes() + b"\x80\x3f\x00\xc0" + bytes([7] + [0] * 7)
        )
    )
    held = state_dict.read(path)
    np.testing.assert_array_equal(held["a"], [[0, 1], [2, 3]])
    np.testing.assert_array_equal(held["b"], np.array([1, -2], np.float32))
    assert held["b"].dtype == np.float32 and held["c"] == 7 and len(held) == 3


@pytest.mark.parametrize(
    "content",
    [
        safetensors({"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}, b"1234"),
        safetensors({"a": {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]}}, b"12345678"),
        safetensors({"a": {"dtype": "F32", "shape": [-1], "data_offsets": [4, 0]}}, b"12345678"),
        safetensors({"a": {"dtype": "F8_E4M3", "shape": [1], "data_offsets": [0, 1]}}, b"1"),
        safetensors({"a": {"dtype": "F32"}}, b""),
        safetensors({"a": 3}, b""),
        safetensors({}, b"", length=1 << 60),
        safetensors({"a": 3}, b"", length=5),
        (100_000).to_bytes(8, "little")
        + b'{"a":' * 20_000,  # deeper than a recursive reader reaches
    ],
)
def test_damaged_safetensors(content, tmp_path):
    (tmp_path / "weights.safetensors").write_bytes(content)
    with pytest.raises(
        InputError, match="weights.safetensors is damaged, or not a safetensors file"
    ):
        state_dict.read(tmp_path / "weights.safetensors")


def test_numpy(tmp_path):
    path = tmp_path / "weights.npz"
    np.savez(
        path,
        weight=np.ones((2, 3), np.float16),
        harmful=np.array(Harmful(tmp_path / "harm"), object),
    )
    held = state_dict.read(path)
    assert held["weight"].dtype == np.float32 and held["weight"].shape == (2, 3)
    with pytest.raises(InputError, match="harmful cannot be read"):
        held["harmful"]
    assert not (tmp_path / "harm").exists()


def test_other_files(tmp_path):
    with pytest.raises(
        InputError,
        match=r"nowhere.pth cannot be read \(No such file or directory\): give a .pth, .pt",
    ):
        state_dict.read(tmp_path / "nowhere.pth")
    (tmp_path / "image.pth").write_bytes(b"\x89PNG\r\n")
    with pytest.raises(InputError, match="image.pth has an unknown format: give a .pth"):
        state_dict.read(tmp_path / "image.pth")
    with tarfile.open(tmp_path / "old.pth", "w") as archive:
        archive.addfile(tarfile.TarInfo("sys_info"))
    with pytest.raises(
        InputError, match="old.pth was written by torch before 0.1.10, which is not supported"
    ):
        state_dict.read(tmp_path / "old.pth")
    with zipfile.ZipFile(tmp_path / "else.pth", "w") as archive:
        archive.writestr("word/document.xml", "")
    with pytest.raises(InputError, match="else.pth is an archive, but not one of torch or numpy"):
        state_dict.read(tmp_path / "else.pth")
