"""`python -m ml --help`."""

import sys

from ml.commands.main import main

if __name__ == "__main__":
    sys.exit(main())
