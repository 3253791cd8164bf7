"""Writes src/test/resources/image: small pictures, and what Pillow and transformers make of them.

    pip install pillow==13.0.0 numpy==2.4.6 transformers==5.23.0 torch==2.7.1 torchvision==0.22.1
    python make_image_reference.py PHOTOS OUT

PHOTOS holds astronaut.jpg, chelsea.jpg, coffee.jpg and rocket.jpg of scikit-image (public domain or CC0).
Deterministic: the same versions write the same bytes. Everything is read back from the written files, so the
tables hold for those, not for what went into them.

    photos/*.png        pictures of odd sizes: noise, gradients, pieces of the photographs
    resize.tsv          picture, width, height, SHA-256 of Pillow's bicubic RGB bytes
    nearest.tsv         width, height (a pattern both sides can make), new width, height, SHA-256
    smart_resize.tsv    width, height, min_pixels, max_pixels, resized width, height
    pixels.tsv          picture, min_pixels, max_pixels, grid rows, columns, SHA-256 of the float32 pixel_values
    formats/*           one small file for each format and variant
    formats.tsv         file, width, height, allowed mean difference, SHA-256 of Pillow's upright RGB bytes
    formats/*.rgb.png   Pillow's pixels where the allowed difference is not 0
"""

import hashlib
import io
import math
import struct
import sys
import textwrap
import zlib
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps, PngImagePlugin
from transformers.models.qwen2_vl.image_processing_pil_qwen2_vl import Qwen2VLImageProcessorPil, smart_resize

PHOTOS, OUT = Path(sys.argv[1]), Path(sys.argv[2])
FORMATS = OUT / "formats"
rng = np.random.default_rng(20240607)


def sha(data):
    return hashlib.sha256(data).hexdigest()


def table(name, header, rows):
    lines = ["\t".join(header)] + ["\t".join(str(cell) for cell in row) for row in rows]
    (OUT / name).write_text("\n".join(lines) + "\n")


def piece(photo, box, size):
    with Image.open(PHOTOS / photo) as image:
        return image.convert("RGB").crop(box).resize(size, Image.Resampling.LANCZOS)


def pictures():
    (OUT / "photos").mkdir(parents=True, exist_ok=True)
    y, x = np.mgrid[0:97, 0:131]
    gradient = np.stack([x * 255 / 130, y * 255 / 96, (x + y) * 255 / 226], -1).astype(np.uint8)
    made = {
        "noise": Image.fromarray(rng.integers(0, 256, (61, 83, 3), dtype=np.uint8)),
        "gradient": Image.fromarray(gradient),
        "edges": Image.fromarray(np.where(rng.random((1, 211, 1)) < 0.5, 0, 255).astype(np.uint8).repeat(3, 2).repeat(17, 0)),
        "astronaut": piece("astronaut.jpg", (150, 0, 350, 200), (101, 103)),
        "chelsea": piece("chelsea.jpg", (60, 20, 410, 270), (127, 89)),
        "rocket": piece("rocket.jpg", (200, 20, 420, 400), (59, 113)),
    }
    for name, image in made.items():
        image.save(OUT / "photos" / f"{name}.png", optimize=True)
    return {name: Image.open(OUT / "photos" / f"{name}.png").convert("RGB") for name in made}


