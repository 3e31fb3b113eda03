"""TensorFlow Datasets by name, read as ArrayRecord, without importing TensorFlow."""

import io
import re
from typing import Any

from inpaint_jax.data.folder import crop_to_box
from inpaint_jax.data.image_files import read_image
from inpaint_jax.errors import InputError


class Tfds:
    """A prepared TFDS set of images: celeb_a, cars196, places365_small, imagenet2012, svhn_cropped.

    The feature "label", if present, is the label. An image is cropped to the feature "bbox"
    (cars196). Ids consist of set, split and position.

    Args:
      name: ``set``, ``set/config`` or ``set:version``.
      split: split of the set, with TFDS slices: ``train``, ``train[:90%]``, ``train+validation``.
      data_dir: folder of the prepared set; None: TFDS's default (``TFDS_DATA_DIR`` or
        ``~/tensorflow_datasets``).

    Raises:
      InputError: an unknown set or split, or a set that is not prepared (the message gives the
        command that prepares it).
    """

    def __init__(self, name: str, *, split: str = "train", data_dir: str | None = None):
        import tensorflow_datasets as tfds

        try:
            builder: Any = tfds.builder(name, data_dir=data_dir)
        except (ValueError, AssertionError) as error:  # no such set, config or version
            raise InputError(f"unknown TFDS set {name!r}: {str(error).splitlines()[0]}") from error
        command = f"tfds build {name} --file_format=array_record" + (
            f" --data_dir={data_dir}" if data_dir else ""
        )
        if not (builder.data_path.exists() and builder.is_prepared()):
            raise InputError(
                f"{name} is not prepared in {data_dir or builder.data_path.parent.parent}; "
                f"run: pip install 'inpaint_jax[tensorflow]' && {command}"
            )
        features = builder.info.features
        if "image" not in features:
            known = ", ".join(features)
            raise InputError(f"TFDS set {name!r} has no feature 'image'; its features are {known}")
        # Decode the bytes like any other file, not with whichever library TFDS finds.
        decoders: Any = {"image": tfds.decode.SkipDecoding()}
        try:
            self._records = builder.as_data_source(split=split, decoders=decoders)
        except NotImplementedError as error:
            raise InputError(
                f"{name} in {builder.data_path} is stored as {builder.info.file_format}, without "
                f"random access; remove it or choose another data_dir, and run: {command}"
            ) from error
        except (ValueError, KeyError) as error:
            known = ", ".join(builder.info.splits)
            raise InputError(
                f"{name} has no split {split!r}; known: {known} (and slices such as train[:90%])"
            ) from error
        self._prefix = re.sub(r"[^A-Za-z0-9_.+-]+", "_", f"{builder.name}-{split}")

    def __len__(self) -> int:
        return len(self._records)

    def id(self, i: int) -> str:
        return f"{self._prefix}-{range(len(self))[i]:06d}"

    def __getitem__(self, i: int) -> dict:
        record, name = self._records[i], self.id(i)
        image = read_image(io.BytesIO(record["image"]), name=name)
        if "bbox" in record:
            height, width = image.shape[:2]
            top, left, bottom, right = (float(share) for share in record["bbox"])
            box = (
                round(left * width),
                round(top * height),
                round(right * width),
                round(bottom * height),
            )
            image = crop_to_box(image, box, name)
        example: dict = {"image": image, "id": name}
        # imagenet2012 labels its test images with -1
        if "label" in record and record["label"] >= 0:
            example["label"] = int(record["label"])
        return example
