"""One model version as files: manifest, verification, LiteRT predictor, export."""
