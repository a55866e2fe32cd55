"""Geometric figures behind drawn shapes: the circle, the corners, the axes that fit ink best."""
