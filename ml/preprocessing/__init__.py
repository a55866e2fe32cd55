"""Strokes or a picture become a raster."""
