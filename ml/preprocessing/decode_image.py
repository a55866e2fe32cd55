"""Decode an uploaded image file to a grey image."""

from __future__ import annotations

import io
import warnings

import cv2
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from ml.preprocessing.drawn_image import drawn_grey, is_one_tone, on_white, scaled_size
from ml.preprocessing.image_limits import MAX_IMAGE_PIXELS, ImageError, check_file, check_size

IMAGE_FORMATS = ("PNG", "JPEG", "WEBP", "BMP")
DRAWN_SIDE = 640  # pixels; drawn images are reduced to it, with their thin lines thickened before
WORKING_SIDE = 1_000  # pixels; larger images are reduced to it before ink is looked for
PNG_DEPTH = 24  # the byte of a PNG that says how many bits a channel has

# The first bytes of formats that we can name but do not read: GIF, TIFF, PDF, SVG, ICO, PSD, JPEG 2000 and JPEG XL.
OTHER_FORMATS = (
    b"GIF8", b"II*\0", b"MM\0*", b"%PDF", b"<svg", b"<?xml", b"\0\0\1\0", b"8BPS", b"\0\0\0\x0cjP", b"\xff\x0a",
)  # fmt: skip

BROKEN = "The image is broken or incomplete. Save it again."

# Pillow only warns at its own limit, which is far above ours. A warning must never be all that happens.
warnings.simplefilter("error", Image.DecompressionBombWarning)


def decode_image(data: bytes) -> np.ndarray:
    """Decode a PNG, JPEG, WebP or BMP file to a grey image as people see it: uint8 (h, w).

    Takes the first frame of an animation, turns the image as its EXIF orientation says, puts transparent images on
    white, and reduces large ones to about 1,000 pixels on the longer side, drawings on one flat background to 640.
    Raises ImageError `image_too_large` (more than 5 MB or 16 megapixels, less for some kinds; checked before decoding),
    `unsupported_image` (another format) or `invalid_image` (no image, a broken one, or one made to take long).
    """
    check_file(data)
    with _open(data) as image:
        check_size(image, data)
        try:
            return _to_grey(_load(image, data))
        except Exception as error:  # broken bytes make Pillow raise many kinds of exceptions
            raise ImageError("invalid_image", BROKEN) from error


def _open(data: bytes) -> Image.Image:
    try:
        return Image.open(io.BytesIO(data), formats=IMAGE_FORMATS)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageError(
            "image_too_large", f"The image has more than {MAX_IMAGE_PIXELS:,} pixels. Save it smaller."
        ) from error
    except UnidentifiedImageError as error:
        if data.startswith(OTHER_FORMATS) or data[4:8] == b"ftyp":  # "ftyp": HEIC, AVIF and videos
            raise ImageError(
                "unsupported_image", "This image format is not supported. Send a PNG, JPEG, WebP or BMP file."
            ) from error
        raise ImageError("invalid_image", "This is not an image. Send a PNG, JPEG, WebP or BMP file.") from error
    except Exception as error:  # see decode_image
        raise ImageError("invalid_image", BROKEN) from error


def _load(image: Image.Image, data: bytes) -> Image.Image:
    """Decode, convert to one of a few modes, reduce and turn upright. Reduces early, because that saves memory."""
    image.draft("RGB", (WORKING_SIDE, WORKING_SIDE))  # lets a large JPEG be decoded at a half, a quarter or an eighth
    image.load()
    if _has_16_bit_colours(image, data) and np.max(image.getextrema()[:3]) < 64:
        image = _stretch_colours(image, data)
    if not _is_deep(image):
        image = image.convert("RGBA" if image.has_transparency_data else "L" if image.mode in ("1", "L") else "RGB")
    if not _is_deep(image) and (grey := drawn_grey(np.asarray(image), DRAWN_SIDE)) is not None:
        orientation = image.getexif()
        image = Image.fromarray(grey)
        image.getexif().update(orientation)
        return ImageOps.exif_transpose(image)
    scale = WORKING_SIDE / max(image.size)
    if scale < 1 and not _is_deep(image):
        # Pillow weights colours by their alpha, so the hidden colour of transparent pixels does not leak in.
        image = image.resize(scaled_size(*image.size, scale), Image.Resampling.BOX)
    return ImageOps.exif_transpose(image)


