"""Covers of demo courses: quiet abstract pictures, drawn by Pillow, that go through the pipeline of uploads (C-1)."""

import random
from io import BytesIO

from PIL import Image, ImageDraw, ImageFilter

WIDTH, HEIGHT = 960, 540
PALETTES = {
    "programming": ("#13293d", "#1b98e0", "#e8f1f2"),
    "data": ("#0b3c49", "#16a085", "#f4f1de"),
    "design": ("#5f0f40", "#fb8b24", "#f7ede2"),
    "photography": ("#22223b", "#c9ada7", "#f2e9e4"),
    "business": ("#283618", "#dda15e", "#fefae0"),
    "music": ("#3c096c", "#ff9e00", "#f8edff"),
    "languages": ("#023047", "#ffb703", "#eaf4f4"),
}


def draw(category: str, number: int) -> bytes:
    """A JPEG; the same arguments give the same picture."""
    chance = random.Random(number)  # noqa: S311 - decides about shapes
    dark, accent, light = PALETTES[category]
    image = Image.new("RGB", (WIDTH, HEIGHT), dark)
    glow = Image.new("L", (WIDTH, HEIGHT), 0)
    x, y = chance.randrange(WIDTH), chance.randrange(HEIGHT)
    ImageDraw.Draw(glow).ellipse((x - 320, y - 320, x + 320, y + 320), fill=150)
    image.paste(Image.new("RGB", (WIDTH, HEIGHT), accent), mask=glow.filter(ImageFilter.GaussianBlur(90)))
    canvas = ImageDraw.Draw(image)
    for step in range(chance.randrange(5, 9)):
        left, radius = WIDTH * step // 8 + chance.randrange(40), chance.randrange(30, 110)
        top = HEIGHT - radius * 2 - chance.randrange(220)
        colour = light if step % 3 == 0 else accent
        if (number + step) % 2:
            canvas.ellipse((left, top, left + radius * 2, top + radius * 2), outline=colour, width=6)
        else:
            canvas.rounded_rectangle((left, top, left + radius, HEIGHT - 40), radius=18, fill=colour)
    file = BytesIO()
    image.save(file, "JPEG", quality=88)
    return file.getvalue()