def resizes(images):
    rows = []
    for name, image in images.items():
        w, h = image.size
        sizes = [(28, 28), (56, 84), (w, 196), (224, h), (w, h), (448, 392), (7, 3), (w - 2, h // 2), (w // 2, h // 5), (1, 1), (1, 300), (300, 1), (w + 1, h - 1), (640, 28)]
        rows += [(name, a, b, sha(image.resize((a, b), Image.Resampling.BICUBIC).tobytes())) for a, b in sizes]
    table("resize.tsv", ["picture", "width", "height", "sha256"], rows)


def pattern(w, h):
    """Bytes that the test makes again: 32-bit overflowing arithmetic on the position."""
    i = np.arange(3 * w * h, dtype=np.uint64)
    return Image.frombytes("RGB", (w, h), ((i * 2654435761 % 2**32) >> 24).astype(np.uint8).tobytes())


def nearest():
    rows = []
    for w, h in [(513, 512), (512, 512), (640, 480), (1023, 767), (1999, 301), (333, 4001), (3000, 2000), (1601, 1201), (7000, 40), (1, 300000), (812, 811)]:
        image = pattern(w, h)
        if w * h > 512 * 512:
            s = math.sqrt(512 * 512 / (w * h))
            size = int(w * s), int(h * s)
            image = image.resize(size, Image.Resampling.NEAREST) if min(size) else None
        rows.append((w, h, *(image.size + (sha(image.tobytes()),) if image else (0, 0, "-"))))
    table("nearest.tsv", ["width", "height", "new_width", "new_height", "sha256"], rows)


def smart_resizes():
    rows = []
    for low, high in [(56 * 56, 28 * 28 * 1280), (200704, 401408), (50176, 100352), (4 * 784, 16384 * 784), (784, 784)]:
        sides = [1, 5, 14, 27, 28, 42, 70, 98, 126, 200, 201, 333, 448, 512, 768, 1001, 1920, 4000, 30000]
        sizes = [(w, h) for w in sides for h in sides] + [tuple(map(int, rng.integers(1, 5000, 2))) for _ in range(60)]
        for w, h in sizes:
            try:
                b, a = smart_resize(h, w, 28, low, high)
            except ValueError:
                a = b = 0  # too narrow
            rows.append((w, h, low, high, a, b))
    table("smart_resize.tsv", ["width", "height", "min_pixels", "max_pixels", "new_width", "new_height"], rows)


def pixels(images):
    rows = []
    for name in ["noise", "gradient", "astronaut", "chelsea", "rocket"]:
        for low, high in [(3136, 12544), (50176, 100352)]:
            processor = Qwen2VLImageProcessorPil(min_pixels=low, max_pixels=high)
            out = processor(images[name], return_tensors="np")
            values = np.ascontiguousarray(out["pixel_values"].astype("<f4"))
            _, grid_rows, grid_columns = out["image_grid_thw"][0]
            rows.append((name, low, high, grid_rows, grid_columns, sha(values.tobytes())))
    table("pixels.tsv", ["picture", "min_pixels", "max_pixels", "grid_rows", "grid_columns", "sha256"], rows)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def raw_png(w, h, depth, color, rows, palette=None):
    """A PNG of a kind that Pillow does not write; rows are packed samples without filter bytes."""
    body = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    plte = chunk(b"PLTE", palette) if palette else b""
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, depth, color, 0, 0, 0)) + plte + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def formats():
    FORMATS.mkdir(parents=True, exist_ok=True)
    rgb = piece("coffee.jpg", (100, 50, 500, 350), (45, 33))
    rgb.info.clear()
    grey = rgb.convert("L")
    alpha = Image.fromarray(rng.integers(0, 256, (33, 45), dtype=np.uint8))
    rgba = rgb.copy()
    rgba.putalpha(alpha)
    la = grey.copy()
    la.putalpha(alpha)
    palette = rgb.quantize(50)
    palette.info.clear()
    bilevel = rgb.convert("1")
    cmyk = Image.merge("CMYK", [*rgb.split(), grey.point(lambda v: v // 2)])
    wide = rng.integers(0, 65536, (9, 13, 3), dtype=np.uint16)
    rows = []

    def keep(name, data, tolerance=0.0, expected=None):
        (FORMATS / name).write_bytes(data)
        if expected is None:
            expected = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
        if tolerance:
            expected.save(FORMATS / f"{name}.rgb.png", optimize=True)
        rows.append((name, *expected.size, tolerance, sha(expected.tobytes())))

    def save(name, image, tolerance=0.0, **options):
        stream = io.BytesIO()
        image.save(stream, name.rsplit(".")[-1].upper().replace("JPG", "JPEG").replace("TIF", "TIFF"), **options)
        keep(name, stream.getvalue(), tolerance)

    save("rgb.png", rgb)
    save("rgba.png", rgba)
    save("grey.png", grey)
    save("grey-alpha.png", la)
    save("palette.png", palette)
    save("palette-transparency.png", palette, transparency=3)
    save("bilevel.png", bilevel)
    save("rgb-transparency.png", rgb, transparency=(10, 20, 30))
    keep("rgb16.png", raw_png(13, 9, 16, 2, [row.astype(">u2").tobytes() for row in wide]))
    high = Image.fromarray((wide[:, :, 0] >> 8).astype(np.uint8)).convert("RGB")  # Pillow would clip: see ImageDecoder
    keep("grey16.png", raw_png(13, 9, 16, 0, [row[:, 0].astype(">u2").tobytes() for row in wide]), expected=high)
    keep("grey-alpha16.png", raw_png(6, 9, 16, 4, [row[:6, :2].astype(">u2").tobytes() for row in wide]))
    for depth in 2, 4:
        packed = [rng.integers(0, 256, (13 * depth + 7) // 8, dtype=np.uint8).tobytes() for _ in range(9)]
        keep(f"grey{depth}.png", raw_png(13, 9, depth, 0, packed))
        keep(f"palette{depth}.png", raw_png(13, 9, depth, 3, packed, bytes(range(3 << depth))))
    # Adam7 is not written by Pillow: a flat picture needs no reordering of its pixels beyond the seven passes.
    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    pixels_ = np.asarray(rgb)
    body = b"".join(b"\0" + line.tobytes() for x, y, dx, dy in passes for line in pixels_[y::dy, x::dx])
    ihdr = struct.pack(">IIBBBBB", *rgb.size, 8, 2, 0, 0, 1)
    keep("interlaced.png", b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", ihdr) + chunk(b"IDAT", zlib.compress(body, 9)) + chunk(b"IEND", b""))

    for name, sampling in [("444", "4:4:4"), ("422", "4:2:2"), ("420", "4:2:0")]:
        save(f"{name}.jpg", rgb, 1.0, quality=85, subsampling=sampling)
    save("progressive.jpg", rgb, 1.0, quality=85, progressive=True)
    save("restarts.jpg", rgb, 1.0, quality=85, restart_marker_blocks=1)
    save("grey.jpg", grey, 1.0, quality=85)
    save("rgb-components.jpg", rgb, 1.0, quality=90, keep_rgb=True)
    save("cmyk.jpg", cmyk, 3.0, quality=90)
    stream = io.BytesIO()
    Image.merge("CMYK", [*rgb.convert("YCbCr").split(), grey]).save(stream, "JPEG", quality=90)
    ycck = bytearray(stream.getvalue())
    at = ycck.index(b"Adobe")
    ycck[at + 11] = 2  # the same data, now declared YCCK
    keep("ycck.jpg", bytes(ycck), 3.0)
    save("icc-broken.jpg", rgb, 1.0, quality=85, icc_profile=b"no profile at all")
    for value in range(1, 9):
        exif = Image.Exif()
        exif[0x0112] = value
        save(f"orientation-{value}.jpg", rgb, 1.0, quality=85, exif=exif)
    save("orientation-6.png", rgb, exif=exif_of(6))
    save("orientation-8.webp", rgb, lossless=True, exif=exif_of(8))
    save("orientation-5.tif", rgb, tiffinfo={0x0112: 5})
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
    save("orientation-xmp-6.jpg", rgb, 1.0, quality=85, xmp=xmp)

    save("lossless.webp", rgb, lossless=True)
    save("lossless-alpha.webp", rgba, lossless=True, exact=True)
    save("lossless-palette.webp", palette.convert("RGB"), lossless=True)
    save("lossy.webp", rgb, quality=80)
    save("lossy-alpha.webp", rgba, quality=80)
    save("lossy-low.webp", rgb, quality=20)
    # Errors of prediction add up along a picture's rows: a small one would hide them.
    for method in 0, 4:
        save(f"lossy-large-{method}.webp", piece("chelsea.jpg", (0, 0, 451, 300), (451, 300)), quality=40, method=method)
    save("lossy-grey.webp", grey, quality=80)
    save("lossy-solid.webp", Image.new("RGB", (64, 64), (9, 99, 199)), quality=100)
    save("lossless-solid.webp", Image.new("RGB", (64, 64), (9, 99, 199)), lossless=True, quality=100, method=6)

    save("palette.gif", palette, interlace=False)
    save("interlaced.gif", palette, interlace=True)
    save("grey.gif", grey)
    frames = [Image.new("P", (20, 15), n) for n in range(3)]
    for frame in frames:
        frame.putpalette(bytes(rng.integers(0, 256, 768, dtype=np.uint8)))
    save("animated.gif", frames[0], save_all=True, append_images=frames[1:], duration=50)
    gif = (FORMATS / "palette.gif").read_bytes()
    for name, control in [("offset", b""), ("offset-transparent", b"!\xf9\x04\x01\x00\x00\x07\x00")]:
        table_end = 13 + (6 << (gif[10] & 7))
        comma = table_end + (8 if gif[table_end:table_end + 2] == b"!\xf9" else 0)
        screen = gif[:6] + struct.pack("<HH", 60, 50) + gif[10:table_end] + control
        keep(f"{name}.gif", screen + b"," + struct.pack("<HH", 7, 11) + gif[comma + 5:])

    # as ImageMagick writes EXIF: hex digits in a text chunk
    exif = exif_of(6).tobytes()
    raw = "\nexif\n%8d\n" % len(exif) + "\n".join(textwrap.wrap(exif.hex(), 72)) + "\n"
    for name, packed in ("orientation-text-6.png", False), ("orientation-packed-6.png", True):
        info = PngImagePlugin.PngInfo()
        info.add_text("Raw profile type exif", raw, zip=packed)
        save(name, rgb, pnginfo=info)
    xmp = '<x:xmpmeta><rdf:Description tiff:Orientation="3"/></x:xmpmeta>'
    info = PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", xmp, zip=True)
    save("orientation-xmp-packed-3.png", rgb, pnginfo=info)

    save("rgb.bmp", rgb)
    save("grey.bmp", grey)
    save("palette.bmp", palette)
    save("bilevel.bmp", bilevel)
    save("rgba.bmp", rgba)
    bmp(keep)

    for compression in "raw", "tiff_lzw", "tiff_adobe_deflate", "packbits":
        save(f"{compression.replace('_', '-')}.tif", rgb, compression=compression)
    save("jpeg.tif", rgb, 2.0, compression="jpeg")
    save("ignored-predictor.tif", rgb, compression="packbits", tiffinfo={317: 2})
    for name, bits in ("multiplied", 8), ("multiplied16", 16):
        multiplied_tiff(keep, name, bits)
    save("grey.tif", grey)
    save("grey-alpha.tif", la)
    save("rgba.tif", rgba)
    save("palette.tif", palette)
    save("bilevel.tif", bilevel)
    save("cmyk.tif", cmyk)
    save("predictor.tif", rgb, compression="tiff_lzw", tiffinfo={317: 2})
    save("group3.tif", bilevel, compression="group3")
    save("group4.tif", bilevel, compression="group4")
    save("strips.tif", rgb, compression="tiff_lzw", tiffinfo={278: 8})
    save("pages.tif", rgb, save_all=True, append_images=[grey])
    big_endian(keep, rgb)
    table("formats.tsv", ["file", "width", "height", "mean_difference", "sha256"], rows)


def exif_of(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def bmp(keep):
    """The kinds that Pillow reads but does not write."""
    w, h = 13, 9

    def header(bits, compression, size, height=h, masks=b"", palette=b""):
        offset = 54 + len(masks) + len(palette)
        info = struct.pack("<IiiHHIIiiII", 40, w, height, 1, bits, compression, size, 0, 0, len(palette) // 4, 0)
        return b"BM" + struct.pack("<IHHI", offset + size, 0, 0, offset) + info + masks + palette

    words = rng.integers(0, 65536, (h, 14), dtype=np.uint16)
    words[:, 13] = 0
    keep("rgb555.bmp", header(16, 0, 28 * h) + words.astype("<u2").tobytes())
    keep("rgb565.bmp", header(16, 3, 28 * h, masks=struct.pack("<III", 0xF800, 0x7E0, 0x1F)) + words.astype("<u2").tobytes())
    longs = rng.integers(0, 2**32, (h, w), dtype=np.uint32)
    keep("masks32.bmp", header(32, 3, 4 * w * h, masks=struct.pack("<III", 0xFF0000, 0xFF00, 0xFF)) + longs.astype("<u4").tobytes())
    keep("top-down.bmp", header(32, 0, 4 * w * h, height=-h) + longs.astype("<u4").tobytes())
    colors = bytes(rng.integers(0, 256, 1024, dtype=np.uint8))
    rle = b"".join(bytes([5, 10 + y, 0, 3, 1, 2, 3, 0, 5, 77, 0, 0]) for y in range(h)) + b"\0\1"
    keep("rle8.bmp", header(8, 1, len(rle), palette=colors) + rle)
    rle = b"".join(bytes([5, 0x1A, 0, 3, 0x12, 0x30, 5, 0x70 + y, 0, 0]) for y in range(h)) + b"\0\1"
    keep("rle4.bmp", header(4, 2, len(rle), palette=colors[:64]) + rle)
    keep("no-masks32.bmp", header(32, 3, 4 * w * h, masks=bytes(12)) + longs.astype("<u4").tobytes())
    indices = longs.astype("<u4").tobytes()[: 16 * h]
    whole = bytearray(header(8, 0, len(indices), palette=colors) + indices)
    for name, offset in ("palette-offset.bmp", 54), ("no-offset.bmp", 0):
        whole[10:14] = struct.pack("<I", offset)
        keep(name, bytes(whole))
    core = struct.pack("<IHHHH", 12, w, h, 1, 24)
    rows = rng.integers(0, 256, (h, 40), dtype=np.uint8).tobytes()
    keep("core.bmp", b"BM" + struct.pack("<IHHI", 26 + len(rows), 0, 0, 26) + core + rows)


def multiplied_tiff(keep, name, bits):
    """Four samples, the last an alpha that the others are multiplied by."""
    w, h = 13, 9
    samples = np.random.default_rng(bits).integers(0, 1 << bits, (h, w, 4), dtype=np.uint16)
    samples[0, 0, 3] = 0
    data = samples.astype("<u2" if bits == 16 else "u1").tobytes()
    at = 8 + len(data) + len(data) % 2
    bits_at = at + 2 + 12 * 10 + 4
    entries = [(256, 4, 1, w), (257, 4, 1, h), (258, 3, 4, bits_at), (259, 3, 1, 1), (262, 3, 1, 2), (273, 4, 1, 8),
               (277, 3, 1, 4), (278, 4, 1, h), (279, 4, 1, len(data)), (338, 3, 1, 1)]
    directory = struct.pack("<H", len(entries)) + b"".join(struct.pack("<HHII", *e) for e in entries) + bytes(4)
    file = b"II*\0" + struct.pack("<I", at) + data + bytes(len(data) % 2) + directory + struct.pack("<4H", *[bits] * 4)
    keep(f"{name}.tif", file)


def big_endian(keep, rgb):
    """Motorola byte order, planar and tiled: what scanners write and Pillow does not."""
    w, h = rgb.size
    samples = np.asarray(rgb)

    def tiff(pieces, tags, bits):
        data = b"".join(pieces)
        starts = np.cumsum([8] + [len(piece) for piece in pieces[:-1]])
        offsets, lengths = tags
        entries = [(256, 4, [w]), (257, 4, [h]), (258, 3, [bits] * 3), (259, 3, [1]), (262, 3, [2]), (277, 3, [3]), *offsets_of(offsets, lengths, starts, pieces)]
        return assemble(data, entries)

    def offsets_of(offsets, lengths, starts, pieces):
        extra = [(322, 4, [16]), (323, 4, [16])] if offsets == 324 else [(278, 4, [h]), (284, 3, [2 if len(pieces) == 3 else 1])]
        return [(offsets, 4, list(map(int, starts))), (lengths, 4, [len(piece) for piece in pieces]), *extra]

    def assemble(data, entries):
        entries.sort()
        at = 8 + len(data)
        extra_at, directory, extra = at + 2 + 12 * len(entries) + 4, b"", b""
        for tag, kind, values in entries:
            packed = struct.pack(f">{len(values)}{'H' if kind == 3 else 'I'}", *values)
            if len(packed) > 4:
                directory += struct.pack(">HHII", tag, kind, len(values), extra_at + len(extra))
                extra += packed
            else:
                directory += struct.pack(">HHI", tag, kind, len(values)) + packed.ljust(4, b"\0")
        return b"MM\0*" + struct.pack(">I", at) + data + struct.pack(">H", len(entries)) + directory + b"\0\0\0\0" + extra

    keep("planar.tif", tiff([samples[:, :, c].tobytes() for c in range(3)], (273, 279), 8))
    padded = np.pad(samples, ((0, -h % 16), (0, -w % 16), (0, 0)))
    tiles = [padded[y:y + 16, x:x + 16].tobytes() for y in range(0, h, 16) for x in range(0, w, 16)]
    keep("tiled.tif", tiff(tiles, (324, 325), 8))
    keep("rgb16.tif", tiff([(samples.astype(">u2") * 257).tobytes()], (273, 279), 16))


if __name__ == "__main__":
    images_ = pictures()
    resizes(images_)
    nearest()
    smart_resizes()
    pixels(images_)
    formats()
