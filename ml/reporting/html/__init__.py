"""A report on a bundle: one page that needs nothing else, and its pictures beside it.

`write_report` asks the bundle about labelled drawings and says what came of it: samples, learning curves,
accuracy by label and by writer, confusions, the most confident mistakes, calibration, and, beside
another version, who wins where. Without TensorFlow.
"""

from ml.reporting.html.write import PAGE, read_history, write_report

__all__ = ["PAGE", "read_history", "write_report"]
