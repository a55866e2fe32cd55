"""Convert strokes or an image to the raster that a network sees."""
