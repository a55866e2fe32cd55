"""Reports on a bundle as an HTML page with its pictures: `write_report`. Needs Matplotlib, but no TensorFlow."""

from ml.reporting.html.write import PAGE, write_report