def _is_deep(image: Image.Image) -> bool:
    """Whether the image has more than 8 bits per pixel and channel (Pillow's modes I, I;16 and F)."""
    return image.mode.startswith(("I", "F"))


def _has_16_bit_colours(image: Image.Image, data: bytes) -> bool:
    """Whether a PNG has 16 bits per channel and several channels, of which Pillow reads the upper 8 bits."""
    return image.format == "PNG" and data[PNG_DEPTH] == 16 and len(image.getbands()) > 1


def _stretch_colours(image: Image.Image, data: bytes) -> Image.Image:
    """A PNG with 16-bit colours that use at most 14 bits: RGB or RGBA with the used bits. Closes `image`."""
    image.close()  # before it is decoded again, because that saves memory
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)  # uint16 (h, w, 3 or 4): BGR, alpha
    if pixels is None:
        raise ValueError("OpenCV cannot read it.")
    colours, alpha = pixels[..., :3], pixels[..., 3:]
    np.right_shift(colours, _used_bits(int(colours.max())) - 8, out=colours)
    np.right_shift(alpha, 8, out=alpha)  # it uses all bits
    order = [2, 1, 0, 3][: pixels.shape[2]]
    stretched = Image.fromarray(pixels.astype(np.uint8)[..., order])
    stretched.info = {name: value for name, value in image.info.items() if name != "transparency"}  # the orientation
    return stretched


def _used_bits(highest: int) -> int:
    """How many bits of a 16-bit image are used: cameras and scanners store 8, 10, 12 or 14 bits in it."""
    return next((bits for bits in (8, 10, 12, 14) if highest < 2**bits), 16)


def _to_grey(image: Image.Image) -> np.ndarray:
    pixels = np.asarray(image)
    if _is_deep(image):
        full = 2 ** _used_bits(int(pixels.max())) - 1
        grey = (pixels.clip(0, full).astype(np.float32) * (255 / full)).astype(np.uint8)
        drawn = drawn_grey(grey, DRAWN_SIDE)
        return shrink(grey) if drawn is None else drawn
    if image.mode == "RGBA":
        return _flatten(pixels)
    return pixels if image.mode == "L" else _luminance(pixels)


def shrink(pixels: np.ndarray, side: int = WORKING_SIDE) -> np.ndarray:
    """The image, uint8 (h, w), reduced so that its longer side has at most `side` pixels; small ones as they are."""
    height, width = pixels.shape
    scale = side / max(height, width)
    if scale >= 1:
        return pixels
    return cv2.resize(pixels, scaled_size(width, height, scale), interpolation=cv2.INTER_AREA)


def _luminance(rgb: np.ndarray) -> np.ndarray:
    """Grey (h, w) from colours (h, w, 3). Yellow on white is lost in grey; then the best of the three channels."""
    grey = cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)
    contrasts = [int(np.ptp(channel)) for channel in (grey, *cv2.split(rgb))]  # grey levels from darkest to lightest
    if contrasts[0] >= 64 or max(contrasts) < 2 * contrasts[0]:
        return grey
    return np.ascontiguousarray(rgb[..., int(np.argmax(contrasts[1:]))])


def _flatten(rgba: np.ndarray) -> np.ndarray:
    """Put a transparent image (h, w, 4) on white. A drawing in one tone becomes black on white, whatever its colour.

    White lines on a transparent canvas would disappear on white. A photo with transparent corners has many tones and
    keeps them.
    """
    transparent_share = 1 - float((rgba[..., 3] >= 128).mean())
    if transparent_share > 0.25 and is_one_tone(rgba):
        return 255 - rgba[..., 3]
    return _luminance(on_white(rgba))
