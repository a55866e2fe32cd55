"""Decode an uploaded image file to a grey picture."""

from __future__ import annotations

import io
import warnings

import cv2
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from ml.preprocessing.image_limits import (
    MAX_COSTLY_PIXELS,
    MAX_IMAGE_BYTES,
    MAX_IMAGE_PIXELS,
    MAX_IMAGE_SIDE,
    ImageError,
    has_too_many_passes,
    has_too_many_pieces,
)

# Our own limit is far below the one that warns, but a warning must never be all that happens.
warnings.simplefilter("error", Image.DecompressionBombWarning)

IMAGE_FORMATS = ("PNG", "JPEG", "WEBP", "BMP")
WORKING_SIDE = 1_000  # pixels; pictures are reduced to it before anything is looked for
PAINTED_TONES = 0.005  # of the painted pixels of a transparent picture that make it more than one tone
_A_BOMB = "The image is made of far more pieces than a picture needs. Save it again."


def decode_image(data: bytes) -> np.ndarray:
    """Decode a PNG, JPEG, WebP or BMP file to grey as seen, uint8 (h, w).

    Of an animation the first frame, turned as its EXIF orientation says, what is transparent over
    white; large pictures are reduced to about 1,000 pixels a side. Raises ImageError `image_too_large`
    (over 5 MB, or 16 megapixels, of what takes long fewer: both looked at before decoding),
    `unsupported_image` (another format) or `invalid_image` (no picture, a broken one, or a bomb).
    """
    if len(data) > MAX_IMAGE_BYTES:
        raise ImageError(
            "image_too_large",
            f"The image has {len(data):,} bytes; at most {MAX_IMAGE_BYTES:,} are read. Save it smaller.",
        )
    with _open(data) as image:
        _check_size(image)
        if has_too_many_passes(data, image.width * image.height):
            raise ImageError("invalid_image", _A_BOMB)
        try:
            return _to_grey(_load(image))
        except Exception as error:  # the readers raise whatever broken bytes lead them to
            raise ImageError("invalid_image", "The image is broken or incomplete. Save it again.") from error


def _check_size(image: Image.Image) -> None:
    width, height = image.size
    kind = f"{image.format if image.format == 'WEBP' else ''} {'alpha' if image.has_transparency_data else ''}".strip()
    most = MAX_COSTLY_PIXELS.get(kind, MAX_IMAGE_PIXELS)
    if width * height > most or max(width, height) > MAX_IMAGE_SIDE:
        raise ImageError(
            "image_too_large",
            f"The image has {width} x {height} pixels; at most {most:,} are read, "
            f"and {MAX_IMAGE_SIDE:,} a side. Save it smaller.",
        )


def _open(data: bytes) -> Image.Image:
    if has_too_many_pieces(data):
        raise ImageError("invalid_image", _A_BOMB)
    try:
        return Image.open(io.BytesIO(data), formats=IMAGE_FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageError(
            "image_too_large", f"The image has more than {MAX_IMAGE_PIXELS:,} pixels. Save it smaller."
        ) from error
    except UnidentifiedImageError as error:
        if not _is_other_picture(data):
            raise ImageError("invalid_image", "This is not an image. Send a PNG, JPEG, WebP or BMP file.") from error
        raise ImageError(
            "unsupported_image", "This kind of image is not read. Send a PNG, JPEG, WebP or BMP file."
        ) from error
    except Exception as error:  # as above
        raise ImageError("invalid_image", "The image is broken or incomplete. Save it again.") from error


def _is_other_picture(data: bytes) -> bool:
    starts = (
        b"GIF8",
        b"II*\0",
        b"MM\0*",
        b"%PDF",
        b"<svg",
        b"<?xml",
        b"\0\0\1\0",
        b"8BPS",
        b"\0\0\0\x0cjP",
        b"\xff\x0a",
    )
    return data.startswith(starts) or data[4:8] == b"ftyp"  # the last: HEIC, AVIF and films


def _load(image: Image.Image) -> Image.Image:
    """Decode, in one of a few modes, reduced, upright. Reduced early: a worker is small, a picture may not be."""
    image.draft("RGB", (WORKING_SIDE, WORKING_SIDE))  # a large JPEG is decoded at a half, a quarter or an eighth
    image.load()
    if not _is_deep(image):
        image = image.convert("RGBA" if image.has_transparency_data else "L" if image.mode in ("1", "L") else "RGB")
    scale = WORKING_SIDE / max(image.size)
    if scale < 1 and not _is_deep(image):
        # Pillow averages colours by their alpha: the colour of a transparent pixel means nothing.
        image = image.resize(scaled_size(*image.size, scale), Image.Resampling.BOX)
    return ImageOps.exif_transpose(image)


def _is_deep(image: Image.Image) -> bool:
    return image.mode.startswith(("I", "F"))


def scaled_size(width: int, height: int, scale: float) -> tuple[int, int]:
    return max(1, round(width * scale)), max(1, round(height * scale))


def _to_grey(image: Image.Image) -> np.ndarray:
    pixels = np.asarray(image)
    if _is_deep(image):
        return shrink(_from_deep(pixels))
    if image.mode == "RGBA":
        return _flatten(pixels)
    return pixels if image.mode == "L" else _luminance(pixels)


def _from_deep(values: np.ndarray) -> np.ndarray:
    """Grey of 16 bits or more, to 8 bits."""
    full = 65_535 if values.max() > 255 else 255
    return (values.clip(0, full) // (full // 255)).astype(np.uint8)


def shrink(pixels: np.ndarray) -> np.ndarray:
    height, width = pixels.shape
    scale = WORKING_SIDE / max(height, width)
    if scale >= 1:
        return pixels
    return cv2.resize(pixels, scaled_size(width, height, scale), interpolation=cv2.INTER_AREA)


def _luminance(rgb: np.ndarray) -> np.ndarray:
    """Grey from colours; if that hides the ink (yellow on white), the channel that shows it best."""
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    ranges = [int(np.ptp(channel)) for channel in (grey, *cv2.split(rgb))]
    if ranges[0] >= 64 or max(ranges) < 2 * ranges[0]:
        return grey
    return np.ascontiguousarray(rgb[..., int(np.argmax(ranges[1:]))])


def _flatten(rgba: np.ndarray) -> np.ndarray:
    """Compose over white. Ink of one tone on nothing is black on white, whatever its colour is.

    A white line on a transparent canvas would be lost over white; but a photo with transparent
    corners is no line, and its own dark and light stay as they are.
    """
    alpha = rgba[..., 3]
    grey = cv2.cvtColor(rgba[..., :3], cv2.COLOR_RGB2GRAY)
    painted = grey[alpha >= 128]
    bare = 1 - painted.size / alpha.size
    if painted.size and bare > 0.25 and _is_one_tone(painted):
        return 255 - alpha
    share = alpha[..., np.newaxis].astype(np.float32) / 255
    return _luminance(np.rint(rgba[..., :3] * share + 255 * (1 - share)).astype(np.uint8))


def _is_one_tone(grey: np.ndarray) -> bool:
    off = np.abs(grey.astype(np.int16) - int(np.median(grey))) > 64
    return float(off.mean()) < PAINTED_TONES
