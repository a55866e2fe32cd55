"""Image files made to take minutes to decode are refused before decoding; files of cameras are not."""

import io

import numpy as np
import pytest
from PIL import Image

from ml.preprocessing.decode_image import decode_image
from ml.preprocessing.image_limits import MAX_COSTLY_PIXELS, ImageError, has_too_many_passes, has_too_many_pieces
from tests.hostile import chunk, encoded, many_chunks, many_scans, png


def photo(side: int, form: str = "JPEG", **more: object) -> bytes:
    """Something with a line in it."""
    pixels = np.full((side, side), 240, np.uint8)
    pixels[side // 4 : side // 2, side // 3 : side // 3 + side // 20] = 20
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, form, **more)
    return out.getvalue()


@pytest.mark.parametrize("data", [many_scans(), *many_chunks()], ids=["passes", "segments", "chunks", "empty pixels"])
def test_a_decompression_bomb_is_refused_before_it_is_decoded(data: bytes) -> None:
    assert len(data) < 5_000_000
    with pytest.raises(ImageError) as refused:
        decode_image(data)
    assert refused.value.code == "invalid_image"


@pytest.mark.parametrize("side", [64, 1_000, 3_464])
def test_a_progressive_photo_is_read(side: int) -> None:
    assert max(decode_image(photo(side, progressive=True)).shape) == min(side, 640)


def test_a_progressive_photo_in_colours_of_twelve_megapixels_is_read() -> None:
    out = io.BytesIO()
    Image.new("RGB", (4_000, 3_000), "white").save(out, "JPEG", progressive=True)
    assert out.getvalue().count(b"\xff\xda") == 10
    assert decode_image(out.getvalue()).shape == (480, 640)


def test_an_image_with_a_colour_profile_and_comments_is_read() -> None:
    data = photo(64, icc_profile=b"\0" * 500_000, comment=b"x" * 60_000)
    assert not has_too_many_pieces(data)
    assert decode_image(data).shape == (64, 64)


def test_a_png_in_small_pieces_is_read() -> None:
    whole = photo(64, "PNG")
    assert not has_too_many_pieces(whole[:33] + b"".join([chunk(b"tEXt", b"a\0b")] * 900) + whole[33:])


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xd8", b"\xff\xd8\xff", b"\xff\xd8" + b"\xff" * 900_000, b"\x89PNG\r\n\x1a\n\xff\xff"]
)
def test_counting_the_pieces_of_a_truncated_file_ends(data: bytes) -> None:
    has_too_many_pieces(data)
    assert not has_too_many_passes(data, 1)


def test_formats_that_decode_slowly_may_have_fewer_pixels() -> None:
    side = int(MAX_COSTLY_PIXELS["WEBP"] ** 0.5) + 2
    with pytest.raises(ImageError) as refused:
        decode_image(encoded("WEBP", side))
    assert refused.value.code == "image_too_large"
    with pytest.raises(ImageError) as refused:
        decode_image(png(2_500, 2_500, b"", colour=4))
    assert refused.value.code == "image_too_large"
    assert decode_image(encoded("JPEG", side)).shape == (640, 640)
