"""The window's program of the field edition."""

import sys

from desktop_app.app import main

if __name__ == "__main__":
    sys.exit(main())
